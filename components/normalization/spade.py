"""SPADE: a map of labels decides scale and shift at each position."""

from typing import Annotated, Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Count, Dims, InChannels, Inferred, PositiveFloat, example

NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}


@component(
    id="norm_spade",
    kind="layer",
    family="Feature normalization",
    name="SPADE (spatially-adaptive normalization)",
    name_zh="空间自适应归一化 SPADE",
    help_zh="标准化后，由语义标签图经卷积得到每个位置的缩放与平移；用于按标签图生成图像。",
    source="Park et al., Semantic Image Synthesis with Spatially-Adaptive Normalization, arXiv 1903.07291",
    keywords="gaugan semantic image synthesis segmentation conditional 语义 图像生成 条件",
    examples=(
        example(x=(2, 3, 8, 6), seg=(2, 5, 4, 3), hidden_size=7),
        example(x=(2, 4, 5, 7), seg=(2, 3, 5, 7), hidden_size=6, kernel_size=1, norm="instance"),
    ),
)
class Spade(nn.Module):
    r"""Standardises each channel, then scales and shifts each position as a map of labels says.

    $$y = (1 + \gamma(s)) \odot \mathrm{norm}(x) + \beta(s), \quad
    \gamma, \beta = \mathrm{conv}(\mathrm{ReLU}(\mathrm{conv}(s)))$$

    Args:
        num_features: channels C of x.
        label_channels: channels K of the map, one for each label.
        hidden_size: channels between the two convolutions.
        kernel_size: extent of the filters, odd, in pixels.
        norm: ``batch`` or ``instance``: how x is standardised, without weights of its own.
        eps: added to the variance, against division by zero.

    Shape:
        x: (B, C, H, W).
        seg: (B, K, h, w), brought to (H, W) by the nearest neighbour.
        y: (B, C, H, W).

    Raises:
        ValueError: an even kernel_size.

    Source: Park et al., arXiv 1903.07291, equations 1 to 3; 1 is added to gamma as in the authors' programs.
    """

    def __init__(
        self,
        num_features: InChannels,
        label_channels: Annotated[int, Field(ge=1), Inferred("seg", axis=1)],
        hidden_size: Count = 128,
        kernel_size: Count = 3,
        norm: Literal["batch", "instance"] = "batch",
        eps: PositiveFloat = 1e-5,
    ) -> None:
        super().__init__()
        require(kernel_size % 2 == 1, "norm_spade", "kernel_size", ("odd", "奇数"), kernel_size)
        self.norm = NORMS[norm](num_features, eps=eps, affine=False)
        self.shared = nn.Conv2d(label_channels, hidden_size, kernel_size, padding="same")
        self.gamma = nn.Conv2d(hidden_size, num_features, kernel_size, padding="same")
        self.beta = nn.Conv2d(hidden_size, num_features, kernel_size, padding="same")

    def forward(
        self, x: Annotated[Tensor, Dims("B C H W")], seg: Annotated[Tensor, Dims("B K h w")]
    ) -> Annotated[Tensor, Dims("B C H W")]:
        hidden = self.shared(F.interpolate(seg, x.shape[2:])).relu()
        return self.norm(x) * (1 + self.gamma(hidden)) + self.beta(hidden)

"""Local importance pooling: a small network says how much each sample of a window counts."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.pooling._nd import check_window, weighted_pool
from components.registry import component
from components.spec import Dims, InChannels, NonNegativeSize, PositiveFloat, Size, SpatialDims, example

PROJECTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORMS = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


@component(
    id="pool_lip",
    kind="layer",
    family="Pooling",
    name="Local importance pooling (LIP)",
    name_zh="局部重要性池化",
    help_zh="由可学习的小网络给出每个位置的重要性，再在窗口内加权平均。",
    source="Gao et al., LIP: Local Importance-based Pooling, arXiv 1908.04156",
    keywords="lip learned attention importance downsample 可学习 加权 下采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), kernel_size=2, padding=0),
        example(x=(2, 3, 7, 10), scale=4.0),
        example(x=(1, 2, 6, 7, 9), kernel_size=(3, 2, 4), stride=(2, 1, 3), padding=(1, 0, 2)),
    ),
)
class LocalImportancePooling(nn.Module):
    r"""Averages each window with learned weights, channel by channel.

    $$y(p) = \frac{\sum_t e^{g(x)(s p + t)}\, x(s p + t)}{\sum_t e^{g(x)(s p + t)}}, \quad
    g(x) = a\, \sigma(\mathrm{InstanceNorm}(W x))$$

    Args:
        in_channels: channels of the input.
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: borders that weigh nothing, in samples; at most half of the window.
        scale: greatest logit a; a weight is at most exp(a) times another one.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size + 2 padding - kernel_size) / stride + 1).

    Raises:
        ValueError: padding of more than half of the window.

    Source: Gao et al., arXiv 1908.04156, with its projection form of the logit network, a 1x1 convolution.
    """

    def __init__(
        self,
        in_channels: InChannels,
        kernel_size: Size = 3,
        stride: Size | None = 2,
        padding: NonNegativeSize = 1,
        scale: PositiveFloat = 12.0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_lip", dims, kernel_size=kernel_size, stride=stride, padding=padding)
        self.kernel_size, self.stride, self.padding, self.scale = kernel_size, stride, padding, scale
        self.projection = PROJECTIONS[dims](in_channels, in_channels, kernel_size=1, bias=False)
        self.norm = NORMS[dims](in_channels, affine=True)

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        logits = self.scale * torch.sigmoid(self.norm(self.projection(x)))
        return weighted_pool(x, logits, self.kernel_size, self.stride, self.padding)

"""Triplet attention: a gate for each of the three pairs of axes, from the axis that is left."""

import torch
from torch import Tensor, nn

from components.feature_attention._maps import Image
from components.registry import component
from components.rules import require
from components.spec import Count, example


class PlaneGate(nn.Module):
    """A gate over the plane of two axes from the greatest and the mean value along the third."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x: Tensor, axis: int) -> Tensor:
        pooled = torch.stack((x.amax(axis), x.mean(axis)), 1)
        return torch.sigmoid(self.norm(self.conv(pooled)))[:, 0].unsqueeze(axis)


@component(
    id="attn_triplet",
    kind="layer",
    family="Channel+spatial attention",
    name="Triplet attention",
    name_zh="三元组注意力",
    help_zh="分别在（高,宽）、（通道,宽）、（通道,高）三个平面上计算权重，取三个结果的平均，捕捉跨维交互。",
    source="Misra et al., Rotate to Attend: Convolutional Triplet Attention Module, arXiv 2010.03045",
    keywords="triplet attention rotate cross-dimension zpool 跨维交互 三分支",
    examples=(example(x=(2, 6, 9, 8)), example(x=(3, 4, 5, 7), kernel_size=3)),
)
class TripletAttention(nn.Module):
    r"""Averages the input gated over height and width, over channels and width, and over channels and height.

    $$y = \tfrac{1}{3} \sum_{a \in \{C, H, W\}} x \odot \sigma(\mathrm{BN}(f_a \star [\max\nolimits_a x, \mathrm{avg}_a x]))$$

    Args:
        kernel_size: odd extent of the filters f, in samples.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: an even kernel_size.

    Source: Misra et al., arXiv 2010.03045.
    """

    def __init__(self, kernel_size: Count = 7) -> None:
        require(kernel_size % 2 == 1, "attn_triplet", "kernel_size", ("odd", "奇数"), kernel_size)
        super().__init__()
        self.without_channel, self.without_height, self.without_width = (PlaneGate(kernel_size) for _ in range(3))

    def forward(self, x: Image) -> Image:
        return x * (self.without_channel(x, 1) + self.without_height(x, 2) + self.without_width(x, 3)) / 3

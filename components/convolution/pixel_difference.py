"""The pixel difference convolution: each filter weighs eight differences between pairs of pixels."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from components.convolution._patterns import PatternConv
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, example

Pixel = tuple[int, int]
# The eight neighbours of a pixel, clockwise from the upper left: (row, column) from the middle.
RING: tuple[Pixel, ...] = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def pairs(mode: str) -> list[tuple[Pixel, Pixel]]:
    """The eight pairs (a, b) of pixels whose differences x(a) - x(b) a filter weighs."""
    if mode == "central":
        return [(a, (0, 0)) for a in RING]
    if mode == "angular":
        return list(zip(RING, RING[1:] + RING[:1], strict=True))
    return [((2 * row, 2 * column), (row, column)) for row, column in RING]


@component(
    id="conv_pixel_difference",
    kind="layer",
    family="Convolution",
    name="Pixel difference convolution (PDC: central / angular / radial)",
    name_zh="像素差分卷积",
    help_zh="用八对像素的差代替像素值做卷积：与中心相减、沿圆周相邻相减，或外圈减内圈，擅长提取边缘。",
    source="Su et al., Pixel Difference Networks for Efficient Edge Detection, arXiv 2108.07009",
    keywords="pdc pidinet edge detection difference lbp cpdc apdc rpdc 差分 边缘检测",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5),
        example(x=(2, 4, 9, 11), out_channels=6, mode="angular", padding=1, stride=2, groups=2),
        example(x=(2, 3, 8, 7), out_channels=4, mode="radial", padding="same", bias=False),
    ),
)
class PixelDifferenceConv(PatternConv):
    r"""Weighs the differences between eight pairs of pixels around each position.

    $$y(p) = b + \sum_{i=1}^{8} w_i \left( x(p + a_i) - x(p + b_i) \right)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        mode: the pairs: ``central``, the eight neighbours and the middle; ``angular``, each neighbour and the next one
            clockwise; ``radial``, the outer ring of a 5 x 5 window and the inner ring in the same direction.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes floor((size + 2 padding - dilation (k - 1) - 1) / stride + 1),
        where k is 5 for ``radial``, else 3.

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Su et al., arXiv 2108.07009, equations 2 to 4. A filter has its eight weights, clockwise from the upper left.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        mode: Literal["central", "angular", "radial"] = "central",
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
    ) -> None:
        reach = 2 if mode == "radial" else 1
        patterns = torch.zeros(8, 2 * reach + 1, 2 * reach + 1)
        for pattern, (plus, minus) in zip(patterns, pairs(mode), strict=True):
            pattern[reach + plus[0], reach + plus[1]] = 1.0
            pattern[reach + minus[0], reach + minus[1]] = -1.0
        super().__init__(
            "conv_pixel_difference", 2, patterns, (8,),
            in_channels, out_channels, stride, padding, dilation, groups, bias,
        )  # fmt: skip

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return super().forward(x)

"""The cross central difference convolution: differences to the middle along a cross of five taps."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from components.convolution._patterns import PatternConv, minus_centre
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Probability, Size, example

CROSSES = {"upright": (1, 3, 4, 5, 7), "diagonal": (0, 2, 4, 6, 8)}  # of the nine places, row by row


@component(
    id="conv_cross_central_difference",
    kind="layer",
    family="Convolution",
    name="Cross central difference convolution (C-CDC)",
    name_zh="交叉中心差分卷积",
    help_zh="只沿水平垂直或对角十字的五个点计算中心差分，比中心差分卷积更省参数、更少冗余。",
    source="Yu et al., Dual-Cross Central Difference Network for Face Anti-Spoofing, arXiv 2105.01290",
    keywords="c-cdc cross difference diagonal face anti-spoofing 十字 对角 差分 活体检测",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5),
        example(x=(2, 4, 9, 11), out_channels=6, cross="diagonal", padding=2, dilation=2, groups=2),
        example(x=(2, 3, 8, 7), out_channels=4, theta=1.0, stride=2, bias=False),
    ),
)
class CrossCentralDifferenceConv(PatternConv):
    r"""Convolves five taps of a 3 x 3 window that form a cross, less theta times the sample in the middle.

    $$y(p) = b + \sum_{t \in S} w(t)\, x(p + t) - \theta\, x(p) \sum_{t \in S} w(t)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        cross: the taps S beside the middle: ``upright`` takes left, right, above and below, ``diagonal`` the corners.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.
        theta: share of the differences; 0 is a convolution with the cross, 1 sees differences alone.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes floor((size + 2 padding - 2 dilation - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Yu et al., arXiv 2105.01290, equation 3. The weights of the cross stand row by row.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        cross: Literal["upright", "diagonal"] = "upright",
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
        theta: Probability = 0.8,
    ) -> None:
        patterns = minus_centre(torch.eye(9)[list(CROSSES[cross])].unflatten(1, (3, 3)), theta)
        super().__init__(
            "conv_cross_central_difference", 2, patterns, (5,),
            in_channels, out_channels, stride, padding, dilation, groups, bias,
        )  # fmt: skip

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return super().forward(x)

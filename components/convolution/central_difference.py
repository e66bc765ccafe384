"""The central difference convolution: an ordinary one, less what the middle sample alone would give."""

import math
from typing import Annotated

import torch
from torch import Tensor

from components.convolution._nd import require_odd
from components.convolution._patterns import PatternConv, minus_centre
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Padding, Probability, Size, SpatialDims, example


@component(
    id="conv_central_difference",
    kind="layer",
    family="Convolution",
    name="Central difference convolution (CDC)",
    name_zh="中心差分卷积",
    help_zh="在普通卷积中加入邻域与中心点的差分，θ 控制差分所占的比例，突出细粒度的纹理变化。",
    source="Yu et al., Searching Central Difference Convolutional Networks, arXiv 2003.04092",
    keywords="cdc difference gradient texture face anti-spoofing lbp 差分 纹理 活体检测",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, theta=1.0),
        example(x=(2, 4, 9, 11), out_channels=6, padding=1, stride=2, groups=2),
        example(x=(2, 3, 5, 6, 7), out_channels=4, kernel_size=(3, 1, 5), dilation=(1, 2, 1), bias=False),
    ),
)
class CentralDifferenceConv(PatternConv):
    r"""Convolves the samples less theta times the one in the middle of the window.

    $$y(p) = b + \sum_t w(t)\, x(p + t) - \theta\, x(p) \sum_t w(t)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of a filter along each spatial axis, an odd number.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.
        theta: share of the differences; 0 is an ordinary convolution, 1 sees differences alone.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: an even kernel_size, channels not divisible by groups, or ``same`` padding with a stride.

    Source: Yu et al., arXiv 2003.04092, equation 4, for one, two or three spatial axes.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
        theta: Probability = 0.7,
        dims: SpatialDims = 2,
    ) -> None:
        require_odd("conv_central_difference", dims, kernel_size)
        axes = per_axis(kernel_size, dims)
        taps = torch.eye(math.prod(axes)).unflatten(1, axes)
        super().__init__(
            "conv_central_difference", dims, minus_centre(taps, theta), axes,
            in_channels, out_channels, stride, padding, dilation, groups, bias,
        )  # fmt: skip

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return super().forward(x)

"""The convolution of LeNet: learned filters slide over a sequence, an image or a volume."""

from typing import Literal

from torch import nn

from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.spec import Count, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_standard",
    kind="layer",
    family="Convolution",
    name="Convolution (Conv1d/2d/3d)",
    name_zh="标准卷积",
    help_zh="用可学习的卷积核在序列、图像或体数据上滑动，提取局部特征。",
    source="LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="conv1d conv2d conv3d conv cnn 卷积",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, kernel_size=3),
        example(x=(2, 3, 11, 13), out_channels=5, kernel_size=3, stride=2, padding=1),
        example(x=(2, 4, 5, 7, 9), out_channels=6, kernel_size=(3, 1, 2), dilation=2, groups=2, bias=False),
    ),
)
def convolution(
    in_channels: InChannels,
    out_channels: Count = 32,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: Count = 1,
    bias: bool = True,
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros",
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Slides learned filters over the last one, two or three axes.

    $$y_{n,o} = b_o + \sum_{c} w_{o,c} \star x_{n,c}$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: samples added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset per output channel.
        padding_mode: what the added samples hold.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: LeCun et al., Proc. IEEE 1998; arithmetic in Dumoulin & Visin, arXiv 1603.07285.
    """
    check_convolution(
        "conv_standard", dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        groups=groups, in_channels=in_channels, out_channels=out_channels,
    )  # fmt: skip
    return CONVOLUTIONS[dims](
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode
    )

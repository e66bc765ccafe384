"""The grouped convolution of AlexNet: each group of channels is convolved apart."""

from torch import nn

from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.spec import Count, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_group",
    kind="layer",
    family="Convolution",
    name="Group convolution",
    name_zh="组卷积",
    help_zh="把通道分成若干组，各组独立卷积，参数量和计算量降为原来的 1/groups。",
    source="Krizhevsky et al., AlexNet, NeurIPS 2012; Ioannou et al., Deep Roots, arXiv 1605.06489",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="grouped conv depthwise resnext cnn 分组卷积 逐通道",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 11), out_channels=9, kernel_size=4, groups=3),
        example(x=(3, 4, 7, 9), out_channels=6, stride=(1, 2), padding=(1, 0)),
        example(x=(2, 4, 5, 7, 9), out_channels=8, kernel_size=(2, 1, 3), groups=4, bias=False),
    ),
)
def group_convolution(
    in_channels: InChannels,
    out_channels: Count = 32,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: Count = 2,
    bias: bool = True,
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Splits the channels into groups, convolves each group apart and joins the results.

    $$y^{(g)} = b^{(g)} + w^{(g)} \star x^{(g)}, \quad y = [y^{(1)}, \dots, y^{(G)}]$$

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, over all groups.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: number of groups G; divides both channel counts. As many as channels is a depthwise convolution.
        bias: adds a learned offset per output channel.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Krizhevsky et al., NeurIPS 2012, where it shared a network among two devices; torch.nn.Conv2d.
    """
    check_convolution(
        "conv_group", dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        groups=groups, in_channels=in_channels, out_channels=out_channels,
    )  # fmt: skip
    return CONVOLUTIONS[dims](in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)

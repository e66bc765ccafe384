"""The dilated convolution: gaps between the taps widen the view at no cost."""

from torch import nn

from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.spec import Count, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_dilated",
    kind="layer",
    family="Convolution",
    name="Dilated (atrous) convolution",
    name_zh="扩张卷积",
    help_zh="在卷积核的采样点之间留出空隙，不增加参数即可扩大感受野。",
    source="Yu & Koltun, Multi-scale context aggregation by dilated convolutions, arXiv 1511.07122",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="atrous conv deeplab wavenet 空洞卷积 膨胀卷积",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 17), out_channels=5, dilation=4),
        example(x=(2, 3, 11, 13), out_channels=4, dilation=(2, 3), padding="same"),
        example(x=(1, 2, 7, 8, 9), out_channels=3, kernel_size=2, dilation=3, stride=2, padding=0, bias=False),
    ),
)
def dilated_convolution(
    in_channels: InChannels,
    out_channels: Count = 32,
    kernel_size: Size = 3,
    stride: Size = 1,
    padding: Padding = "same",
    dilation: Size = 2,
    bias: bool = True,
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Convolves with gaps between the taps, so that a small filter sees a wide region.

    $$y_{n,o}(p) = b_o + \sum_{c} \sum_{t} w_{o,c}(t)\, x_{n,c}(p + d\,t)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of a filter along each spatial axis.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance d between two taps, in samples; 1 is an ordinary convolution.
        bias: adds a learned offset per output channel.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Yu & Koltun, arXiv 1511.07122; also the atrous convolution of DeepLab, arXiv 1412.7062; torch.nn.Conv2d.
    """
    check_convolution(
        "conv_dilated", dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
        in_channels=in_channels, out_channels=out_channels,
    )  # fmt: skip
    return CONVOLUTIONS[dims](in_channels, out_channels, kernel_size, stride, padding, dilation, 1, bias)

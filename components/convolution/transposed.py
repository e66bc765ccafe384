"""The transposed convolution: the adjoint of a convolution, which enlarges a map."""

from torch import nn

from components.convolution._nd import TRANSPOSED
from components.registry import component
from components.rules import per_axis, require, require_divisor, require_per_axis
from components.spec import Count, InChannels, NonNegativeSize, Size, SpatialDims, example


@component(
    id="conv_transposed",
    kind="layer",
    family="Convolution",
    name="Transposed convolution (deconvolution)",
    name_zh="转置卷积",
    help_zh="卷积的伴随运算，用可学习的方式放大特征图，常用于解码器和生成器。",
    source="Dumoulin & Visin, A guide to convolution arithmetic, arXiv 1603.07285",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="deconv upsample convtranspose decoder 反卷积 上采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 7), out_channels=5, kernel_size=4, padding=1),
        example(x=(2, 4, 5, 7), out_channels=6, stride=(2, 3), output_padding=(1, 2), groups=2),
        example(x=(1, 3, 2, 4, 5), out_channels=2, kernel_size=(3, 2, 1), dilation=2, stride=1, bias=False),
    ),
)
def transposed_convolution(
    in_channels: InChannels,
    out_channels: Count = 32,
    kernel_size: Size = 2,
    stride: Size = 2,
    padding: NonNegativeSize = 0,
    output_padding: NonNegativeSize = 0,
    groups: Count = 1,
    bias: bool = True,
    dilation: Size = 1,
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Spreads each sample over the region of a learned filter and sums the overlaps; the defaults double the size.

    $$\langle \mathrm{Conv}(x),\, y \rangle = \langle x,\, \mathrm{ConvT}(y) \rangle$$

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: distance in the output between two neighbours of the input: the factor of enlargement.
        padding: samples cut off at each border of the output.
        output_padding: samples added at the far border of the output, to choose among the sizes that one stride allows.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset per output channel.
        dilation: distance between two taps of the filter, in samples.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        (size - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1.

    Raises:
        ValueError: channels not divisible by groups, or output_padding of at least both stride and dilation.

    Source: Dumoulin & Visin, arXiv 1603.07285; torch.nn.ConvTranspose2d.
    """
    id = "conv_transposed"
    require_per_axis(
        id, dims, kernel_size=kernel_size, stride=stride, padding=padding, output_padding=output_padding,
        dilation=dilation,
    )  # fmt: skip
    require_divisor(id, "groups", groups, in_channels=in_channels, out_channels=out_channels)
    axes = zip(per_axis(output_padding, dims), per_axis(stride, dims), per_axis(dilation, dims), strict=True)
    rule = ("smaller than stride or dilation", "小于 stride 或 dilation 的数")
    require(all(extra < max(s, d) for extra, s, d in axes), id, "output_padding", rule, output_padding)
    return TRANSPOSED[dims](
        in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation
    )

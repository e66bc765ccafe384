"""The depthwise separable convolution: one filter per channel, then a mixture of channels."""

from typing import Annotated

from torch import Tensor, nn

from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_depthwise_separable",
    kind="layer",
    family="Convolution",
    name="Depthwise separable convolution",
    name_zh="深度可分离卷积",
    help_zh="先逐通道卷积提取空间特征，再用 1×1 卷积混合通道，大幅减少参数量和计算量。",
    source="Chollet, Xception, arXiv 1610.02357; Howard et al., MobileNets, arXiv 1704.04861",
    keywords="separable depthwise pointwise mobilenet xception 逐深度卷积 逐点卷积",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, kernel_size=4),
        example(x=(2, 3, 11, 13), out_channels=4, stride=2, padding=(1, 2), depth_multiplier=2),
        example(x=(1, 2, 6, 7, 8), out_channels=3, kernel_size=(3, 1, 2), dilation=2, bias=False),
    ),
)
class DepthwiseSeparableConv(nn.Module):
    r"""Convolves each channel with its own filters, then mixes the channels at each position.

    $$y_{n,o} = b_o + \sum_{c} p_{o,c}\, (d_c \star x_{n,c})$$

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: extent of a depthwise filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        depth_multiplier: depthwise filters per input channel.
        bias: adds a learned offset per output channel; the depthwise step has none.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Chollet, arXiv 1610.02357 (without a nonlinearity between the steps, as the paper recommends);
    Howard et al., arXiv 1704.04861, who put batch normalization and ReLU between them.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        depth_multiplier: Count = 1,
        bias: bool = True,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_convolution(
            "conv_depthwise_separable", dims, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        convolution = CONVOLUTIONS[dims]
        middle = in_channels * depth_multiplier
        self.depthwise = convolution(
            in_channels, middle, kernel_size, stride, padding, dilation, groups=in_channels, bias=False
        )
        self.pointwise = convolution(middle, out_channels, kernel_size=1, bias=bias)

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return self.pointwise(self.depthwise(x))

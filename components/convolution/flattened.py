"""The flattened convolution: each filter is a line of channels, a column and a row of taps, one after the other."""

from typing import Annotated

from torch import Tensor, nn

from components.convolution._axes import COLUMN, ROW, along
from components.convolution._nd import check_convolution
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, example


@component(
    id="conv_flattened",
    kind="layer",
    family="Convolution",
    name="Flattened convolution",
    name_zh="平展卷积",
    help_zh="把三维卷积核拆成沿通道、垂直、水平三个方向依次进行的一维滤波，每个滤波器都是秩 1 的。",
    source="Jin et al., Flattened Convolutional Neural Networks for Feedforward Acceleration, arXiv 1412.5474",
    keywords="flattened separable rank one 1d filters lateral 一维 秩一 可分离",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5),
        example(x=(2, 3, 9, 11), out_channels=4, kernel_size=(3, 5), stride=(2, 1), padding=(0, 2)),
        example(x=(2, 4, 7, 8), out_channels=3, padding="same", dilation=2, bias=False),
    ),
)
class FlattenedConv(nn.Module):
    r"""Convolves along the channels, the columns and the rows in turn, each filter apart.

    $$y_o = b_o + h_o \star \Big( v_o \star \sum_c \ell_{o,c}\, x_c \Big)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of the column and of the row.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        bias: adds a learned offset b per output channel, after the last step.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Jin et al., arXiv 1412.5474, equation 2. The paper runs two such layers in place of one convolution.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_convolution(
            "conv_flattened", 2, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        settings = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        self.lateral = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.column = along(COLUMN, out_channels, out_channels, settings, groups=out_channels, bias=False)
        self.row = along(ROW, out_channels, out_channels, settings, groups=out_channels, bias=bias)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return self.row(self.column(self.lateral(x)))

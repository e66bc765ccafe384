"""The spatially separable convolution: a column of taps, then a row of taps."""

from typing import Annotated

from torch import Tensor, nn

from components.convolution._axes import COLUMN, ROW, along
from components.convolution._nd import check_convolution
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, example


@component(
    id="conv_spatially_separable",
    kind="layer",
    family="Convolution",
    name="Spatially separable convolution (kx1 then 1xk)",
    name_zh="空间可分离卷积",
    help_zh="把 k×k 卷积拆成先 k×1 再 1×k 的两步，参数量和计算量约降为 2/k。",
    source="Szegedy et al., Rethinking the Inception Architecture for Computer Vision, arXiv 1512.00567",
    keywords="separable factorized asymmetric inception nx1 1xn 可分离 非对称 分解",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5),
        example(x=(2, 3, 9, 11), out_channels=4, mid_channels=6, kernel_size=(3, 5), stride=(2, 1), padding=(0, 2)),
        example(x=(2, 4, 7, 8), out_channels=3, padding="same", dilation=2, bias=False),
    ),
)
class SpatiallySeparableConv(nn.Module):
    r"""Convolves along the columns, then along the rows, with no nonlinearity between.

    $$y_o = b_o + \sum_m r_{o,m} \star \Big( \sum_i c_{m,i} \star x_i \Big)$$

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        mid_channels: channels m between the two steps; as many as the output has where it is none.
        kernel_size: taps of the column and of the row.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        bias: adds a learned offset b per output channel; the first step has none.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Szegedy et al., arXiv 1512.00567, section 3.2, without batch normalization and ReLU between the steps.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        mid_channels: Count | None = None,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_convolution(
            "conv_spatially_separable", 2, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        settings = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        between = mid_channels or out_channels
        self.column = along(COLUMN, in_channels, between, settings, bias=False)
        self.row = along(ROW, between, out_channels, settings, bias=bias)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return self.row(self.column(x))

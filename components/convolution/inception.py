"""The inception convolution: every filter has its own dilation along each axis."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from components.convolution._kernel import KernelConv
from components.convolution._nd import check_convolution, require_odd
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Size, example

Dilations = Annotated[tuple[tuple[Count, Count], ...], Field(min_length=1)]


@component(
    id="conv_inception",
    kind="layer",
    family="Convolution",
    name="IC-Conv (Inception convolution)",
    name_zh="IC-Conv",
    help_zh="每个输出通道在高、宽两个方向各有自己的扩张率，一层之内即覆盖疏密不同的感受野。",
    source="Liu et al., Inception Convolution with Efficient Dilation Search, arXiv 2012.13587",
    keywords="inception dilation per channel receptive field atrous edo 扩张率 空洞 感受野",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5, dilations=((1, 1), (2, 1), (1, 3))),
        example(x=(2, 4, 9, 11), out_channels=3, kernel_size=(5, 3), stride=2, dilations=((2, 3), (1, 2)), bias=False),
    ),
)
class InceptionConv(KernelConv):
    r"""Convolves with filters that are spread differently, each along both axes by its own dilations.

    $$y_o(p) = b_o + \sum_c \sum_t w_{o,c}(t)\, x_c\big(p + (d^h_o t_h,\, d^w_o t_w)\big)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of a filter along each spatial axis, an odd number.
        stride: step between two positions of the filter, in samples.
        dilations: (height, width) dilations of the filters: the first pair for the first output channel, and again from
            the start where there are more channels than pairs.
        bias: adds a learned offset b per output channel.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, ceil(H / stride), ceil(W / stride)): zeros are added so that all filters give that size.

    Raises:
        ValueError: an even kernel_size.

    Source: Liu et al., arXiv 2012.13587, equation 3. The paper's search for the dilations is not part of the layer.
    """

    inverse: Tensor

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        dilations: Dilations = ((1, 1), (1, 2), (2, 1), (2, 2)),
        bias: bool = True,
    ) -> None:
        check_convolution(
            "conv_inception", 2, kernel_size=kernel_size, stride=stride,
            in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        require_odd("conv_inception", 2, kernel_size)
        super().__init__((out_channels, in_channels, *per_axis(kernel_size, 2)), bias, stride)
        self.filters: dict[tuple[int, int], list[int]] = {}  # the output channels of each dilation
        for channel in range(out_channels):
            self.filters.setdefault(dilations[channel % len(dilations)], []).append(channel)
        order = [channel for channels in self.filters.values() for channel in channels]
        self.register_buffer("inverse", torch.tensor(order).argsort(), persistent=False)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        tall, wide = self.weight.shape[2:]
        parts = [
            F.conv2d(
                x,
                self.weight[channels],
                None if self.bias is None else self.bias[channels],
                self.stride,
                (down * (tall - 1) // 2, across * (wide - 1) // 2),
                (down, across),
            )
            for (down, across), channels in self.filters.items()
        ]
        return torch.cat(parts, 1)[:, self.inverse]

"""The circle convolution: the taps of the kernel stand on circles and read between the samples."""

from typing import Annotated

import torch
from torch import Tensor

from components.convolution._nd import require_odd
from components.convolution._patterns import PatternConv
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, example


def circle_taps(size: int) -> Tensor:
    """Patterns (size^2, size, size): where each tap of a square kernel reads once its square ring is a circle.

    A tap keeps its direction; its distance becomes that of its ring, and the samples around it share it bilinearly.
    """
    middle = size // 2
    steps = torch.arange(size) - middle
    row, column = torch.meshgrid(steps, steps, indexing="ij")
    ring = torch.maximum(row.abs(), column.abs()).double()
    shrink = ring / torch.hypot(row.double(), column.double()).clamp(min=1)

    def shares(place: Tensor) -> Tensor:
        """(size^2, size): of each sample along an axis in the value at a place, by its distance."""
        return (1 - (place.flatten()[:, None] - steps).abs()).clamp(min=0)

    return (shares(row * shrink)[:, :, None] * shares(column * shrink)[:, None, :]).to(torch.get_default_dtype())


@component(
    id="conv_circle",
    kind="layer",
    family="Convolution",
    name="Circle convolution (circular kernel sampled by bilinear interpolation)",
    name_zh="圆形卷积",
    help_zh="卷积核的采样点落在同心圆上，用双线性插值取值，各个方向的感受野一致，推理时可合并为普通卷积。",
    source="He et al., Integrating Circle Kernels into Convolutional Neural Networks, arXiv 2107.02451",
    keywords="circle kernel circular isotropic bilinear rotation 圆形核 各向同性 双线性插值",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5),
        example(x=(2, 4, 9, 11), out_channels=6, kernel_size=5, padding=2, stride=2, groups=2),
        example(x=(2, 3, 8, 7), out_channels=4, padding="same", dilation=2, bias=False),
    ),
)
class CircleConv(PatternConv):
    r"""Convolves with taps on concentric circles, whose values are interpolated bilinearly.

    $$y(p) = b + \sum_{t} w(t) \sum_{s} B(t, s)\, x(p + s), \quad
    B(t, s) = \prod_{a} \max(0, 1 - |r_t t_a / \lVert t \rVert - s_a|)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: taps of a filter along each side, an odd number.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: an even kernel_size, channels not divisible by groups, or ``same`` padding with a stride.

    Source: He et al., arXiv 2107.02451: the tap t of the square ring r = max |t_a| moves along its own direction onto the
    circle of radius r.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Count = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
    ) -> None:
        require_odd("conv_circle", 2, kernel_size)
        super().__init__(
            "conv_circle", 2, circle_taps(kernel_size), (kernel_size, kernel_size),
            in_channels, out_channels, stride, padding, dilation, groups, bias,
        )  # fmt: skip

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return super().forward(x)

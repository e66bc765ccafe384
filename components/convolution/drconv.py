"""DRConv: the image is divided into regions, and each region is convolved with a kernel that is made for it."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.convolution._kernel import SlidingConv
from components.convolution._nd import CONVOLUTIONS, check_convolution
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Padding, Size, example


@component(
    id="conv_drconv",
    kind="layer",
    family="Convolution",
    name="DRConv (dynamic region-aware convolution)",
    name_zh="动态卷积 DRConv (动态区域感知卷积)",
    help_zh="学习引导掩码把图像分成若干区域，并由输入为每个区域生成专用的卷积核。",
    source="Chen et al., Dynamic Region-Aware Convolution, arXiv 2003.12243",
    keywords="dynamic region-aware guided mask filter generator 动态 区域 引导掩码",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5, regions=4),
        example(x=(2, 4, 9, 11), out_channels=3, stride=2, padding=1, kernel_size=(3, 2), regions=2),
    ),
)
class DRConv(SlidingConv):
    r"""Chooses a region for each position and convolves there with the region's kernel, which the sample makes.

    $$y_n(p) = (W_{n,m(p)} \star x_n)(p), \quad m(p) = \arg\max_r (G \star x_n)_r(p), \quad
    W_n = Q\, \sigma(P\, \mathrm{pool}(x_n))$$

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        regions: number of regions r and of kernels for each sample.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: ``same`` padding with a stride.

    Source: Chen et al., arXiv 2003.12243: the image pooled to the size of a kernel, P to regions^2 channels and Q in
    one group for each region. The gradient of the choice is that of a softmax over the regions.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        regions: Count = 4,
    ) -> None:
        super().__init__(stride, padding, dilation)
        check_convolution(
            "conv_drconv", 2, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation,
            in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        self.in_channels, self.regions = in_channels, regions
        self.guide = CONVOLUTIONS[2](in_channels, regions, kernel_size, stride, padding, dilation)
        self.filters = nn.Sequential(
            nn.AdaptiveAvgPool2d(per_axis(kernel_size, 2)),
            nn.Conv2d(in_channels, regions**2, 1),
            nn.Sigmoid(),
            nn.Conv2d(regions**2, regions * out_channels * in_channels, 1, groups=regions),
        )

    def mask(self, x: Tensor) -> Tensor:
        """(B, regions, H', W'), 1 for the region of each position; with the gradient of a softmax."""
        scores = self.guide(x)
        soft = scores.softmax(1)
        hard = torch.zeros_like(soft).scatter(1, scores.argmax(1, keepdim=True), 1.0)
        return hard + (soft - soft.detach())

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        made = self.filters(x)  # (B, r O C, k, k)
        kernels = made.unflatten(1, (-1, self.in_channels))  # (B, r O, C, k, k)
        each = self.convolve_each(x, kernels, None)
        return (each.unflatten(1, (self.regions, -1)) * self.mask(x).unsqueeze(2)).sum(1)

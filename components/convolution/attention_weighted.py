"""The attention-weighted convolution: each sample makes an attention map of the shape of the kernel."""

from typing import Annotated

from torch import Tensor, nn

from components.convolution._experts import narrowed
from components.convolution._kernel import KernelConv
from components.convolution._nd import check_convolution
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Padding, Size, example


@component(
    id="attn_aw_conv",
    kind="layer",
    family="Other CNN attention",
    name="Attention-weighted convolution (AW-conv)",
    name_zh="注意力加权卷积 AW-Convolution",
    help_zh="由输入生成与卷积核同形状的注意力图，乘到卷积核上再卷积，对每个输出通道分别校准输入。",
    source="Zhu et al., An Attention Module for Convolutional Neural Networks, arXiv 2108.08205",
    keywords="aw-convolution attention kernel weights dynamic 注意力图 卷积核 校准",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 9, 11), out_channels=5, reduction=1),
        example(x=(2, 6, 9, 11), out_channels=4, kernel_size=(3, 2), stride=2, padding=1, groups=2),
        example(x=(3, 4, 8, 7), out_channels=6, padding="same", dilation=2, bias=False),
    ),
)
class AttentionWeightedConv(KernelConv):
    r"""Convolves each sample with the kernel times an attention map that the sample makes for all of its weights.

    $$y_n = b + (A_n \odot K) \star x_n, \quad A_n = \sigma\big(V\, \mathrm{ReLU}(U\, \mathrm{pool}(x_n))\big)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: adds a learned offset b per output channel.
        reduction: how many times fewer channels than x lie between U and V; four at least.

    Shape:
        x: (B, C, H, W).
        y: (B, out_channels, H', W'); each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Zhu et al., arXiv 2108.08205: x is averaged to the size of a kernel, U and V are pointwise. Here V makes a map
    for every pair of channels, and no further reduction shares maps among output channels.
    """

    def __init__(
        self,
        in_channels: InChannels,
        out_channels: Count = 32,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: Count = 1,
        bias: bool = True,
        reduction: Count = 16,
    ) -> None:
        check_convolution(
            "attn_aw_conv", 2, kernel_size=kernel_size, stride=stride, padding=padding,
            dilation=dilation, groups=groups, in_channels=in_channels, out_channels=out_channels,
        )  # fmt: skip
        inputs, taps = in_channels // groups, per_axis(kernel_size, 2)
        super().__init__((out_channels, inputs, *taps), bias, stride, padding, dilation, groups)
        hidden = narrowed(in_channels, reduction)
        self.attention = nn.Sequential(
            nn.AdaptiveAvgPool2d(taps),
            nn.Conv2d(in_channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, out_channels * inputs, 1),
            nn.Sigmoid(),
        )

    def maps(self, x: Tensor) -> Tensor:
        """The attention (B, O, C / groups, k, k) of each sample to the weights."""
        return self.attention(x).unflatten(1, self.weight.shape[:2])

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        biases = None if self.bias is None else self.bias.expand(x.shape[0], -1)
        return self.convolve_each(x, self.weight * self.maps(x), biases)

"""DyNet: dynamic convolution whose coefficients differ from one output channel to the next."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.convolution._experts import ExpertConv, pooled
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, SpatialDims, example


@component(
    id="conv_dynet",
    kind="layer",
    family="Convolution",
    name="DyNet dynamic convolution",
    name_zh="动态卷积 DyNet",
    help_zh="为每个样本的每个输出通道分别预测一组系数（Sigmoid），用它融合多个固定卷积核。",
    source="Zhang et al., DyNet: Dynamic Convolution for Accelerating CNNs, arXiv 2004.10694",
    keywords="dynamic coefficient prediction experts kernels 动态 系数预测",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, num_experts=3),
        example(x=(2, 6, 9, 11), out_channels=4, stride=2, padding=1, groups=2),
        example(x=(2, 3, 5, 6, 7), out_channels=4, num_experts=2, kernel_size=(3, 1, 2), bias=False),
    ),
)
class DyNetConv(ExpertConv):
    r"""Convolves each sample with a sum of several kernels, weighted anew for each output channel.

    $$y_{n,o} = \sum_{k=1}^{K} \eta_{n,o,k} (w_{k,o} \star x_n + b_{k,o}), \quad
    \eta_n = \sigma(R\, \bar x_n + a) \in (0, 1)^{O \times K}$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: each kernel adds a learned offset per output channel.
        num_experts: number K of fixed kernels per output channel.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Zhang et al., arXiv 2004.10694, equation 2: coefficients by global average pooling, a linear layer and the
    sigmoid. Kernels are mixed in training too, where the paper mixes feature maps; the result is the same.
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
        num_experts: Count = 4,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__(
            "conv_dynet", dims, in_channels, out_channels, kernel_size,
            stride, padding, dilation, groups, bias, num_experts,
        )  # fmt: skip
        self.coefficients = nn.Linear(in_channels, out_channels * num_experts)

    def shares(self, x: Tensor) -> Tensor:
        """The coefficients (B, O, K) of the kernels."""
        return torch.sigmoid(self.coefficients(pooled(x))).unflatten(1, (-1, self.weight.shape[0]))

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return self.convolve_mixed(x, self.shares(x))

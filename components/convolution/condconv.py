"""CondConv: each sample decides how much of each expert kernel it is convolved with."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.convolution._experts import ExpertConv, pooled
from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, InChannels, Padding, Size, SpatialDims, Tensors, example


@component(
    id="conv_condconv",
    kind="layer",
    family="Convolution",
    name="CondConv (conditionally parameterised convolution)",
    name_zh="动态卷积 CondConv",
    help_zh="每个样本由路由函数（Sigmoid）给各专家卷积核打分，加权求和成自己的卷积核；也可由外部给出路由权重。",
    source="Yang et al., CondConv, arXiv 1904.04971",
    keywords="conditional dynamic experts mixture routing efficientnet 条件参数化 专家 路由 动态",
    tags=("batch_independent",),
    xfail={"gradient-1": "routing that is given leaves the layer's own router unused"},
    examples=(
        example(x=(2, 3, 11), out_channels=5, num_experts=3),
        example(x=(2, 3, 9, 11), routing=Tensors((2, 4), "probability"), out_channels=5, stride=2, padding=1),
        example(x=(3, 4, 9, 11), out_channels=6, num_experts=2, groups=2, padding="same", bias=False),
        example(x=(2, 3, 5, 6, 7), out_channels=4, num_experts=3, kernel_size=(3, 1, 2), dilation=2),
    ),
)
class CondConv(ExpertConv):
    r"""Convolves each sample with a sum of expert kernels, weighted by what the sample shows on average.

    $$y_n = \sum_{k=1}^{K} r_{n,k} (W_k \star x_n + b_k), \quad r_n = \sigma(R\, \bar x_n + a)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: each expert adds a learned offset per output channel.
        num_experts: number K of expert kernels.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        routing: (B, num_experts), the weights r; computed from x where absent.
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Yang et al., arXiv 1904.04971, equation 1.
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
            "conv_condconv", dims, in_channels, out_channels, kernel_size,
            stride, padding, dilation, groups, bias, num_experts,
        )  # fmt: skip
        self.router = nn.Linear(in_channels, num_experts)

    def forward(
        self,
        x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")],
        routing: Annotated[Tensor, Dims("B K")] | None = None,
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        if routing is None:
            routing = torch.sigmoid(self.router(pooled(x)))
        elif routing.shape != (expected := (x.shape[0], self.weight.shape[0])):
            raise InputError(
                f"Each of the {expected[0]} samples needs a weight for each of the {expected[1]} experts: routing of shape "
                f"{expected}. Got {tuple(routing.shape)} instead.",
                f"{expected[0]} 个样本各需 {expected[1]} 个专家的权重，即形状为 {expected} 的 routing，"
                f"收到：{tuple(routing.shape)}。",
            )
        return self.convolve_mixed(x, routing)

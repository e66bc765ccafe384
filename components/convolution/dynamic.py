"""DynamicConv: attention over several kernels of one convolution."""

from typing import Annotated

from torch import Tensor

from components.convolution._experts import ExpertConv, bottleneck, pooled
from components.registry import component
from components.scheduled import Scheduled
from components.spec import Count, Dims, InChannels, Padding, PositiveFloat, Size, SpatialDims, example


@component(
    id="conv_dynamic",
    kind="layer",
    family="Convolution",
    name="DynamicConv (attention over convolution kernels)",
    name_zh="动态卷积 DynamicConv",
    help_zh="用注意力（和为 1 的 Softmax 权重）融合多个卷积核，每个样本各用一个融合核；温度越高权重越均匀，可用调度逐渐降低。",
    source="Chen et al., Dynamic Convolution: Attention over Convolution Kernels, arXiv 1912.03458",
    schedules=("schedule",),
    keywords="dynamic attention kernels experts dy-cnn temperature softmax 动态 注意力 温度",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, num_experts=3, reduction=1),
        example(x=(2, 6, 9, 11), out_channels=4, stride=2, padding=1, groups=2),
        example(x=(2, 3, 5, 6, 7), out_channels=4, num_experts=2, kernel_size=(3, 1, 2), temperature=2.0, bias=False),
    ),
)
class DynamicConv(ExpertConv, Scheduled):
    r"""Convolves each sample with an average of several kernels, weighted by attention.

    $$y_n = \sum_{k=1}^{K} \pi_{n,k} (W_k \star x_n + b_k), \quad
    \pi_n = \mathrm{softmax}\!\left( \frac{U\, \mathrm{ReLU}(V \bar x_n)}{\tau f} \right)$$

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: each kernel adds a learned offset per output channel.
        num_experts: number K of kernels.
        reduction: how many times fewer units than channels the attention has between its two layers; four at least.
        temperature: divides the scores; high values make the weights equal, so that all kernels learn.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        schedule: the factor f of the temperature, 1 where nothing is wired. The paper lowers the temperature from 30 to
            1 in the first ten epochs.
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Chen et al., arXiv 1912.03458, equations 2 and 4, with offsets in the attention's layers.
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
        reduction: Count = 4,
        temperature: PositiveFloat = 30.0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__(
            "conv_dynamic", dims, in_channels, out_channels, kernel_size,
            stride, padding, dilation, groups, bias, num_experts,
        )  # fmt: skip
        self.attention = bottleneck(in_channels, reduction, num_experts)
        self.temperature = temperature

    def shares(self, x: Tensor) -> Tensor:
        """The weights (B, K) of the kernels for each sample; they sum to 1."""
        return (self.attention(pooled(x)) / (self.temperature * self.factor)).softmax(1)

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return self.convolve_mixed(x, self.shares(x))

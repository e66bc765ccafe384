"""ODConv: attention along all four dimensions of the kernels of a convolution."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.convolution._experts import ExpertConv, narrowed, pooled
from components.registry import component
from components.rules import per_axis
from components.spec import Count, Dims, InChannels, Padding, PositiveFloat, Size, SpatialDims, example


@component(
    id="conv_odconv",
    kind="layer",
    family="Convolution",
    name="ODConv (omni-dimensional dynamic convolution)",
    name_zh="动态卷积 ODConv (全维动态卷积)",
    help_zh="沿卷积核的四个维度（核的个数、空间位置、输入通道、输出通道）分别计算注意力，逐样本调整卷积核。",
    source="Li et al., Omni-Dimensional Dynamic Convolution, arXiv 2209.07947",
    keywords="omni-dimensional dynamic attention kernels experts 全维 动态 注意力",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), out_channels=5, num_experts=3, reduction=1),
        example(x=(2, 6, 9, 11), out_channels=4, stride=2, padding=1, groups=2),
        example(x=(2, 3, 5, 6, 7), out_channels=4, num_experts=2, kernel_size=(3, 1, 2), temperature=2.0, bias=False),
    ),
)
class ODConv(ExpertConv):
    r"""Mixes several kernels for each sample and rescales their taps, inputs and outputs, all by attention.

    $$y_n = b_n + \left( \alpha_s \odot \alpha_c \odot \alpha_f \odot \sum_{k=1}^{K} \alpha_{w,k} W_k \right) \star x_n$$

    From z = ReLU(V x̄) each attention has its own linear layer: a softmax over the K kernels gives α_w, sigmoids give α_s
    for the taps, α_c for the input channels and α_f for the output channels.

    Args:
        in_channels: channels of the input.
        out_channels: number of filters, the channels of the output.
        kernel_size: extent of a filter along each spatial axis, in samples.
        stride: step between two positions of the filter, in samples.
        padding: zeros added at each border, or ``same`` to keep the size.
        dilation: distance between two taps of the filter, in samples.
        groups: channel groups that are convolved apart; divides both channel counts.
        bias: each kernel adds a learned offset per output channel, mixed by α_w alone.
        num_experts: number K of kernels.
        reduction: how many times fewer units than channels z has; four at least.
        temperature: divides the scores of all four attentions; high values make them even.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with out_channels channels; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: channels not divisible by groups, or ``same`` padding with a stride.

    Source: Li et al., arXiv 2209.07947, equation 2, with the taps', inputs' and outputs' attentions shared by all kernels,
    that of the inputs also by all groups, and without batch normalization before the ReLU.
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
        reduction: Count = 16,
        temperature: PositiveFloat = 1.0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__(
            "conv_odconv", dims, in_channels, out_channels, kernel_size,
            stride, padding, dilation, groups, bias, num_experts,
        )  # fmt: skip
        hidden = narrowed(in_channels, reduction)
        self.axes = per_axis(kernel_size, dims)
        self.squeeze = nn.Sequential(nn.Linear(in_channels, hidden), nn.ReLU())
        self.kernels = nn.Linear(hidden, num_experts)
        self.taps = nn.Linear(hidden, self.weight[0, 0, 0].numel())
        self.inputs = nn.Linear(hidden, in_channels // groups)
        self.outputs = nn.Linear(hidden, out_channels)
        self.temperature = temperature

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        z = self.squeeze(pooled(x))
        ones = (1,) * len(self.axes)
        kernels, biases = self.mix((self.kernels(z) / self.temperature).softmax(1))
        taps = torch.sigmoid(self.taps(z) / self.temperature).view(-1, 1, 1, *self.axes)
        inputs = torch.sigmoid(self.inputs(z) / self.temperature).view(-1, 1, self.inputs.out_features, *ones)
        outputs = torch.sigmoid(self.outputs(z) / self.temperature).view(-1, self.outputs.out_features, 1, *ones)
        return self.convolve_each(x, kernels * taps * inputs * outputs, biases)

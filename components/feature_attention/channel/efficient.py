"""Efficient channel attention: a gate per channel from its neighbours among the channels."""

import math

import torch
from torch import nn

from components.feature_attention._maps import Maps, spread, squeeze
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, NonNegativeFloat, PositiveFloat, example


@component(
    id="attn_eca",
    kind="layer",
    family="Channel attention",
    name="Efficient channel attention (ECA-Net)",
    name_zh="ECA 高效通道注意力",
    help_zh="对通道均值做一维卷积得到通道权重，只需几个参数；卷积核大小随通道数自适应。",
    source="Wang et al., ECA-Net, arXiv 1910.03151",
    keywords="eca ecanet channel gate conv1d 通道注意力 轻量",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 16, 9)),
        example(x=(2, 6, 5, 7), kernel_size=5),
        example(x=(2, 8, 3, 4, 5), gamma=1.0, beta=0.0),
    ),
)
class EfficientChannelAttention(nn.Module):
    r"""Scales each channel by a gate that a short filter computes from the means of neighbouring channels.

    $$y_c = x_c \, \sigma\Big(\sum_{j} w_j \, \bar{x}_{c + j - (k - 1) / 2}\Big), \quad
    k = \Big| \tfrac{\log_2 C + \beta}{\gamma} \Big|_{\mathrm{odd}}$$

    Args:
        in_channels: channels of the input.
        kernel_size: odd number of taps k; none follows the number of channels.
        gamma: divisor in the rule for k.
        beta: offset in the rule for k.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Raises:
        ValueError: an even kernel_size.

    Source: Wang et al., arXiv 1910.03151; an even k is raised to the next odd number, as in the authors' code.
    """

    def __init__(
        self,
        in_channels: InChannels,
        kernel_size: Count | None = None,
        gamma: PositiveFloat = 2.0,
        beta: NonNegativeFloat = 1.0,
    ) -> None:
        taps = int((math.log2(in_channels) + beta) / gamma) | 1 if kernel_size is None else kernel_size
        require(taps % 2 == 1, "attn_eca", "kernel_size", ("odd", "奇数"), kernel_size)
        super().__init__()
        self.conv = nn.Conv1d(1, 1, taps, padding=taps // 2, bias=False)

    def forward(self, x: Maps) -> Maps:
        return x * spread(torch.sigmoid(self.conv(squeeze(x)[:, None])[:, 0]), x)

"""Dual attention: positions attend to positions, and channels to channels."""

import torch
from torch import nn

from components.feature_attention._maps import Maps, reduced, to_maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_danet",
    kind="layer",
    family="Non-local attention",
    name="Dual attention (position + channel, DANet)",
    name_zh="DANet 双重注意力",
    help_zh="位置注意力与通道注意力并行，各乘可学习系数后加到输入上；系数初值为零，起初为恒等映射。",
    source="Fu et al., Dual Attention Network for Scene Segmentation, arXiv 1809.02983",
    keywords="danet dual attention position channel segmentation pam cam 双重注意力 语义分割",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 8, 5, 7)),
        example(x=(2, 8, 5, 7), init=0.5, reduction=2),
        example(x=(2, 6, 9), init=-0.7, reduction=3),
    ),
    xfail={"gradient-0": "the factors begin at zero and hide both branches; example 1 trains them"},
)
class DualAttention(nn.Module):
    r"""Adds to the input what its positions find in one another, and what its channels do.

    $$y = x + \alpha \, \mathrm{softmax}(Q K^\top) V + \beta \, \mathrm{softmax}(X X^\top) X$$

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the queries and keys.
        init: value of both factors, alpha and beta, at the start.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Fu et al., arXiv 1809.02983. The convolutions before and behind each branch are left to the graph, so that
    the two branches share one residual connection.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 8, init: float = 0.0) -> None:
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.query = nn.Linear(in_channels, inner)
        self.key = nn.Linear(in_channels, inner, bias=False)  # an offset would cancel out in the softmax
        self.value = nn.Linear(in_channels, in_channels)
        self.alpha = nn.Parameter(torch.tensor(float(init)))
        self.beta = nn.Parameter(torch.tensor(float(init)))

    def forward(self, x: Maps) -> Maps:
        tokens = to_tokens(x)  # (B, N, C)
        positions = (self.query(tokens) @ self.key(tokens).mT).softmax(-1) @ self.value(tokens)
        channels = tokens @ (tokens.mT @ tokens).softmax(-1).mT
        return x + to_maps(self.alpha * positions + self.beta * channels, x)

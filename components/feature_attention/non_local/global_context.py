"""The global context block: one attended mean of the map, transformed and added everywhere."""

import torch
from torch import nn

from components.feature_attention._maps import Maps, reduced, spread, start_at_zero
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_global_context",
    kind="layer",
    family="Non-local attention",
    name="Global context block (GCNet)",
    name_zh="GCNet 全局上下文",
    help_zh="用一张注意力图汇总出全局上下文，经瓶颈变换后加到每个位置；兼有非局部模块的效果与 SE 的轻量。",
    source="Cao et al., GCNet, arXiv 1904.11492",
    keywords="gcnet gc global context simplified non-local 全局上下文 非局部",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 9), reduction=2),
        example(x=(2, 8, 5, 7), reduction=2, zero_init=False),
        example(x=(2, 9, 3, 4, 5), reduction=3, zero_init=False),
    ),
    xfail={"gradient-0": "the last layer begins at zero and hides the branch; example 1 trains it"},
)
class GlobalContext(nn.Module):
    r"""Adds to every position the same vector, computed from a weighted mean of all positions.

    $$y_i = x_i + W_2 \, \mathrm{ReLU}\Big(\mathrm{LN}\Big(W_1 \sum_j \mathrm{softmax}_j (w \cdot x_j) \, x_j\Big)\Big)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer.
        zero_init: begins with W_2 = 0, the identity.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Cao et al., arXiv 1904.11492.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16, zero_init: bool = True) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.score = nn.Linear(in_channels, 1, bias=False)  # an offset would cancel out in the softmax
        first, last = nn.Linear(in_channels, hidden), nn.Linear(hidden, in_channels)
        self.transform = nn.Sequential(
            first, nn.LayerNorm(hidden), nn.ReLU(), start_at_zero(last) if zero_init else last
        )

    def forward(self, x: Maps) -> Maps:
        maps = x.flatten(2)  # (B, C, N)
        weights = torch.bmm(self.score.weight.expand(x.shape[0], 1, -1), maps).softmax(-1)  # (B, 1, N)
        context = torch.bmm(maps, weights.mT).squeeze(-1)  # (B, C)
        return x + spread(self.transform(context), x)

"""Criss-cross attention: each position attends to its row and its column, twice to reach all."""

import torch
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_criss_cross",
    kind="layer",
    family="Non-local attention",
    name="Criss-cross attention (CCNet)",
    name_zh="CCNet 十字交叉注意力",
    help_zh="每个位置只关注同行同列的 H+W−1 个位置；共享权重重复两次即可覆盖全图，比非局部模块省显存。",
    source="Huang et al., CCNet: Criss-Cross Attention for Semantic Segmentation, arXiv 1811.11721",
    keywords="ccnet criss cross row column segmentation 十字注意力 语义分割",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 8, 5, 7)),
        example(x=(2, 8, 5, 7), init=0.6, reduction=2),
        example(x=(2, 6, 4, 3), init=-0.4, reduction=3, rounds=1),
    ),
    xfail={"gradient-0": "the factor begins at zero and hides the branch; example 1 trains it"},
)
class CrissCrossAttention(nn.Module):
    r"""Adds to each position a weighted mean of its row and its column; a second round brings in all the others.

    $$x'_p = x_p + \gamma \sum_{q \in \mathrm{row}(p) \cup \mathrm{column}(p)}
    \mathrm{softmax}_q (Q_p \cdot K_q) \, V_q$$

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the queries and keys.
        rounds: how often it is applied, with the same weights.
        init: value of the factor gamma at the start.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Huang et al., arXiv 1811.11721.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 8, rounds: Count = 2, init: float = 0.0) -> None:
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.query = nn.Conv2d(in_channels, inner, 1)
        self.key = nn.Conv2d(in_channels, inner, 1, bias=False)  # an offset would cancel out in the softmax
        self.value = nn.Conv2d(in_channels, in_channels, 1)
        self.gamma = nn.Parameter(torch.tensor(float(init)))
        self.rounds = rounds

    def attend(self, x: Tensor) -> Tensor:
        """The weighted means, position by position."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        column = torch.einsum("bchw,bcgw->bhwg", query, key)  # over the H positions of a column
        row = torch.einsum("bchw,bchv->bhwv", query, key)  # over the W positions of a row
        own = torch.eye(x.shape[2], dtype=torch.bool, device=x.device)[:, None]  # counted in the row
        scores = torch.cat((column.masked_fill(own, -torch.inf), row), -1)
        column, row = scores.softmax(-1).split(x.shape[2:], -1)
        return torch.einsum("bhwg,bcgw->bchw", column, value) + torch.einsum("bhwv,bchv->bchw", row, value)

    def forward(self, x: Image) -> Image:
        for _ in range(self.rounds):
            x = x + self.gamma * self.attend(x)
        return x

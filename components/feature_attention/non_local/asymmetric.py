"""The asymmetric pyramid non-local block: all positions look at a few samples of the map."""

import torch
import torch.nn.functional as F
from torch import nn

from components.feature_attention._maps import Image, reduced, start_at_zero, to_maps, to_tokens
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, example


@component(
    id="attn_ann",
    kind="layer",
    family="Non-local attention",
    name="Asymmetric pyramid non-local block (APNB)",
    name_zh="APNB 非对称非局部模块",
    help_zh="键和值只取空间金字塔池化得到的少量采样点，效果接近非局部模块，计算与显存大幅减少。",
    source="Zhu et al., Asymmetric Non-local Neural Networks, arXiv 1908.07678",
    keywords="ann annnet apnb asymmetric non-local pyramid pooling 非对称 金字塔池化 非局部",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 5, 7)),
        example(x=(2, 6, 5, 7), zero_init=False),
        example(x=(2, 8, 4, 9), zero_init=False, bins=(1, 2), reduction=4),
    ),
    xfail={"gradient-0": "the zero projection at the start hides the branch; example 1 trains it"},
)
class AsymmetricNonLocal(nn.Module):
    r"""Adds to each position a mean of a few pooled samples, weighted by how alike they are.

    $$y_i = x_i + W_o \sum_{s \in S} \mathrm{softmax}_s(\theta(x_i) \cdot \phi(s)) \, g(s), \quad
    S = \textstyle\bigcup_n \mathrm{avgpool}_{n \times n}(x)$$

    Args:
        in_channels: channels of the input.
        bins: rows (and columns) of each grid of samples.
        reduction: channels per channel of the projections.
        zero_init: begins with W_o = 0, the identity.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: no bins.

    Source: Zhu et al., arXiv 1908.07678; the samples are pooled before they are projected, which gives the same.
    """

    def __init__(
        self,
        in_channels: InChannels,
        bins: tuple[Count, ...] = (1, 3, 6, 8),
        reduction: Count = 2,
        zero_init: bool = True,
    ) -> None:
        require(len(bins) > 0, "attn_ann", "bins", ("a list of at least one number", "至少一个数的列表"), bins)
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.value = nn.Linear(in_channels, inner)
        self.query = nn.Linear(in_channels, inner)
        self.key = nn.Linear(in_channels, inner, bias=False)  # an offset would cancel out in the softmax
        self.out = nn.Linear(inner, in_channels)
        if zero_init:
            start_at_zero(self.out)
        self.bins = bins

    def forward(self, x: Image) -> Image:
        samples = torch.cat([to_tokens(F.adaptive_avg_pool2d(x, bins)) for bins in self.bins], 1)  # (B, S, C)
        weights = (self.query(to_tokens(x)) @ self.key(samples).mT).softmax(-1)
        return x + to_maps(self.out(weights @ self.value(samples)), x)

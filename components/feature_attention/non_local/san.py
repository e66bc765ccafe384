"""Self-attention in a window with a weight for every channel: pairwise and patchwise."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced
from components.registry import component
from components.rules import require, require_divisor
from components.spec import Count, InChannels, example


@component(
    id="attn_san",
    kind="layer",
    family="Non-local attention",
    name="Pairwise / patchwise self-attention (SAN)",
    name_zh="SAN 成对与块状自注意力",
    help_zh="在局部窗口内做向量注意力：权重逐通道组不同，可由成对差值得到，也可由整个窗口一起得到。",
    source="Zhao et al., Exploring Self-attention for Image Recognition, arXiv 2004.13621",
    keywords="san vector attention pairwise patchwise window local 向量注意力 局部窗口",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 8, 5, 6), kernel_size=3, share=4, reduction=2),
        example(x=(2, 6, 7, 4), kernel_size=3, share=3, reduction=1, mode="patchwise"),
    ),
)
class WindowVectorAttention(nn.Module):
    r"""Sums the values of a window, each channel group with weights of its own.

    $$y_i = \sum_{j \in R(i)} \alpha_{ij} \odot \beta(x_j), \quad
    \alpha^{pair}_{ij} = \mathrm{softmax}_j \, \gamma(\varphi(x_i) - \psi(x_j)), \quad
    \alpha^{patch}_{i \cdot} = \gamma([\varphi(x_i), \psi(x_j)_{j \in R(i)}])$$

    Args:
        in_channels: channels of the input.
        mode: ``pairwise`` finds each weight from two positions, ``patchwise`` all of a window together.
        kernel_size: odd extent of the window R, in samples.
        reduction: channels per channel of the projections by which positions are compared.
        share: channels that share a weight; divides in_channels.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: an even kernel_size, or in_channels not divisible by share.

    Source: Zhao et al., arXiv 2004.13621, with the subtraction for pairs and the concatenation for patches; without
    normalisation and position encoding, and positions outside of the map left out.
    """

    def __init__(
        self,
        in_channels: InChannels,
        mode: Literal["pairwise", "patchwise"] = "pairwise",
        kernel_size: Count = 7,
        reduction: Count = 16,
        share: Count = 8,
    ) -> None:
        require(kernel_size % 2 == 1, "attn_san", "kernel_size", ("odd", "奇数"), kernel_size)
        require_divisor("attn_san", "share", share, in_channels=in_channels)
        super().__init__()
        inner, taps, weights = reduced(in_channels, reduction), kernel_size**2, in_channels // share
        # Pairs are compared by a difference and weighed by a softmax: offsets would cancel out in both.
        self.query = nn.Conv2d(in_channels, inner, 1, bias=mode == "patchwise")
        self.key = nn.Conv2d(in_channels, inner, 1)
        self.value = nn.Conv2d(in_channels, in_channels, 1)
        if mode == "pairwise":
            self.weigh = nn.Sequential(nn.Linear(inner, weights), nn.ReLU(), nn.Linear(weights, weights, bias=False))
        else:
            self.weigh = nn.Sequential(
                nn.Linear(inner * (taps + 1), weights), nn.ReLU(), nn.Linear(weights, weights * taps)
            )
        self.mode, self.kernel_size, self.share = mode, kernel_size, share

    def windows(self, x: Tensor) -> Tensor:
        """What each position has around it: (B, C, H, W) to (B, H x W, taps, C), zeros outside of the map."""
        taps = F.unfold(x, self.kernel_size, padding=self.kernel_size // 2)
        return taps.unflatten(1, (x.shape[1], -1)).permute(0, 3, 2, 1)

    def weights(self, x: Tensor) -> Tensor:
        """The weights of each window: (B, H x W, taps, channel groups)."""
        query, keys = self.query(x).flatten(2).mT, self.windows(self.key(x))
        if self.mode == "patchwise":
            return self.weigh(torch.cat((query, keys.flatten(2)), -1)).unflatten(-1, (keys.shape[2], -1))
        inside = self.windows(torch.ones_like(x[:1, :1])) > 0
        scores = self.weigh(query[:, :, None] - keys)
        return scores.masked_fill(~inside, -torch.inf).softmax(2)

    def forward(self, x: Image) -> Image:
        weights = self.weights(x).permute(0, 3, 2, 1)  # (B, groups, taps, H x W)
        values = F.unfold(self.value(x), self.kernel_size, padding=self.kernel_size // 2)
        values = values.unflatten(1, (weights.shape[1], self.share, -1))  # (B, groups, share, taps, H x W)
        return (values * weights[:, :, None]).sum(3).flatten(1, 2).unflatten(2, x.shape[2:])

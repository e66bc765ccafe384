"""Polarized self-attention: channels and positions are gated at high resolution, each with the other collapsed."""

from typing import Literal

import torch
from torch import Tensor, nn

from components.feature_attention._maps import Maps, reduced, spread, to_maps, to_tokens
from components.registry import component
from components.spec import InChannels, example


@component(
    id="attn_polarized",
    kind="layer",
    family="Non-local attention",
    name="Polarized self-attention",
    name_zh="PSA 极化自注意力",
    help_zh="通道分支压缩全部空间、空间分支压缩全部通道，各自保留另一方的高分辨率，可并联或串联；适合逐像素回归。",
    source="Liu et al., Polarized Self-Attention, arXiv 2107.00782",
    keywords="psa polarized pixel-wise regression pose 极化 像素级回归",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 8, 5, 7)),
        example(x=(2, 6, 9, 4), mode="sequential"),
        example(x=(2, 6, 9)),
    ),
)
class PolarizedSelfAttention(nn.Module):
    r"""Gates the channels by an attended mean of the map, and the positions by their likeness to its mean.

    $$A^{ch} = \sigma(\mathrm{LN}(W_z \, V_1 \, \mathrm{softmax}_p(q_1))), \quad
    A^{sp} = \sigma(\mathrm{softmax}_c(\bar{Q}_2) \cdot V_2)$$

    Args:
        in_channels: channels of the input; half as many in both branches.
        mode: ``parallel`` adds the two gated maps, ``sequential`` gates the channels, then the positions.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Liu et al., arXiv 2107.00782.
    """

    def __init__(self, in_channels: InChannels, mode: Literal["parallel", "sequential"] = "parallel") -> None:
        super().__init__()
        inner = reduced(in_channels, 2)
        self.channel_value = nn.Linear(in_channels, inner)
        self.channel_query = nn.Linear(in_channels, 1, bias=False)  # an offset would cancel out in the softmax
        self.channel_out = nn.Linear(inner, in_channels)
        self.norm = nn.LayerNorm(in_channels)
        self.spatial_value = nn.Linear(in_channels, inner)
        self.spatial_query = nn.Linear(in_channels, inner)
        self.mode = mode

    def by_channel(self, x: Tensor) -> Tensor:
        """x with its channels gated."""
        tokens = to_tokens(x)
        context = (self.channel_query(tokens).softmax(1) * self.channel_value(tokens)).sum(1)
        return x * spread(torch.sigmoid(self.norm(self.channel_out(context))), x)

    def by_position(self, x: Tensor) -> Tensor:
        """x with its positions gated."""
        tokens = to_tokens(x)
        query = self.spatial_query(tokens).mean(1).softmax(-1)  # (B, C / 2)
        return x * to_maps(torch.sigmoid(self.spatial_value(tokens) @ query[..., None]), x)

    def forward(self, x: Maps) -> Maps:
        if self.mode == "sequential":
            return self.by_position(self.by_channel(x))
        return self.by_channel(x) + self.by_position(x)

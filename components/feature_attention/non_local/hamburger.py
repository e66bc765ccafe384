"""Hamburger: a matrix decomposition of the map in place of attention, between two linear layers."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Maps, to_maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example

EPS = 1e-6


@component(
    id="attn_hamburger",
    kind="layer",
    family="Non-local attention",
    name="Hamburger (matrix decomposition)",
    name_zh="Hamburger 矩阵分解注意力",
    help_zh="把特征图按低秩矩阵分解（NMF 或软 VQ）重建，去除冗余、提取全局信息，作用类似自注意力而更省。",
    source="Geng et al., Is Attention Better Than Matrix Decomposition?, arXiv 2109.04553",
    keywords="hamburger ham nmf vq matrix decomposition low rank segnext 矩阵分解 低秩",
    examples=(
        example(x=(2, 8, 5, 7), rank=3),
        example(x=(2, 6, 9), rank=4, steps=2, mode="vq"),
        example(x=(3, 5, 2, 4, 7), rank=2, steps=3),
    ),
)
class Hamburger(nn.Module):
    r"""Adds a reconstruction of low rank of the map, from a decomposition that a few steps approach.

    $$y = x + \mathrm{BN}(W_u \, D C), \quad D C \approx \mathrm{ReLU}(W_l x), \quad
    C \leftarrow C \odot \frac{D^\top X}{D^\top D C}, \; D \leftarrow D \odot \frac{X C^\top}{D C C^\top}$$

    Args:
        in_channels: channels of the input.
        rank: number of columns of D, the bases.
        steps: rounds of updates; gradients flow through the last one only.
        mode: ``nmf`` is the factorisation above with factors that are never negative, ``vq`` soft vector quantisation,
            in which C is a softmax over the bases of their cosine with each position.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Geng et al., arXiv 2109.04553. The bases begin at the same random values in every call, not at others.
    """

    bases: Tensor

    def __init__(
        self, in_channels: InChannels, rank: Count = 64, steps: Count = 6, mode: Literal["nmf", "vq"] = "nmf"
    ) -> None:
        super().__init__()
        self.lower = nn.Linear(in_channels, in_channels)
        self.upper = nn.Linear(in_channels, in_channels, bias=False)
        self.norm = nn.BatchNorm1d(in_channels)
        start = torch.rand(rank, in_channels) if mode == "nmf" else torch.randn(rank, in_channels)
        self.register_buffer("bases", F.normalize(start, dim=1))
        self.steps, self.mode = steps, mode

    def decompose(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients (B, N, rank) and bases (B, rank, C) whose product is near x (B, N, C)."""
        bases = self.bases.expand(x.shape[0], -1, -1)
        step = self._factorise if self.mode == "nmf" else self._quantise
        with torch.no_grad():
            coefficients = (x @ bases.mT).softmax(-1)
            for _ in range(self.steps):
                coefficients = step(x, coefficients, bases)
                bases = self._bases(x, coefficients, bases)
        return step(x, coefficients, bases), bases

    def _factorise(self, x: Tensor, coefficients: Tensor, bases: Tensor) -> Tensor:
        return coefficients * (x @ bases.mT) / (coefficients @ (bases @ bases.mT) + EPS)

    def _quantise(self, x: Tensor, coefficients: Tensor, bases: Tensor) -> Tensor:
        return (F.normalize(x, dim=-1) @ F.normalize(bases, dim=-1).mT).softmax(-1)

    def _bases(self, x: Tensor, coefficients: Tensor, bases: Tensor) -> Tensor:
        if self.mode == "nmf":
            return bases * (coefficients.mT @ x) / (coefficients.mT @ coefficients @ bases + EPS)
        return coefficients.mT @ x / (coefficients.sum(1)[..., None] + EPS)  # means of what belongs to each

    def forward(self, x: Maps) -> Maps:
        lower = self.lower(to_tokens(x))
        coefficients, bases = self.decompose(F.relu(lower) if self.mode == "nmf" else lower)
        return x + to_maps(self.norm(self.upper(coefficients @ bases).mT).mT, x)

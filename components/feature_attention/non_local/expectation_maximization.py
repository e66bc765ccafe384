"""Expectation-maximisation attention: the map is rebuilt from a few bases that EM steps adapt to it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Maps, to_maps, to_tokens
from components.registry import component
from components.spec import Count, InChannels, Probability, example

EPS = 1e-6


@component(
    id="attn_ema_unit",
    kind="layer",
    family="Non-local attention",
    name="Expectation-maximisation attention (EMANet)",
    name_zh="EMANet 期望最大化注意力",
    help_zh="用 EM 迭代求出一组紧凑的基，再由它们重建特征图并加回输入，得到低秩、去噪的全局特征。",
    source="Li et al., Expectation-Maximization Attention Networks, arXiv 1907.13426",
    keywords="ema emanet em expectation maximization bases segmentation 期望最大化 基",
    examples=(
        example(x=(2, 8, 5, 7), rank=3),
        example(x=(3, 6, 9), rank=4, steps=1, momentum=0.5),
        example(x=(2, 5, 3, 4, 6), rank=2),
    ),
)
class ExpectationMaximizationAttention(nn.Module):
    r"""Adds a reconstruction of the map from a few bases, which alternate with the positions' shares in them.

    $$Z \leftarrow \mathrm{softmax}_k(X \mu^\top), \quad
    \mu_k \leftarrow \frac{\sum_p z_{pk} X_p}{\lVert \sum_p z_{pk} X_p \rVert}, \quad
    y = x + \mathrm{BN}(W_2 \, \mathrm{ReLU}(Z \mu))$$

    Args:
        in_channels: channels of the input.
        rank: number of bases.
        steps: EM steps on each map.
        momentum: share of the old bases in the running mean from which the next map starts.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Li et al., arXiv 1907.13426; gradients flow through the EM steps, and a ReLU behind the sum is left to the
    graph.
    """

    bases: Tensor

    def __init__(
        self, in_channels: InChannels, rank: Count = 64, steps: Count = 3, momentum: Probability = 0.9
    ) -> None:
        super().__init__()
        self.lower = nn.Linear(in_channels, in_channels)
        self.upper = nn.Linear(in_channels, in_channels, bias=False)
        self.norm = nn.BatchNorm1d(in_channels)
        self.register_buffer("bases", F.normalize(torch.randn(rank, in_channels), dim=1))
        self.steps, self.momentum = steps, momentum

    def decompose(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Responsibilities (B, N, rank) and bases (B, rank, C) of positions x (B, N, C)."""
        bases = self.bases.repeat(x.shape[0], 1, 1)  # a copy: the running mean changes before the gradients are taken
        shares = x.new_empty(0)
        for _ in range(self.steps):
            shares = (x @ bases.mT).softmax(-1)
            bases = F.normalize((shares / (EPS + shares.sum(1, keepdim=True))).mT @ x, dim=-1)
        return shares, bases

    def forward(self, x: Maps) -> Maps:
        shares, bases = self.decompose(self.lower(to_tokens(x)))
        if self.training:
            with torch.no_grad():
                self.bases.lerp_(bases.mean(0).to(self.bases), 1 - self.momentum)
        return x + to_maps(self.norm(self.upper(F.relu(shares @ bases)).mT).mT, x)

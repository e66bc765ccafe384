"""The embedding of a diffusion step: sines and cosines of it."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.rules import require
from components.spec import Dims, Ports, PositiveFloat, example, ints


@component(
    id="diff_timestep_embedding",
    kind="layer",
    family="Diffusion",
    name="Sinusoidal timestep embedding",
    name_zh="时间步嵌入",
    help_zh="把扩散的步数变成一组不同频率的正弦和余弦，供去噪网络使用。",
    source="Ho et al., Denoising Diffusion Probabilistic Models, arXiv 2006.11239",
    keywords="ddpm time step sinusoidal positional 扩散 时间 正弦",
    tags=("batch_independent",),
    examples=(example(t=ints(5, high=20), embed_dim=6), example(t=(5,), embed_dim=8, max_period=100.0)),
)
class TimestepEmbedding(nn.Module):
    r"""Sines and cosines of a time, at frequencies that fall geometrically from 1.

    $$e_k = \sin(t\, \omega_k), \; e_{K+k} = \cos(t\, \omega_k), \quad \omega_k = P^{-k/K}$$

    Args:
        embed_dim: features of the embedding, an even number 2K.
        max_period: the P that bounds the longest wave; about ten times the number of steps suffices.

    Shape:
        t: (B,), integers or real numbers.
        e: (B, embed_dim).

    Raises:
        ParameterError: embed_dim is odd.

    Source: Ho et al., arXiv 2006.11239, appendix B; Vaswani et al., arXiv 1706.03762, section 3.5.
    """

    frequencies: Tensor

    def __init__(self, embed_dim: Annotated[int, Field(ge=2)] = 64, max_period: PositiveFloat = 10000.0) -> None:
        super().__init__()
        require(embed_dim % 2 == 0, "diff_timestep_embedding", "embed_dim", ("an even number", "偶数"), embed_dim)
        half = embed_dim // 2
        exponents = torch.arange(half) * (-math.log(max_period) / half)
        self.register_buffer("frequencies", exponents.exp(), persistent=False)

    def forward(self, t: Annotated[Tensor, Dims("B", dtype="any")]) -> Annotated[Tensor, Ports(e="B D")]:
        angles = t.to(self.frequencies.dtype).unsqueeze(-1) * self.frequencies
        return torch.cat((angles.sin(), angles.cos()), -1)

    def extra_repr(self) -> str:
        return f"embed_dim={2 * len(self.frequencies)}"

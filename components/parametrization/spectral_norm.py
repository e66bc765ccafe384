"""Spectral normalisation: a weight divided by its largest singular value."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, PositiveFloat, Runtime

FIRST_ROUNDS = 15  # of the power iteration, before the first forward


@component(
    id="norm_spectral",
    kind="parametrization",
    family="Parameter normalization",
    name="Spectral normalisation (SN)",
    name_zh="谱归一化 SN",
    help_zh="把权重除以其最大奇异值，限制该层放大输入的程度；常用于稳定生成对抗网络的判别器。",
    source="Miyato et al., Spectral Normalization for Generative Adversarial Networks, arXiv 1802.05957",
    inputs={},
    outputs={},
    keywords="spectral norm lipschitz gan discriminator singular value 利普希茨 判别器 奇异值",
)
class SpectralNorm(nn.Module):
    r"""Divides a weight by its largest singular value, which bounds how much the layer stretches its input.

    $$\hat W = \frac{W}{\sigma(W)}, \quad \sigma(W) \approx u^\top W v$$

    The singular vectors u and v are found by power iteration, which goes on for some rounds in each forward of the
    training. A weight with more than two axes is read as a matrix (O, *).

    Args:
        rounds: of the power iteration in each forward of the training.
        eps: keeps the length of a vector from being zero.

    Source: Miyato et al., arXiv 1802.05957; torch.nn.utils.parametrizations.spectral_norm.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Annotated[Tensor, Runtime()], rounds: Count = 1, eps: PositiveFloat = 1e-12) -> None:
        super().__init__()
        self.rounds, self.eps = rounds, eps
        matrix = weight.detach().flatten(1)
        self.register_buffer("u", F.normalize(torch.randn(matrix.shape[0], dtype=matrix.dtype), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(matrix.shape[1], dtype=matrix.dtype), dim=0))
        if not matrix.is_meta:
            self.iterate(matrix, FIRST_ROUNDS)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = weight.flatten(1)
        if self.training:
            self.iterate(matrix, self.rounds)
        # Copies, for a later forward changes the buffers before the backward of this one.
        return weight / torch.vdot(self.u.clone(), torch.mv(matrix, self.v.clone()))

    @torch.no_grad()
    def iterate(self, matrix: Tensor, rounds: int) -> None:
        """Brings u and v closer to the first singular vectors of a matrix (O, I)."""
        for _ in range(rounds):
            self.u.copy_(F.normalize(torch.mv(matrix, self.v), dim=0, eps=self.eps))
            self.v.copy_(F.normalize(torch.mv(matrix.mT, self.u), dim=0, eps=self.eps))

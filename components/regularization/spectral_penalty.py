"""Spectral norm regularization: a matrix pays for how far it can stretch a vector."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, NonNegativeFloat, Ports, example


@component(
    id="reg_spectral",
    kind="regularizer",
    family="Regularization",
    name="Spectral norm regularization",
    name_zh="谱范数正则化",
    help_zh="惩罚权重矩阵最大奇异值的平方，使网络对输入的小扰动不敏感；卷积核视为每个输出通道一行的矩阵。",
    source="Yoshida & Miyato, Spectral Norm Regularization for Improving the Generalizability of Deep Learning, arXiv 1705.10941",
    keywords="singular value lipschitz power iteration penalty 奇异值 利普希茨 幂迭代 惩罚",
    tags=("weights",),
    examples=(
        example(w=(5, 3), strength=0.1),
        example(w=(2, 3, 5), strength=1.0, rounds=3),
        example(w=(4, 3, 2, 5), strength=0.01),
    ),
)
class SpectralPenalty(nn.Module):
    r"""Penalizes the largest singular value of a weight, read as a matrix with a row for each output.

    $$\ell = \lambda\, \sigma(W)^2, \quad \sigma(W) = u^\top W v, \quad \frac{\partial \ell}{\partial W} = 2 \lambda\,
    \sigma\, u v^\top$$

    The singular vectors u and v are found by power iteration, and no gradient flows through them.

    Args:
        strength: the factor lambda; the paper's is half of it.
        rounds: of the power iteration, each time from the same start.

    Shape:
        w: (O, I, *).
        loss: a scalar, to be added to the loss.

    Source: Yoshida & Miyato, arXiv 1705.10941, section 3. Theirs takes one round a step and goes on from the last v;
    this keeps nothing between steps.
    """

    def __init__(self, strength: NonNegativeFloat = 0.01, rounds: Count = 10) -> None:
        super().__init__()
        self.strength, self.rounds = strength, rounds

    def forward(self, w: Annotated[Tensor, Dims("O I *")]) -> Annotated[Tensor, Ports(loss="()")]:
        matrix = w.flatten(1)
        with torch.no_grad():
            # Without a pattern that a weight could be orthogonal to, and without random numbers.
            v = torch.arange(1, matrix.shape[1] + 1, dtype=matrix.dtype, device=matrix.device).square().sin()
            for _ in range(self.rounds):
                u = F.normalize(matrix @ v, dim=0)
                v = F.normalize(matrix.mT @ u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
        return self.strength * (u @ matrix @ v).square()

    def extra_repr(self) -> str:
        return f"strength={self.strength}, rounds={self.rounds}"

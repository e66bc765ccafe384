"""Weights of zeros, ones and Hadamard matrices: nothing random."""

import math

import torch
from torch import Tensor

from components.registry import component


@component(
    id="init_zero_hadamard",
    kind="init",
    family="Initialization",
    name="ZerO (zeros, ones, Hadamard)",
    name_zh="ZerO 初始化（零、一与哈达玛矩阵）",
    help_zh="完全确定的初始化：维数不增时为（部分）单位阵，维数增大时用哈达玛矩阵打破对称；卷积核只填中心。",
    source="Zhao et al., ZerO Initialization, arXiv 2110.12661",
    inputs={},
    outputs={},
    keywords="deterministic identity hadamard residual 确定性 单位矩阵 哈达玛",
)
class ZerO:
    r"""Hands the input through where a layer does not widen; where it does, by a Hadamard matrix.

    $$W = I^* \text{ for } O \le I, \quad W = I^*\, (2^{-m/2} H_m)\, I^* \text{ for } O > I, \quad
    m = \lceil \log_2 O \rceil$$

    $I^*$ is the identity with rows or columns left out, $H_m$ the Hadamard matrix of size 2^m. Of a kernel only the
    centre is filled. For networks with residual connections, whose ranks then grow step by step.

    Source: Zhao et al., arXiv 2110.12661, algorithms 1 and 2; H_m scaled to be orthogonal.
    """

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it; draws nothing."""
        rows, columns = weight.shape[:2]
        matrix = torch.eye(rows, columns)
        if rows > columns:
            hadamard, power = torch.ones(1, 1), math.ceil(math.log2(rows))
            for _ in range(power):
                hadamard = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), hadamard)
            matrix = hadamard[:rows, :columns] / 2 ** (power / 2)
        with torch.no_grad():
            weight.zero_()[(..., *(size // 2 for size in weight.shape[2:]))] = matrix.to(weight)
        return weight

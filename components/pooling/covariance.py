"""Covariance pooling: how the channels of a map vary together."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, example


def newton_square_root(matrix: Tensor, iterations: int) -> Tensor:
    """The square root of symmetric positive semidefinite matrices (B, C, C), by coupled Newton-Schulz iterations."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    trace = matrix.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None] + torch.finfo(matrix.dtype).tiny
    root, inverse = matrix / trace, identity.expand_as(matrix)
    for _ in range(iterations):
        step = (3 * identity - inverse @ root) / 2
        root, inverse = root @ step, step @ inverse
    return root * trace.sqrt()


@component(
    id="pool_covariance",
    kind="layer",
    family="Pooling",
    name="Covariance pooling (optional matrix square root)",
    name_zh="协方差池化",
    help_zh="用通道之间的协方差概括整张特征图，可再取矩阵平方根以稳定尺度；常用于细粒度与遥感分类。",
    source="He et al., Skip-Connected Covariance Network, TNNLS 2020; Li et al., iSQRT-COV, arXiv 1712.01034",
    keywords="second order isqrt newton schulz mpn-cov 二阶 矩阵平方根",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 4, 5, 7), square_root=False),
        example(x=(2, 3, 4, 5, 6), iterations=2),
    ),
)
class CovariancePooling(nn.Module):
    r"""Replaces a map by the covariances of its channels over all positions, or by their matrix square root.

    $$\Sigma = \frac{1}{M} \sum_p (x_p - \bar x)(x_p - \bar x)^\top, \quad
    y = \mathrm{triu}(\Sigma) \text{ or } \mathrm{triu}(\Sigma^{1/2})$$

    Args:
        square_root: takes the square root of the matrix.
        iterations: Newton-Schulz iterations for the root; each is more exact.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: (B, C (C + 1) / 2), the upper triangle row by row.

    Source: He et al., TNNLS 2020; Li et al., arXiv 1712.01034, for the root.
    """

    def __init__(self, square_root: bool = True, iterations: Count = 5) -> None:
        super().__init__()
        self.iterations = iterations if square_root else 0

    def forward(self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]) -> Annotated[Tensor, Dims("B F")]:
        flat = x.flatten(2)
        centred = flat - flat.mean(2, keepdim=True)
        matrix = centred @ centred.transpose(1, 2) / flat.shape[2]
        if self.iterations:
            matrix = newton_square_root(matrix, self.iterations)
        row, column = torch.triu_indices(x.shape[1], x.shape[1], device=x.device)
        return matrix[:, row, column]

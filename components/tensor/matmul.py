"""The matrix product of two tensors."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="op_matmul",
    kind="op",
    family="Tensor",
    name="Matrix product",
    name_zh="矩阵乘法",
    help_zh="对最后两个维度做矩阵乘法，前面的维度按批次广播。",
    source="torch.matmul",
    keywords="matmul bmm dot product einsum 点积 矩阵",
    examples=(example(a=(2, 3, 5), b=(2, 5, 4)), example(a=(2, 6, 3, 5), b=(5, 7))),
)
def matrix_product(
    a: Annotated[Tensor, Dims("* T K")], b: Annotated[Tensor, Dims("* K S")]
) -> Annotated[Tensor, Dims("* T S")]:
    r"""Multiplies the matrices in the last two axes; the axes before them are a batch.

    $$y_{ij} = \sum_k a_{ik}\, b_{kj}$$

    Shape:
        a: (*, T, K).
        b: (*, K, S), with axes * that broadcast.
        y: (*, T, S).

    Source: torch.matmul.
    """
    return torch.matmul(a, b)

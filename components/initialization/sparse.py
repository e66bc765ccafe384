"""Weights most of which are zero."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from components.registry import component
from components.spec import PositiveFloat


@component(
    id="init_sparse",
    kind="init",
    family="Initialization",
    name="Sparse",
    name_zh="稀疏初始化",
    help_zh="每列随机置零一部分权重，其余取正态分布：单元各有少量强连接，彼此差异更大。",
    source="Martens, Deep learning via Hessian-free optimization, ICML 2010",
    inputs={},
    outputs={},
    keywords="sparsity zeros normal hessian-free 稀疏度 正态",
)
class Sparse:
    r"""Draws normal weights and sets a share of each column to zero.

    $$w_{o,i} \sim \mathcal{N}(0, \sigma^2), \quad \lceil s\, O \rceil \text{ of each column are } 0$$

    A kernel is one matrix with a row for each output channel.

    Args:
        sparsity: share s of zeros in each column.
        std: standard deviation sigma of the other weights.

    Source: Martens, ICML 2010, section 5, which limits the weights into a unit where this, as torch.nn.init.sparse_,
    limits those out of one.
    """

    def __init__(self, sparsity: Annotated[float, Field(ge=0.0, le=1.0)] = 0.9, std: PositiveFloat = 0.01) -> None:
        self.sparsity, self.std = sparsity, std

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it."""
        with torch.no_grad():
            matrix = weight.normal_(0, self.std, generator=generator).flatten(1)
            order = torch.rand(matrix.mT.shape, generator=generator, device=weight.device).argsort(1)
            zeros = order[:, : math.ceil(self.sparsity * len(matrix))].mT
            return weight.copy_(matrix.scatter(0, zeros, 0.0).view_as(weight))

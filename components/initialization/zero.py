"""All weights zero."""

import torch
from torch import Tensor, nn

from components.registry import component


@component(
    id="init_zero",
    kind="init",
    family="Initialization",
    name="Zeros",
    name_zh="零初始化",
    help_zh="所有权重置零；用于残差分支的最后一层。隐藏层全为零时各单元始终相同，无法学习。",
    source="Goyal et al., Accurate, Large Minibatch SGD, arXiv 1706.02677",
    inputs={},
    outputs={},
    keywords="zeros constant residual 全零",
)
class Zero:
    """Sets every weight to zero: right for the last layer of a residual branch, but hidden units would stay identical.

    $$w = 0$$

    Source: classical; for residual branches Goyal et al., arXiv 1706.02677; torch.nn.init.zeros_.
    """

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight`` of any shape and returns it; draws nothing."""
        return nn.init.zeros_(weight)

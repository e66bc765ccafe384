"""Weights that let a deep residual network train without normalization."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count


@component(
    id="norm_fixup",
    kind="init",
    family="Initialization",
    name="Fixup",
    name_zh="Fixup 初始化",
    help_zh="不用归一化训练深残差网络：各分支最后一层与分类层置零，分支内其余层按分支数缩小 Kaiming 初始化。",
    source="Zhang et al., Fixup Initialization, arXiv 1901.09321",
    inputs={},
    outputs={},
    keywords="residual normalization-free he kaiming branch 残差 无归一化 分支",
)
class Fixup:
    r"""Draws Kaiming weights, made smaller the more residual branches there are; the last layer of a branch is zero.

    $$w \sim L^{-\frac{1}{2m - 2}}\, \mathcal{N}\!\left(0, \frac{2}{\mathrm{fan}_{in}}\right), \quad
    w = 0 \text{ for the last}$$

    Args:
        role: ``inner`` for a layer within a branch; ``last`` for the last layer of a branch and for the classifier.
        branches: number L of residual branches in the network.
        branch_layers: number m of layers in a branch.

    Source: Zhang et al., arXiv 1901.09321, section 3; its scalar offsets and factors are nodes of their own.
    """

    def __init__(
        self,
        role: Literal["inner", "last"] = "inner",
        branches: Count = 8,
        branch_layers: Annotated[int, Field(ge=2)] = 2,
    ) -> None:
        self.role = role
        self.scale = branches ** (-1 / (2 * branch_layers - 2))

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight``, (out, in, *kernel), and returns it."""
        if self.role == "last":
            return nn.init.zeros_(weight)
        nn.init.kaiming_normal_(weight, generator=generator)
        with torch.no_grad():
            return weight.mul_(self.scale)

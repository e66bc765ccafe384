"""Units made of an inverse square root: a cheap sigmoid shape, and a cheap ELU."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="act_isru",
    kind="layer",
    family="Activation",
    name="ISRU and ISRLU (inverse square root units)",
    name_zh="ISRU / ISRLU 逆平方根单元",
    help_zh="用逆平方根把数值压到有限范围，计算比 Tanh 快；线性形式（ISRLU）在正半轴保持不变。",
    source="Carlile et al., Improving Deep Learning by Inverse Square Root Linear Units, arXiv 1710.09967",
    keywords="isru isrlu fast elu tanh 逆平方根",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), rectified=True, alpha=3.0)),
)
def isru(
    x: Annotated[Tensor, Dims("*")], *, alpha: PositiveFloat = 1.0, rectified: bool = False
) -> Annotated[Tensor, Dims("*")]:
    r"""Squashes values by an inverse square root, both sides (ISRU) or the negative one alone (ISRLU).

    $$\mathrm{ISRU}(x) = \frac{x}{\sqrt{1 + \alpha x^2}}, \quad
    \mathrm{ISRLU}(x) = \begin{cases} x & x \ge 0 \\ \mathrm{ISRU}(x) & x < 0 \end{cases}$$

    Args:
        alpha: how early it saturates; the limit is 1 over its root.
        rectified: keeps positive values (ISRLU).

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Carlile et al., arXiv 1710.09967.
    """
    squashed = x * torch.rsqrt(1 + alpha * x.square())
    return torch.where(x >= 0, x, squashed) if rectified else squashed

"""Ops that combine several tensors into one."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, example

AnyTensor = Annotated[Tensor, Dims("*", dtype="any")]


@component(
    id="op_concat",
    kind="op",
    family="Tensor",
    name="Concatenate",
    name_zh="拼接",
    help_zh="沿一个维度按连线顺序拼接任意多个张量。",
    source="torch.cat",
    keywords="cat concat join 连接",
    examples=(example(xs=[(2, 3, 5), (2, 4, 5)], dim=1), example(xs=[(2, 3), (2, 3), (2, 7)], dim=-1)),
)
def concatenate(*xs: AnyTensor, dim: int = 1) -> AnyTensor:
    """Joins any number of tensors along one axis, in the order of their wires.

    Args:
        dim: the axis to join along; the others must agree.

    Shape:
        xs: equal but for axis dim.
        y: axis dim is the sum of theirs.

    Source: torch.cat.
    """
    return torch.cat(xs, dim)


@component(
    id="op_add",
    kind="op",
    family="Tensor",
    name="Add",
    name_zh="相加",
    help_zh="逐元素相加任意多个张量，例如残差连接。",
    source="He et al., Deep Residual Learning, arXiv 1512.03385 (as a shortcut)",
    keywords="sum plus residual skip shortcut 残差 求和 加法",
    examples=(example(xs=[(2, 3, 5), (2, 3, 5)]), example(xs=[(2, 3, 5), (3, 1), (5,)])),
)
def add(*xs: AnyTensor) -> AnyTensor:
    r"""Adds any number of tensors value by value.

    $$y = \sum_i x_i$$

    Shape:
        xs: shapes that broadcast: aligned at their last axes, equal or 1.
        y: the common shape.

    Source: torch.add.
    """
    y = xs[0]
    for x in xs[1:]:
        y = y + x
    return y


@component(
    id="op_multiply",
    kind="op",
    family="Tensor",
    name="Multiply",
    name_zh="相乘",
    help_zh="逐元素相乘任意多个张量，例如门控和通道加权。",
    source="torch.mul",
    keywords="product times gate hadamard 乘法 门控 逐元素",
    examples=(example(xs=[(2, 3, 5), (2, 3, 5)]), example(xs=[(2, 3, 5), (3, 1), (5,)])),
)
def multiply(*xs: AnyTensor) -> AnyTensor:
    r"""Multiplies any number of tensors value by value.

    $$y = \prod_i x_i$$

    Shape:
        xs: shapes that broadcast: aligned at their last axes, equal or 1.
        y: the common shape.

    Source: torch.mul.
    """
    y = xs[0]
    for x in xs[1:]:
        y = y * x
    return y

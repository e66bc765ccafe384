"""Ops that combine several tensors into one."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, example


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
def concatenate(*xs: Annotated[Tensor, Dims("*", dtype="any")], dim: int = 1) -> Annotated[Tensor, Dims("*", dtype="any")]:
    """Joins any number of tensors along one axis, in the order of their wires.

    Args:
        dim: the axis to join along; the others must agree.

    Shape:
        xs: equal but for axis dim.
        y: axis dim is the sum of theirs.

    Source: torch.cat.
    """
    return torch.cat(xs, dim)

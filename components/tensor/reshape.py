"""Reshaping: the values of each sample in other axes."""

import math
from typing import Annotated, Literal

from torch import Tensor

from components.errors import InputError
from components.registry import component
from components.rules import require
from components.spec import Count, Dims, example


@component(
    id="op_reshape",
    kind="op",
    family="Tensor",
    name="Reshape",
    name_zh="变形",
    help_zh="把每个样本重排成给定的形状，批次维不变；可以有一个 -1，由其余维度推出。",
    source="torch.reshape",
    keywords="view unflatten shape 形状 重排",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 12), shape=(3, 4)),
        example(x=(2, 3, 4, 5), shape=(6, -1)),
        example(x=(5, 1), shape=()),
    ),
)
def reshape(
    x: Annotated[Tensor, Dims("B *", dtype="any")], *, shape: tuple[Count | Literal[-1], ...] = (-1,)
) -> Annotated[Tensor, Dims("B *", dtype="any")]:
    """Arranges the values of each sample in new axes, in their order; the batch axis stays.

    Args:
        shape: size of each axis after the batch; one may be -1 and takes what is left.

    Shape:
        x: (B, *).
        y: (B, *shape), with as many values.

    Raises:
        ValueError: more than one -1, or a shape that does not hold the values of a sample.

    Source: torch.reshape.
    """
    rule = ("a list with at most one -1", "最多含一个 -1 的列表")
    require(shape.count(-1) <= 1, "op_reshape", "shape", rule, shape)
    values, given = math.prod(x.shape[1:]), math.prod(size for size in shape if size != -1)
    if values % given if -1 in shape else values != given:
        raise InputError(
            f"A sample of shape {tuple(x.shape[1:])} has {values} values, which do not fit the shape {shape}.",
            f"形状为 {tuple(x.shape[1:])} 的样本有 {values} 个值，无法变形为 {shape}。",
        )
    return x.reshape(x.shape[0], *shape)

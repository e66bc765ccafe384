"""Ops that take a part of a tensor."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Count, Dims, example

AnyTensor = Annotated[Tensor, Dims("*", dtype="any")]


@component(
    id="op_slice",
    kind="op",
    family="Tensor",
    name="Slice",
    name_zh="切片",
    help_zh="沿一个维度取从起点到终点（不含）的部分，可设步长。",
    source="torch.Tensor slicing",
    keywords="crop narrow range index 截取 裁剪",
    examples=(
        example(x=(2, 3, 7), start=1),
        example(x=(2, 9, 5), dim=-2, start=-6, stop=-1, step=2),
    ),
)
def slice_(x: AnyTensor, *, dim: int = 1, start: int = 0, stop: int | None = None, step: Count = 1) -> AnyTensor:
    """Keeps the entries of one axis from a start up to, but not including, a stop.

    Args:
        dim: the axis.
        start: the first entry; a negative number counts from the end.
        stop: the entry behind the last one; none for the end of the axis.
        step: distance between two entries.

    Shape:
        x: (*), any shape.
        y: the same but for axis dim, which holds ceil((stop - start) / step) entries.

    Source: Python's slices, as torch.Tensor has them.
    """
    return x.movedim(dim, 0)[start:stop:step].movedim(0, dim)


@component(
    id="op_select",
    kind="op",
    family="Tensor",
    name="Select an entry",
    name_zh="选取一项",
    help_zh="取一个维度上的某一项并去掉该维度，例如序列的最后一步或分类标记。",
    source="torch.select",
    keywords="index take last step class token 索引 最后一步",
    examples=(example(x=(2, 3, 7)), example(x=(2, 3, 5, 7), dim=-1, index=2)),
)
def select(x: AnyTensor, *, dim: int = 1, index: int = -1) -> AnyTensor:
    """Keeps a single entry of one axis and drops the axis, such as the last step of a sequence.

    Args:
        dim: the axis.
        index: the entry; a negative number counts from the end.

    Shape:
        x: (*), any shape.
        y: the same without axis dim.

    Source: torch.select.
    """
    return x.select(dim, index)

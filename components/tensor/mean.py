"""The mean over axes."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="op_mean",
    kind="op",
    family="Tensor",
    name="Mean over axes",
    name_zh="求均值",
    help_zh="对一个或多个维度取平均，例如对序列的所有时间步。",
    source="torch.mean",
    keywords="average pool reduce 平均",
    examples=(example(x=(2, 3, 5)), example(x=(2, 3, 5, 7), dim=(-1, 1), keepdim=True)),
)
def mean(
    x: Annotated[Tensor, Dims("*")], *, dim: int | tuple[int, ...] = 1, keepdim: bool = False
) -> Annotated[Tensor, Dims("*")]:
    r"""Averages over one or several axes, such as the steps of a sequence.

    $$y = \frac{1}{n} \sum_{i=1}^{n} x_i$$

    Args:
        dim: the axis, or a list of axes.
        keepdim: keeps the averaged axes, with size 1.

    Shape:
        x: (*), any shape.
        y: the same without the axes dim, or with size 1 there.

    Source: torch.mean.
    """
    return x.mean(dim, keepdim)

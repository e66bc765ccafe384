"""A constant times a tensor."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="op_scale",
    kind="op",
    family="Tensor",
    name="Scale by a constant",
    name_zh="乘以常数",
    help_zh="把张量乘以一个固定的数，例如缩放残差分支。",
    source="torch.mul",
    keywords="multiply constant negate residual scaling 缩放 常数",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 5), factor=-0.5),),
)
def scale(x: Annotated[Tensor, Dims("*")], *, factor: float = 1.0) -> Annotated[Tensor, Dims("*")]:
    r"""Multiplies all values by a constant.

    $$y = a\, x$$

    Args:
        factor: the constant a.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: torch.mul.
    """
    return x * factor

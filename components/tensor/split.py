"""Splitting a tensor into several."""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, NumberedPorts, example

# Each section is a port on the canvas.
Sections = Annotated[int, Field(ge=1, le=32)]
Sizes = Annotated[tuple[Count, ...], Field(min_length=1, max_length=32)]


@component(
    id="op_split",
    kind="op",
    family="Tensor",
    name="Split",
    name_zh="拆分",
    help_zh="沿一个维度拆成若干段，每段一个输出端口；给出段数则均分，给出列表则按各段大小拆分。",
    source="torch.split",
    keywords="chunk divide sections 分割 分块",
    examples=(
        example(x=(2, 6, 5)),
        example(x=(2, 3, 7), sections=(1, 4, 2), dim=-1),
    ),
)
def split(
    x: Annotated[Tensor, Dims("*", dtype="any")], *, sections: Sections | Sizes = 2, dim: int = 1
) -> Annotated[tuple[Tensor, ...], NumberedPorts("y", count="sections", dims=Dims("*", dtype="any"))]:
    """Cuts one axis into sections, each of which leaves through a port of its own.

    Args:
        sections: the number of equal sections, or the list of their sizes.
        dim: the axis that is cut.

    Shape:
        x: (*), any shape.
        y1, y2, ...: the same but for axis dim, whose sizes add up to that of x.

    Raises:
        ValueError: an axis that the sections do not fill exactly.

    Source: torch.split.
    """
    size = x.size(dim)
    fits = size % sections == 0 if isinstance(sections, int) else size == sum(sections)
    if not fits:
        raise InputError(
            f"Axis {dim} of the input has {size} entries, which the 'sections' parameter ({sections}) does not divide.",
            f"输入的维度 {dim} 有 {size} 项，无法按参数“sections”（{sections}）拆分。",
        )
    return x.split(size // sections if isinstance(sections, int) else sections, dim)

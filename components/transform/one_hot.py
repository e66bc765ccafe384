"""One-hot vectors: an index becomes a vector of zeros with a single one."""

from typing import Annotated

from torch import Tensor
from torch.nn import functional as F

from components.registry import component
from components.spec import Count, Dims, example, ints


@component(
    id="op_one_hot",
    kind="op",
    family="Data transform",
    name="One-hot vectors",
    name_zh="独热编码",
    help_zh="把类别编号变为只有一个 1、其余为 0 的向量。",
    source="torch.nn.functional.one_hot",
    keywords="onehot categorical indicator dummy class 类别 编码",
    tags=("batch_independent",),
    examples=(example(x=ints(4, high=5), num_classes=5), example(x=ints(2, 7, high=3), num_classes=4)),
)
def one_hot(
    x: Annotated[Tensor, Dims("B *", dtype="int")], *, num_classes: Count = 10
) -> Annotated[Tensor, Dims("B * C")]:
    r"""Turns each index into a vector that is 1 at the index and 0 elsewhere.

    $$y_{i,c} = [x_i = c]$$

    Args:
        num_classes: length of the vectors; every index is below it.

    Shape:
        x: (B, *), whole numbers in [0, num_classes).
        y: (B, *, num_classes).

    Raises:
        RuntimeError: an index is negative or too large.

    Source: torch.nn.functional.one_hot, as floating-point numbers.
    """
    return F.one_hot(x.long(), num_classes).float()

"""Flattening: several axes become one."""

from torch import nn

from components.registry import component
from components.spec import Dims, example


@component(
    id="op_flatten",
    kind="op",
    family="Tensor",
    name="Flatten",
    name_zh="展平",
    help_zh="把多个维度合并为一个；通常放在卷积与全连接层之间。",
    source="torch.nn.Flatten",
    inputs={"x": Dims("*", dtype="any")},
    outputs={"y": Dims("*", dtype="any")},
    keywords="reshape view vector 拉平 向量",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 5, 7)), example(x=(2, 3, 5, 7), start_dim=2), example(x=(2, 3, 5, 7), end_dim=2)),
)
def flatten(start_dim: int = 1, end_dim: int = -1) -> nn.Module:
    """Joins neighbouring axes into one, in the order of their values; by default all but the batch.

    Args:
        start_dim: the first axis that is joined.
        end_dim: the last axis that is joined.

    Shape:
        x: (B, *).
        y: (B, product of *), by default.

    Source: torch.nn.Flatten.
    """
    return nn.Flatten(start_dim, end_dim)

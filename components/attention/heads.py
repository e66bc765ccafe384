"""Splitting features into heads and joining them again, to build attention from its parts."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, example


@component(
    id="op_split_heads",
    kind="op",
    family="Attention",
    name="Split heads",
    name_zh="拆分注意力头",
    help_zh="把特征均分给各注意力头：(B, T, D) → (B, h, T, D/h)。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="multi-head attention 多头",
    tags=("batch_independent",),
    examples=(example(x=(2, 5, 12), num_heads=3),),
)
def split_heads(x: Annotated[Tensor, Dims("B T D")], *, num_heads: Count = 4) -> Annotated[Tensor, Dims("B h T d")]:
    """Shares the features out among the heads, as attention on queries, keys and values expects them.

    Args:
        num_heads: number of heads h; divides D.

    Shape:
        x: (B, T, D).
        y: (B, num_heads, T, D / num_heads).

    Raises:
        ValueError: D is not divisible by num_heads.

    Source: Vaswani et al., arXiv 1706.03762.
    """
    require_divisor("op_split_heads", "num_heads", num_heads, features=x.shape[-1])
    return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)


@component(
    id="op_merge_heads",
    kind="op",
    family="Attention",
    name="Merge heads",
    name_zh="合并注意力头",
    help_zh="把各注意力头的特征重新拼成一个向量：(B, h, T, d) → (B, T, h·d)。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="multi-head attention concat 多头",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 5, 4)),),
)
def merge_heads(x: Annotated[Tensor, Dims("B h T d")]) -> Annotated[Tensor, Dims("B T D")]:
    """Joins the features of all heads, the inverse of splitting them.

    Shape:
        x: (B, h, T, d).
        y: (B, T, h d).

    Source: Vaswani et al., arXiv 1706.03762.
    """
    return x.transpose(1, 2).flatten(2)

"""Scaled dot-product attention on queries, keys and values that are already split into heads."""

from typing import Annotated

from torch import Tensor

from components.multi_head import attend, joint_mask
from components.registry import component
from components.spec import Dims, PositiveFloat, bools, example

Heads = Annotated[Tensor, Dims("B h T d")]


@component(
    id="attn_scaled_dot",
    kind="op",
    family="Attention",
    name="Scaled dot-product attention (Q, K, V)",
    name_zh="缩放点积注意力",
    help_zh="每个查询按与各键的相似度对值加权求和；掩码为 True 处可见，看不到任何键的查询输出零。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="self-attention qkv query key value sdpa 自注意力",
    tags=("batch_independent",),
    examples=(
        example(q=(2, 3, 5, 4), k=(2, 3, 7, 4), v=(2, 3, 7, 6)),
        example(q=(2, 3, 5, 4), k=(2, 3, 7, 4), v=(2, 3, 7, 6), mask=bools(2, 5, 7)),
        example(q=(2, 3, 5, 4), k=(2, 3, 5, 4), v=(2, 3, 5, 6), causal=True, scale=0.3),
    ),
)
def scaled_dot_attention(
    q: Heads,
    k: Annotated[Tensor, Dims("B h S d")],
    v: Annotated[Tensor, Dims("B h S d")],
    mask: Annotated[Tensor, Dims("T S | B T S | B h T S", dtype="bool")] | None = None,
    *,
    causal: bool = False,
    scale: PositiveFloat | None = None,
) -> Heads:
    r"""Averages the values, each query weighting them by its likeness to their keys.

    $$y = \mathrm{softmax}(s \, q k^\top) \, v$$

    Args:
        causal: lets position t look at the positions up to t only.
        scale: the factor s; 1 / sqrt(d) where it is none.

    Shape:
        q: (B, h, T, d); k: (B, h, S, d); v: (B, h, S, d'). Heads stand in axis 1.
        mask: (T, S), (B, T, S) or (B, h, T, S), True where a query may look at a key. A query that sees no key gets
            zeros.
        y: (B, h, T, d').

    Source: Vaswani et al., arXiv 1706.03762; torch.nn.functional.scaled_dot_product_attention.
    """
    return attend(q, k, v, joint_mask(mask, None), causal, scale)[0]

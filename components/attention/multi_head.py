"""Multi-head attention, for self-attention (one output wired to q, k and v) and cross-attention alike."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.multi_head import multi_head
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, DropRate, Inferred, Ports, bools, example


@component(
    id="attn_multi_head",
    kind="layer",
    family="Attention",
    name="Multi-head attention",
    name_zh="多头注意力",
    help_zh="多个头并行计算注意力：q 来自提问的序列，k、v 来自被查看的序列；三者接同一输出即为自注意力。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="self-attention cross-attention mha 自注意力 交叉注意力",
    tags=("batch_independent",),
    examples=(
        example(q=(2, 5, 12), k=(2, 7, 12), v=(2, 7, 12), num_heads=3),
        example(q=(2, 5, 12), k=(2, 7, 6), v=(2, 7, 8), mask=bools(5, 7), pad=bools(2, 7), num_heads=3, bias=False),
        example(q=(2, 5, 12), k=(2, 5, 12), v=(2, 5, 12), num_heads=4, causal=True),
    ),
)
class MultiHeadAttention(nn.MultiheadAttention):
    r"""Attends in several learned subspaces at once and mixes what they found.

    $$y = [\mathrm{head}_1, \dots, \mathrm{head}_h] W^O, \quad
    \mathrm{head}_i = \mathrm{softmax}\!\left(\tfrac{(q W^Q_i)(k W^K_i)^\top}{\sqrt{d}}\right) v W^V_i$$

    Args:
        embed_dim: features of the queries and of the output.
        kdim: features of the keys.
        vdim: features of the values.
        num_heads: number of heads h; divides embed_dim.
        dropout: share of the attention weights that is dropped in training.
        bias: adds learned offsets in the projections.
        causal: lets position t look at the positions up to t only.

    Shape:
        q: (B, T, embed_dim); k: (B, S, kdim); v: (B, S, vdim).
        mask: (T, S), (B, T, S) or (B, num_heads, T, S), True where a query may look at a key.
        pad: (B, S), True where a key is padding. A query that sees no key attends to nothing: its weights are zero.
        y: (B, T, embed_dim); weights: (B, num_heads, T, S), before dropout.

    Raises:
        ValueError: embed_dim is not divisible by num_heads.

    Source: Vaswani et al., arXiv 1706.03762. The weights are named as in torch.nn.MultiheadAttention; its masks mean
    the opposite.
    """

    wants_weights = True

    def __init__(
        self,
        embed_dim: Annotated[int, Field(ge=1), Inferred("q", axis=-1)],
        kdim: Annotated[int, Field(ge=1), Inferred("k", axis=-1)],
        vdim: Annotated[int, Field(ge=1), Inferred("v", axis=-1)],
        num_heads: Count = 4,
        dropout: DropRate = 0.0,
        bias: bool = True,
        causal: bool = False,
    ) -> None:
        require_divisor("attn_multi_head", "num_heads", num_heads, embed_dim=embed_dim)
        super().__init__(embed_dim, num_heads, dropout, bias, kdim=kdim, vdim=vdim, batch_first=True)
        self.causal = causal

    def forward(  # type: ignore[override]
        self,
        q: Annotated[Tensor, Dims("B T C")],
        k: Annotated[Tensor, Dims("B S C")],
        v: Annotated[Tensor, Dims("B S C")],
        mask: Annotated[Tensor, Dims("T S | B T S | B h T S", dtype="bool")] | None = None,
        pad: Annotated[Tensor, Dims("B S", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor | None], Ports(y="B T C", weights="B h T S")]:
        return multi_head(self, q, k, v, mask, pad, self.causal, self.wants_weights)

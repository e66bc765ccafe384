"""A Transformer decoder layer: self-attention, attention to a memory, feed-forward network."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.multi_head import multi_head
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, DropRate, Inferred, Ports, PositiveFloat, bools, example
from components.transformer._activations import ACTIVATIONS, Activation


@component(
    id="tr_decoder_layer",
    kind="layer",
    family="Transformer",
    name="Transformer decoder layer",
    name_zh="Transformer 解码器层",
    help_zh="因果自注意力、对编码器输出（memory）的交叉注意力和前馈网络，各带残差与层归一化。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762; Xiong et al., arXiv 2002.04745",
    keywords="cross-attention block seq2seq 交叉注意力 解码器",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5, 12), memory=(2, 7, 12), num_heads=3, dim_feedforward=11),
        example(
            x=(2, 5, 12), memory=(2, 7, 8), mask=bools(5, 5), pad=bools(2, 5), memory_mask=bools(5, 7),
            memory_pad=bools(2, 7), num_heads=4, norm_first=False, activation="relu",
        ),
        example(x=(2, 5, 12), memory=(2, 7, 12), num_heads=2, causal=False, activation="silu", bias=False),
    ),
)  # fmt: skip
class TransformerDecoderLayer(nn.Module):
    r"""Looks back at what was written, then at the memory, then transforms each position; each step adds to its input.

    $$g = x + \mathrm{Attention}(\mathrm{LN}(x)), \quad h = g + \mathrm{Attention}(\mathrm{LN}(g), m), \quad
    y = h + \mathrm{FFN}(\mathrm{LN}(h))$$

    Without norm_first each normalisation follows its sum.

    Args:
        embed_dim: features of a position.
        memory_dim: features of a position of the memory.
        num_heads: heads of both attentions; divides embed_dim.
        dim_feedforward: features inside the feed-forward network; four times embed_dim where it is none.
        dropout: share dropped in training of attention weights, of features inside the network and of the three
            results.
        activation: the function inside the feed-forward network.
        norm_first: normalises in front of the three steps (steadier training) instead of behind them (the first paper).
        causal: lets position u look at the positions of x up to u only.
        eps: added to the variance in the normalisations.
        bias: adds learned offsets in all layers.

    Shape:
        x: (B, U, embed_dim); memory: (B, T, memory_dim).
        mask: (U, U), (B, U, U) or (B, num_heads, U, U), True where a position of x may look at another.
        pad: (B, U), True where x is padding. memory_mask: (U, T), (B, U, T) or (B, num_heads, U, T), as mask, from x
        to the memory.
        memory_pad: (B, T), True where the memory is padding.
        y: (B, U, embed_dim); weights: (B, num_heads, U, T), of the attention to the memory.

    Raises:
        ValueError: embed_dim is not divisible by num_heads.

    Source: Vaswani et al., arXiv 1706.03762; normalisation in front, Xiong et al., arXiv 2002.04745. The weights are
    named as in torch.nn.TransformerDecoderLayer; its masks mean the opposite.
    """

    wants_weights = True

    def __init__(
        self,
        embed_dim: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        memory_dim: Annotated[int, Field(ge=1), Inferred("memory", axis=-1)],
        num_heads: Count = 4,
        dim_feedforward: Count | None = None,
        dropout: DropRate = 0.0,
        activation: Activation = "gelu",
        norm_first: bool = True,
        causal: bool = True,
        eps: PositiveFloat = 1e-5,
        bias: bool = True,
    ) -> None:
        super().__init__()
        require_divisor("tr_decoder_layer", "num_heads", num_heads, embed_dim=embed_dim)
        width = 4 * embed_dim if dim_feedforward is None else dim_feedforward
        self.self_attn = nn.MultiheadAttention(embed_dim, num_heads, dropout, bias, batch_first=True)
        self.multihead_attn = nn.MultiheadAttention(
            embed_dim, num_heads, dropout, bias, kdim=memory_dim, vdim=memory_dim, batch_first=True
        )
        self.linear1 = nn.Linear(embed_dim, width, bias)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(width, embed_dim, bias)
        self.norm1 = nn.LayerNorm(embed_dim, eps, bias=bias)
        self.norm2 = nn.LayerNorm(embed_dim, eps, bias=bias)
        self.norm3 = nn.LayerNorm(embed_dim, eps, bias=bias)
        self.dropout1 = nn.Dropout(dropout)
        self.dropout2 = nn.Dropout(dropout)
        self.dropout3 = nn.Dropout(dropout)
        self.activation = ACTIVATIONS[activation]
        self.norm_first, self.causal = norm_first, causal

    def self_attention(self, x: Tensor, mask: Tensor | None, pad: Tensor | None) -> Tensor:
        return self.dropout1(multi_head(self.self_attn, x, x, x, mask, pad, self.causal)[0])

    def cross_attention(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, pad: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        attn = self.multihead_attn
        y, weights = multi_head(attn, x, memory, memory, mask, pad, False, self.wants_weights)
        return self.dropout2(y), weights

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def forward(
        self,
        x: Annotated[Tensor, Dims("B U C")],
        memory: Annotated[Tensor, Dims("B T C")],
        mask: Annotated[Tensor, Dims("U U | B U U | B h U U", dtype="bool")] | None = None,
        pad: Annotated[Tensor, Dims("B U", dtype="bool")] | None = None,
        memory_mask: Annotated[Tensor, Dims("U T | B U T | B h U T", dtype="bool")] | None = None,
        memory_pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor | None], Ports(y="B U C", weights="B h U T")]:
        if self.norm_first:
            x = x + self.self_attention(self.norm1(x), mask, pad)
            y, weights = self.cross_attention(self.norm2(x), memory, memory_mask, memory_pad)
            x = x + y
            return x + self.feed_forward(self.norm3(x)), weights
        x = self.norm1(x + self.self_attention(x, mask, pad))
        y, weights = self.cross_attention(x, memory, memory_mask, memory_pad)
        x = self.norm2(x + y)
        return self.norm3(x + self.feed_forward(x)), weights

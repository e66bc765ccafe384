"""A Transformer layer of self-attention and a feed-forward network: of an encoder, or, when causal, of a GPT."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.multi_head import multi_head
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, Dims, DropRate, Inferred, Ports, PositiveFloat, bools, example
from components.transformer._activations import ACTIVATIONS, Activation


@component(
    id="tr_encoder_layer",
    kind="layer",
    family="Transformer",
    name="Transformer encoder layer",
    name_zh="Transformer 编码器层",
    help_zh="自注意力加前馈网络，各带残差与层归一化；开启因果选项即为 GPT 的一层。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762; Xiong et al., arXiv 2002.04745",
    keywords="self-attention block bert gpt vit 自注意力 编码器",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5, 12), num_heads=3, dim_feedforward=7),
        example(x=(2, 5, 12), mask=bools(5, 5), pad=bools(2, 5), num_heads=4, norm_first=False, activation="relu"),
        example(x=(2, 5, 12), num_heads=2, causal=True, activation="silu", bias=False),
    ),
)
class TransformerEncoderLayer(nn.Module):
    r"""Lets every position look at the others, then transforms each alone; both steps add to their input.

    $$h = x + \mathrm{Attention}(\mathrm{LN}(x)), \quad y = h + \mathrm{FFN}(\mathrm{LN}(h))$$

    Without norm_first the normalisation follows the sum: $h = \mathrm{LN}(x + \mathrm{Attention}(x))$, and so for y.

    Args:
        embed_dim: features of a position.
        num_heads: heads of the attention; divides embed_dim.
        dim_feedforward: features inside the feed-forward network; four times embed_dim where it is none.
        dropout: share dropped in training of attention weights, of features inside the network and of both results.
        activation: the function inside the feed-forward network.
        norm_first: normalises in front of the two steps (steadier training) instead of behind them (the first paper).
        causal: lets position t look at the positions up to t only.
        eps: added to the variance in the normalisations.
        bias: adds learned offsets in all layers.

    Shape:
        x: (B, T, embed_dim).
        mask: (T, T), (B, T, T) or (B, num_heads, T, T), True where a position may look at another.
        pad: (B, T), True where a position is padding, at which none looks.
        y: (B, T, embed_dim); weights: (B, num_heads, T, T), of the attention.

    Raises:
        ValueError: embed_dim is not divisible by num_heads.

    Source: Vaswani et al., arXiv 1706.03762; normalisation in front, Xiong et al., arXiv 2002.04745. The weights are
    named as in torch.nn.TransformerEncoderLayer; its masks mean the opposite.
    """

    wants_weights = True

    def __init__(
        self,
        embed_dim: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        num_heads: Count = 4,
        dim_feedforward: Count | None = None,
        dropout: DropRate = 0.0,
        activation: Activation = "gelu",
        norm_first: bool = True,
        causal: bool = False,
        eps: PositiveFloat = 1e-5,
        bias: bool = True,
    ) -> None:
        super().__init__()
        require_divisor("tr_encoder_layer", "num_heads", num_heads, embed_dim=embed_dim)
        width = 4 * embed_dim if dim_feedforward is None else dim_feedforward
        self.self_attn = nn.MultiheadAttention(embed_dim, num_heads, dropout, bias, batch_first=True)
        self.linear1 = nn.Linear(embed_dim, width, bias)
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(width, embed_dim, bias)
        self.norm1 = nn.LayerNorm(embed_dim, eps, bias=bias)
        self.norm2 = nn.LayerNorm(embed_dim, eps, bias=bias)
        self.dropout1 = nn.Dropout(dropout)
        self.dropout2 = nn.Dropout(dropout)
        self.activation = ACTIVATIONS[activation]
        self.norm_first, self.causal = norm_first, causal

    def attention(self, x: Tensor, mask: Tensor | None, pad: Tensor | None) -> tuple[Tensor, Tensor | None]:
        y, weights = multi_head(self.self_attn, x, x, x, mask, pad, self.causal, self.wants_weights)
        return self.dropout1(y), weights

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def forward(
        self,
        x: Annotated[Tensor, Dims("B T C")],
        mask: Annotated[Tensor, Dims("T T | B T T | B h T T", dtype="bool")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor | None], Ports(y="B T C", weights="B h T T")]:
        if self.norm_first:
            y, weights = self.attention(self.norm1(x), mask, pad)
            x = x + y
            return x + self.feed_forward(self.norm2(x)), weights
        y, weights = self.attention(x, mask, pad)
        x = self.norm1(x + y)
        return self.norm2(x + self.feed_forward(x)), weights

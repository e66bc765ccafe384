"""The feed-forward network that a Transformer applies at every position."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, DropRate, Inferred, example
from components.transformer._activations import ACTIVATIONS, Activation


@component(
    id="tr_ffn",
    kind="layer",
    family="Transformer",
    name="Position-wise feed-forward network",
    name_zh="前馈网络 FFN",
    help_zh="对每个位置单独作用的两层全连接网络。",
    source="Vaswani et al., Attention Is All You Need, arXiv 1706.03762",
    keywords="mlp feed forward ffn 前馈",
    tags=("batch_independent", "causal"),
    examples=(
        example(x=(2, 5, 6)),
        example(x=(2, 3, 5, 6), dim_feedforward=7, activation="relu"),
    ),
)
class FeedForward(nn.Module):
    r"""Two linear layers with an activation between them, at each position alone.

    $$y = W_2 \, \sigma(W_1 x + b_1) + b_2$$

    Args:
        embed_dim: features of the input and of the output.
        dim_feedforward: features between the two layers; four times embed_dim where it is none.
        activation: the function between the two layers.
        dropout: share of the features between the two layers that is dropped in training.

    Shape:
        x: (B, *, embed_dim).
        y: (B, *, embed_dim).

    Source: Vaswani et al., arXiv 1706.03762, section 3.3; GELU as in BERT, arXiv 1810.04805.
    """

    def __init__(
        self,
        embed_dim: Annotated[int, Field(ge=1), Inferred("x", axis=-1)],
        dim_feedforward: Count | None = None,
        activation: Activation = "gelu",
        dropout: DropRate = 0.0,
    ) -> None:
        super().__init__()
        width = 4 * embed_dim if dim_feedforward is None else dim_feedforward
        self.linear1 = nn.Linear(embed_dim, width)
        self.activation = ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)
        self.linear2 = nn.Linear(width, embed_dim)

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

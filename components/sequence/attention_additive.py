"""Additive attention: a small network compares the decoder's state with each encoder state."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.sequence._attention import attend_one
from components.spec import Count, Dims, Inferred, Ports, bools, example


@component(
    id="s2s_attn_additive",
    kind="layer",
    family="Seq2Seq attention",
    name="Additive (Bahdanau) attention",
    name_zh="加性注意力（Bahdanau）",
    help_zh="用一个小网络为解码器状态与每个编码器状态打分，再按分数加权求和，得到上下文向量。",
    source="Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate, arXiv 1409.0473",
    keywords="bahdanau seq2seq alignment translation 对齐 翻译",
    tags=("batch_independent",),
    examples=(
        example(q=(2, 5), h=(2, 4, 7), hidden_size=3),
        example(q=(2, 5), h=(2, 9, 7), mask=bools(2, 9), pad=bools(2, 9), hidden_size=3),
    ),
)
class AdditiveAttention(nn.Module):
    r"""Averages the steps of a sequence, weighted by a network that compares each of them with the query.

    $$e_t = v^\top \tanh(W q + U h_t + b), \quad a = \mathrm{softmax}(e), \quad c = \sum_t a_t h_t$$

    Args:
        query_dim: features of the query.
        memory_dim: features of a step of h.
        hidden_size: units of the comparing network.

    Shape:
        q: (B, query_dim), such as the state of a decoder; h: (B, T, memory_dim), such as the outputs of an encoder.
        mask: (B, T), True where a step may be seen; pad: (B, T), True where it is padding.
        c: (B, memory_dim); a: (B, T), which sums to 1, or is all zero where nothing may be seen.

    Source: Bahdanau et al., arXiv 1409.0473, with an offset b.
    """

    def __init__(
        self,
        query_dim: Annotated[int, Field(ge=1), Inferred("q", axis=-1)],
        memory_dim: Annotated[int, Field(ge=1), Inferred("h", axis=-1)],
        hidden_size: Count = 64,
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, hidden_size)
        self.key = nn.Linear(memory_dim, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(
        self,
        q: Annotated[Tensor, Dims("B D")],
        h: Annotated[Tensor, Dims("B T C")],
        mask: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(c="B C", a="B T")]:
        compared = (self.query(q).unsqueeze(1) + self.key(h)).tanh()  # (B, T, hidden_size)
        return attend_one(self.score(compared).squeeze(-1), h, mask, pad)

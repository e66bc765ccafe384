"""A ready-made decoder step: attention, a gated recurrent unit and a readout."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.sequence._attention import attend_one
from components.spec import Count, Dims, Inferred, Ports, bools, example, ints


@component(
    id="seq2seq_attention_step",
    kind="layer",
    family="Seq2Seq",
    name="Attention decoder step",
    name_zh="注意力解码步",
    help_zh="解码器的一步：嵌入上一个词，用加性注意力读取编码器输出，更新 GRU 状态，给出下一个词的 logits。",
    source="Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate, arXiv 1409.0473",
    keywords="decoder step cell gru translation rnnsearch 解码 翻译",
    tags=("batch_independent",),
    examples=(
        example(
            token=ints(2, high=11), state=(2, 5), memory=(2, 4, 7), pad=bools(2, 4), vocabulary_size=11,
            embedding_dim=6, hidden_size=3,
        ),
    ),
)  # fmt: skip
class AttentionStep(nn.Module):
    r"""One step of a decoder: it looks at the memory, renews its state and scores the next token.

    $$c = \mathrm{attention}(s, h), \quad s' = \mathrm{GRU}([E_y; c], s), \quad z = W [s'; c] + b$$

    Args:
        state_size: features of the state.
        memory_dim: features of a step of the memory.
        vocabulary_size: tokens of the output.
        embedding_dim: features of the vector of a token.
        hidden_size: units of the network that compares state and memory.

    Shape:
        token: (B,), the token before; state: (B, state_size); memory: (B, T, memory_dim).
        pad: (B, T), True where the memory is padding.
        logits: (B, vocabulary_size), scores of the next token; state: (B, state_size), behind the step.

    Source: Bahdanau et al., arXiv 1409.0473, with a linear readout in place of maxout.
    """

    def __init__(
        self,
        state_size: Annotated[int, Field(ge=1), Inferred("state", axis=-1)],
        memory_dim: Annotated[int, Field(ge=1), Inferred("memory", axis=-1)],
        vocabulary_size: Count = 1000,
        embedding_dim: Count = 64,
        hidden_size: Count = 64,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.query = nn.Linear(state_size, hidden_size)
        self.key = nn.Linear(memory_dim, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)
        self.cell = nn.GRUCell(embedding_dim + memory_dim, state_size)
        self.readout = nn.Linear(state_size + memory_dim, vocabulary_size)

    def forward(
        self,
        token: Annotated[Tensor, Dims("B", dtype="int")],
        state: Annotated[Tensor, Dims("B H")],
        memory: Annotated[Tensor, Dims("B T C")],
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(logits="B V", state="B H")]:
        compared = (self.query(state).unsqueeze(1) + self.key(memory)).tanh()  # (B, T, hidden_size)
        context, _ = attend_one(self.score(compared).squeeze(-1), memory, None, pad)
        state = self.cell(torch.cat((self.embedding(token), context), -1), state)
        return self.readout(torch.cat((state, context), -1)), state

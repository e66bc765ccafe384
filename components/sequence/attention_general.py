"""General attention: a learned bilinear form compares the decoder's state with each encoder state."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.sequence._attention import attend_one
from components.spec import Dims, Inferred, Ports, bools, example


@component(
    id="s2s_attn_general",
    kind="layer",
    family="Seq2Seq attention",
    name="General (bilinear) attention",
    name_zh="双线性注意力（Luong general）",
    help_zh="以可学习的双线性型为解码器状态与每个编码器状态打分，两者的特征数可以不同。",
    source="Luong et al., Effective Approaches to Attention-based Neural Machine Translation, arXiv 1508.04025",
    keywords="luong bilinear seq2seq alignment 对齐",
    tags=("batch_independent",),
    examples=(
        example(q=(2, 5), h=(2, 4, 7)),
        example(q=(2, 5), h=(2, 9, 7), mask=bools(2, 9), pad=bools(2, 9)),
    ),
)
class GeneralAttention(nn.Module):
    r"""Averages the steps of a sequence, weighted by a learned bilinear form of the query and each step.

    $$e_t = q^\top W h_t, \quad a = \mathrm{softmax}(e), \quad c = \sum_t a_t h_t$$

    Args:
        query_dim: features of the query.
        memory_dim: features of a step of h.

    Shape:
        q: (B, query_dim), such as the state of a decoder; h: (B, T, memory_dim), such as the outputs of an encoder.
        mask: (B, T), True where a step may be seen; pad: (B, T), True where it is padding.
        c: (B, memory_dim); a: (B, T), which sums to 1, or is all zero where nothing may be seen.

    Source: Luong et al., arXiv 1508.04025, global attention with the score "general".
    """

    def __init__(
        self,
        query_dim: Annotated[int, Field(ge=1), Inferred("q", axis=-1)],
        memory_dim: Annotated[int, Field(ge=1), Inferred("h", axis=-1)],
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, memory_dim, bias=False)

    def forward(
        self,
        q: Annotated[Tensor, Dims("B D")],
        h: Annotated[Tensor, Dims("B T C")],
        mask: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
        pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    ) -> Annotated[tuple[Tensor, Tensor], Ports(c="B C", a="B T")]:
        scores = (h @ self.query(q).unsqueeze(-1)).squeeze(-1)
        return attend_one(scores, h, mask, pad)

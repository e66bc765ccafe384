"""Dot-product attention of one query for each sequence."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.sequence._attention import attend_one
from components.spec import Dims, Ports, bools, example


@component(
    id="s2s_attn_dot",
    kind="op",
    family="Seq2Seq attention",
    name="Dot-product (Luong) attention",
    name_zh="点积注意力（Luong）",
    help_zh="以解码器状态与每个编码器状态的内积为分数，按分数加权求和，没有可学习的参数。",
    source="Luong et al., Effective Approaches to Attention-based Neural Machine Translation, arXiv 1508.04025",
    keywords="luong global soft seq2seq alignment 对齐 全局",
    tags=("batch_independent",),
    examples=(
        example(q=(2, 5), h=(2, 4, 5)),
        example(q=(2, 5), h=(2, 9, 5), mask=bools(2, 9)),
    ),
)
def dot_attention(
    q: Annotated[Tensor, Dims("B C")],
    h: Annotated[Tensor, Dims("B T C")],
    mask: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
    pad: Annotated[Tensor, Dims("B T", dtype="bool")] | None = None,
) -> Annotated[tuple[Tensor, Tensor], Ports(c="B C", a="B T")]:
    r"""Averages the steps of a sequence, weighted by their inner product with the query.

    $$e_t = q^\top h_t, \quad a = \mathrm{softmax}(e), \quad c = \sum_t a_t h_t$$

    Shape:
        q: (B, C), such as the state of a decoder; h: (B, T, C), such as the outputs of an encoder, of the same width.
        mask: (B, T), True where a step may be seen; pad: (B, T), True where it is padding.
        c: (B, C); a: (B, T), which sums to 1, or is all zero where nothing may be seen.

    Source: Luong et al., arXiv 1508.04025, global attention with the score "dot".
    """
    return attend_one((h @ q.unsqueeze(-1)).squeeze(-1), h, mask, pad)

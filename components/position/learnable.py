"""Learned absolute positions."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.errors import InputError
from components.registry import component
from components.spec import Count, Dims, Inferred, example


@component(
    id="pe_learnable",
    kind="layer",
    family="Position encoding",
    name="Learnable absolute position embedding",
    name_zh="可学习位置编码",
    help_zh="为每个位置学习一个向量并加到输入上；序列不能长于 max_len。",
    source="Gehring et al., ConvS2S, arXiv 1705.03122; Devlin et al., BERT, arXiv 1810.04805",
    keywords="absolute position embedding pe wpe 位置",
    tags=("batch_independent", "causal"),
    examples=(example(x=(2, 5, 7), max_len=11), example(x=(2, 5, 7), max_len=5)),
)
class LearnablePosition(nn.Module):
    r"""Adds a learned vector per position.

    $$y_t = x_t + P_t$$

    Args:
        embed_dim: features of a step.
        max_len: positions that have a vector: the longest sequence, in steps.

    Shape:
        x: (B, T, embed_dim), T at most max_len.
        y: (B, T, embed_dim).

    Raises:
        ValueError: the sequence is longer than max_len.

    Source: Gehring et al., arXiv 1705.03122; Devlin et al., arXiv 1810.04805.
    """

    def __init__(self, embed_dim: Annotated[int, Field(ge=1), Inferred("x", axis=-1)], max_len: Count = 512) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_len, embed_dim))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, x: Annotated[Tensor, Dims("B T C")]) -> Annotated[Tensor, Dims("B T C")]:
        steps, max_len = x.shape[1], self.weight.shape[0]
        if steps > max_len:
            raise InputError(
                f"The sequence has {steps} steps, but max_len is {max_len}. Raise max_len or shorten the sequence.",
                f"序列有 {steps} 步，而 max_len 为 {max_len}。请增大 max_len 或缩短序列。",
            )
        return x + self.weight[:steps]

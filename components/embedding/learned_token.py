"""Learned tokens in front of a sequence, such as the class token of BERT and ViT."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, Inferred, example


@component(
    id="learned_token",
    kind="layer",
    family="Embedding",
    name="Learned tokens (class token)",
    name_zh="可学习标记（类别标记）",
    help_zh="在序列最前面加上可学习的标记，例如 ViT 汇总全图信息的类别标记。",
    source="Devlin et al., BERT, arXiv 1810.04805; Dosovitskiy et al., ViT, arXiv 2010.11929",
    keywords="cls class token register prompt 类别标记 寄存器",
    tags=("batch_independent",),
    examples=(example(x=(2, 5, 7)), example(x=(2, 5, 7), num_tokens=3)),
)
class LearnedToken(nn.Module):
    """Puts the same learned vectors in front of every sequence.

    Args:
        embed_dim: features of a step.
        num_tokens: learned vectors to add.

    Shape:
        x: (B, T, embed_dim).
        y: (B, num_tokens + T, embed_dim).

    Source: Devlin et al., arXiv 1810.04805 (one class token); several of them are the registers of arXiv 2309.16588.
    """

    def __init__(self, embed_dim: Annotated[int, Field(ge=1), Inferred("x", axis=-1)], num_tokens: Count = 1) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(num_tokens, embed_dim))
        nn.init.trunc_normal_(self.tokens, std=0.02)

    def forward(self, x: Annotated[Tensor, Dims("B T C")]) -> Annotated[Tensor, Dims("B T C")]:
        return torch.cat((self.tokens.expand(x.shape[0], -1, -1), x), dim=1)

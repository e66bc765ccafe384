"""LoRA: a pretrained weight stays, and a product of two thin matrices learns what is added to it."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, PositiveFloat, Runtime


@component(
    id="peft_lora",
    kind="parametrization",
    family="Parameter-efficient fine-tuning",
    name="LoRA",
    name_zh="低秩适应 LoRA",
    help_zh="冻结已训练的权重，只学习加在其上的低秩矩阵之积；可训练参数很少，训练后可直接并入权重。",
    source="Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, arXiv 2106.09685",
    inputs={},
    outputs={},
    keywords="low rank adaptation fine-tuning peft adapter 低秩 微调 高效",
)
class LoRA(nn.Module):
    r"""Adds a learned matrix of low rank to a weight that no longer changes.

    $$W' = W + \frac{\alpha}{r} B A, \quad A \in \mathbb{R}^{r \times I},\; B \in \mathbb{R}^{O \times r}$$

    B is zero at first, so that the layer begins as it was. Nothing else of the layer learns. A weight with more than
    two axes is read as a matrix (O, *).

    Args:
        rank: the rank r of what is learned.
        alpha: the strength; divided by the rank, so that another rank needs no other learning rate.

    Source: Hu et al., arXiv 2106.09685; A is drawn as a linear layer's weight is.
    """

    freezes = True

    def __init__(self, weight: Annotated[Tensor, Runtime()], rank: Count = 4, alpha: PositiveFloat = 8.0) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(rank, matrix.shape[1], dtype=matrix.dtype, device=matrix.device))
        self.b = nn.Parameter(torch.zeros(matrix.shape[0], rank, dtype=matrix.dtype, device=matrix.device))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * (self.b @ self.a).view_as(weight)

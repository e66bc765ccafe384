"""Weight normalisation: the length of each row of a weight is learned apart from its direction."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Runtime


@component(
    id="norm_weight",
    kind="parametrization",
    family="Parameter normalization",
    name="Weight normalisation (WN)",
    name_zh="权重归一化 WN",
    help_zh="把权重每一行的长度与方向分开学习，使优化更容易。",
    source="Salimans & Kingma, Weight Normalization, arXiv 1602.07868",
    inputs={},
    outputs={},
    keywords="weight norm reparameterization magnitude direction 重参数化 长度 方向",
)
class WeightNorm(nn.Module):
    r"""Learns the length of each row of a weight apart from its direction.

    $$w_i = g_i \frac{v_i}{\lVert v_i \rVert}$$

    A row is what belongs to one index of the first axis: the weights of one output of a linear layer or convolution.
    The layer begins with the weight that it had.

    Source: Salimans & Kingma, arXiv 1602.07868, without the initialisation from data;
    torch.nn.utils.parametrizations.weight_norm.
    """

    def __init__(self, weight: Annotated[Tensor, Runtime()]) -> None:
        super().__init__()
        self.g = nn.Parameter(row_lengths(weight.detach()))

    def forward(self, weight: Tensor) -> Tensor:
        return weight * (self.g / row_lengths(weight))


def row_lengths(weight: Tensor) -> Tensor:
    """The length of each row (O, 1, ...) of a weight (O, *)."""
    return torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True)

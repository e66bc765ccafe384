"""Magnitude pruning: the smallest weights are zero and stay so."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import DropRate, Runtime


@component(
    id="cmp_weight_prune",
    kind="parametrization",
    family="Pruning",
    name="Magnitude weight pruning",
    name_zh="幅值权重剪枝",
    help_zh="把绝对值最小的一部分权重固定为零，其余权重继续训练；通常从已训练的网络开始。",
    source="Han et al., Learning both Weights and Connections for Efficient Neural Networks, arXiv 1506.02626",
    inputs={},
    outputs={},
    keywords="prune sparse compression mask magnitude 稀疏 压缩 掩码",
)
class MagnitudePruning(nn.Module):
    r"""Sets the share of weights that are smallest in magnitude to zero; the others go on learning.

    $$W' = W \odot M, \quad M_{ij} = [\,|W_{ij}| \text{ is not among the smallest}\,]$$

    The mask follows from the weight that the layer has at the start, such as that of an earlier run, and is kept.

    Args:
        ratio: share of the weights of each tensor that become zero.

    Source: Han et al., arXiv 1506.02626; torch.nn.utils.prune.l1_unstructured.
    """

    mask: Tensor

    def __init__(self, weight: Annotated[Tensor, Runtime()], ratio: DropRate = 0.5) -> None:
        super().__init__()
        size = weight.detach().abs().flatten()
        smallest = size.topk(round(ratio * size.numel()), largest=False).indices
        self.register_buffer("mask", torch.ones_like(size).index_fill(0, smallest, 0.0).view_as(weight))

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask

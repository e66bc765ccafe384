"""The loss of Barlow Twins: two views agree in every feature, and no two features say the same."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="ssl_barlow_twins",
    kind="loss",
    family="Contrastive learning",
    name="Barlow Twins",
    name_zh="Barlow Twins",
    help_zh="让两个视图的特征互相关矩阵接近单位矩阵：同一特征一致，不同特征不冗余；无需负样本与孪生平均网络。",
    source="Zbontar et al., Barlow Twins: Self-Supervised Learning via Redundancy Reduction, arXiv 2103.03230",
    keywords="self-supervised redundancy cross-correlation 自监督 去冗余 互相关",
    examples=(example(z1=(5, 3), z2=(5, 3)), example(z1=(4, 7), z2=(4, 7), redundancy=0.5)),
)
class BarlowTwinsLoss(nn.Module):
    r"""Holds the correlations between the features of two views near the identity matrix.

    $$\ell = \sum_i (1 - C_{ii})^2 + \lambda \sum_{i \ne j} C_{ij}^2, \quad
    C = \frac{1}{B} \hat Z_1^\top \hat Z_2$$

    Each feature is standardised over the batch, with the biased variance, before the products are taken.

    Args:
        redundancy: the weight lambda of the terms beside the diagonal.

    Shape:
        z1, z2: (B, D), the projections of two views of the same samples, with B of at least 2.
        loss: a scalar, 0 where the views agree and their features are uncorrelated.

    Source: Zbontar et al., arXiv 2103.03230, equations 1 and 2.
    """

    def __init__(self, redundancy: NonNegativeFloat = 0.005) -> None:
        super().__init__()
        self.redundancy = redundancy

    def forward(self, z1: Annotated[Tensor, Dims("B D")], z2: Annotated[Tensor, Dims("B D")]) -> Tensor:
        correlation = _standardized(z1).T @ _standardized(z2) / z1.shape[0]
        own = correlation.diagonal()
        beside = correlation.square().sum() - own.square().sum()
        return (1 - own).square().sum() + self.redundancy * beside

    def extra_repr(self) -> str:
        return f"redundancy={self.redundancy}"


def _standardized(z: Tensor) -> Tensor:
    """Each feature with mean 0 and variance 1 over the batch."""
    variance, mean = torch.var_mean(z, dim=0, correction=0)
    return (z - mean) / (variance + 1e-5).sqrt()

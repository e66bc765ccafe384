"""Self-orthogonality: the filters of a layer turn away from each other."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example


@component(
    id="reg_self_orthogonality",
    kind="regularizer",
    family="Regularization",
    name="Self-orthogonality",
    name_zh="自正交性正则化",
    help_zh="把一层各滤波器两两夹角的均值推向 90°、方差推向零，使滤波器互不重复；只看方向，不受滤波器大小影响。",
    source="Zhang et al., Self-Orthogonality Module: A Network Architecture Plug-in for Learning Orthogonal Filters, arXiv 2001.01275",
    keywords="orthogonal decorrelation cosine angle filters penalty 正交 去相关 余弦 夹角 滤波器",
    tags=("weights",),
    examples=(
        example(w=(5, 3), strength=0.1),
        example(w=(2, 3, 5), strength=1.0, variance_strength=0.0),
        example(w=(4, 3, 2, 5), strength=0.0, variance_strength=0.5),
    ),
)
class SelfOrthogonality(nn.Module):
    r"""Penalizes the mean of the cosines between the filters of a layer, and their variance.

    $$\ell = \lambda_1\, m^2 + \lambda_2\, v, \quad m = \operatorname*{mean}_{i < j} c_{ij}, \quad
    v = \operatorname*{mean}_{i < j} (c_{ij} - m)^2, \quad c_{ij} = \frac{w_i \cdot w_j}{|w_i|\, |w_j|}$$

    Args:
        strength: the factor lambda_1 of the squared mean.
        variance_strength: the factor lambda_2 of the variance.

    Shape:
        w: (O, I, *), a row for each filter.
        loss: a scalar, to be added to the loss; 0 for a single filter.

    Source: Zhang et al., arXiv 2001.01275, section 3. Theirs estimates the angles from the signs of responses to
    inputs; here they follow from the weights themselves.
    """

    def __init__(self, strength: NonNegativeFloat = 0.1, variance_strength: NonNegativeFloat = 0.1) -> None:
        super().__init__()
        self.strength, self.variance_strength = strength, variance_strength

    def forward(self, w: Annotated[Tensor, Dims("O I *")]) -> Annotated[Tensor, Ports(loss="()")]:
        rows = F.normalize(w.flatten(1), dim=1)
        i, j = torch.triu_indices(len(rows), len(rows), 1, device=rows.device)
        if not len(i):
            return 0.0 * w.sum()
        cosines = (rows @ rows.mT)[i, j]
        return self.strength * cosines.mean().square() + self.variance_strength * cosines.var(correction=0)

    def extra_repr(self) -> str:
        return f"strength={self.strength}, variance_strength={self.variance_strength}"

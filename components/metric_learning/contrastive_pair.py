"""The contrastive loss of pairs: pulls like samples together and pushes others apart, up to a margin."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example, ints
from components.targets import known_mean


@component(
    id="loss_contrastive_pair",
    kind="loss",
    family="Metric learning",
    name="Contrastive loss of pairs",
    name_zh="样本对对比损失",
    help_zh="同类样本对拉近，异类样本对推开到间隔之外。",
    source="Hadsell, Chopra & LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006",
    keywords="contrastive pair margin siamese embedding verification 样本对 孪生 间隔 嵌入",
    examples=(
        example(z1=(7, 3), z2=(7, 3), same=ints(7, high=2), margin=3.0),
        example(z1=(7, 3), z2=(7, 3), same=ints(7, high=2), margin=3.0, squared=False),
    ),
)
class ContrastivePairLoss(nn.Module):
    r"""The distance of like pairs, and what the distance of other pairs lacks to a margin.

    $$\ell = \frac{1}{2B} \sum_b s_b\, d_b^2 + (1 - s_b) \max(0, m - d_b)^2, \quad d = \lVert z_1 - z_2 \rVert_2$$

    Args:
        margin: m, the distance from which on a pair of different classes costs nothing.
        squared: squares both terms and halves them, as published; without it they are linear in the distance.

    Shape:
        z1: (B, D).
        z2: (B, D).
        same: (B,), 1 where the two belong together, else 0; -100 is unknown and left out.
        loss: a scalar.

    Source: Hadsell et al. 2006, equation 4.
    """

    def __init__(self, margin: PositiveFloat = 1.0, squared: bool = True) -> None:
        super().__init__()
        self.margin, self.squared = margin, squared

    def forward(
        self,
        z1: Annotated[Tensor, Dims("B D")],
        z2: Annotated[Tensor, Dims("B D")],
        same: Annotated[Tensor, Dims("B", dtype="any")],
    ) -> Tensor:
        distance = F.pairwise_distance(z1, z2, eps=1e-12)
        cost = distance.where(same > 0, F.relu(self.margin - distance))
        return known_mean(cost.square() / 2 if self.squared else cost, same)

    def extra_repr(self) -> str:
        return f"margin={self.margin}, squared={self.squared}"

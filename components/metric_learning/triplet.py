"""The triplet loss: an anchor lies closer to its like than to another."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example

Vectors = Annotated[Tensor, Dims("B D")]


@component(
    id="loss_triplet",
    kind="loss",
    family="Metric learning",
    name="Triplet loss",
    name_zh="三元组损失",
    help_zh="锚点到正例的距离应比到负例的距离至少小一个间隔。",
    source="Schroff, Kalenichenko & Philbin, FaceNet, arXiv 1503.03832",
    keywords="triplet margin anchor positive negative embedding distance siamese 间隔 锚点 嵌入 孪生",
    examples=(example(a=(5, 3), p=(5, 3), n=(5, 3)), example(a=(4, 2), p=(4, 2), n=(4, 2), margin=3.0, squared=True)),
)
class TripletLoss(nn.Module):
    r"""The mean by which triplets miss the margin between the two distances of an anchor.

    $$\ell = \frac{1}{B} \sum_b \max(0,\; d(a_b, p_b) - d(a_b, n_b) + m)$$

    Args:
        margin: m, in units of the distance.
        squared: takes the squared Euclidean distance, as FaceNet does, instead of the distance.

    Shape:
        a: (B, D), anchors.
        p: (B, D), a sample of the anchor's class each.
        n: (B, D), a sample of another class each.
        loss: a scalar.

    Source: Schroff et al., arXiv 1503.03832, equation 2; torch.nn.TripletMarginLoss.
    """

    def __init__(self, margin: NonNegativeFloat = 1.0, squared: bool = False) -> None:
        super().__init__()
        self.margin, self.squared = margin, squared

    def forward(self, a: Vectors, p: Vectors, n: Vectors) -> Tensor:
        if self.squared:
            gap = (a - p).square().sum(-1) - (a - n).square().sum(-1)
        else:
            gap = F.pairwise_distance(a, p) - F.pairwise_distance(a, n)
        return F.relu(gap + self.margin).mean()

    def extra_repr(self) -> str:
        return f"margin={self.margin}, squared={self.squared}"

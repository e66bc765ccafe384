"""The triplet loss of the hardest triplets in a batch."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example, ints
from components.targets import IGNORE_INDEX


@component(
    id="loss_batch_hard_triplet",
    kind="loss",
    family="Metric learning",
    name="Batch-hard triplet loss",
    name_zh="难样本三元组损失",
    help_zh="以批内每个样本为锚点，取最远的同类与最近的异类组成三元组；配合每类取多个样本的采样器使用。",
    source="Hermans, Beyer & Leibe, In Defense of the Triplet Loss, arXiv 1703.07737",
    keywords="triplet batch hard mining margin embedding siamese 难例挖掘 间隔 嵌入 孪生",
    examples=(
        example(z=(9, 3), y=ints(9, high=2), margin=3.0),
        example(z=(9, 3), y=ints(9, high=3), soft=True),
    ),
)
class BatchHardTripletLoss(nn.Module):
    r"""The mean by which each sample misses the margin between its farthest like and its nearest other.

    $$\ell = \frac{1}{A} \sum_a \max(0,\; m + \max_{p:\, y_p = y_a} d(z_a, z_p) - \min_{n:\, y_n \ne y_a}
    d(z_a, z_n))$$

    over the A samples that have another of their class and one of another class in the batch.

    Args:
        margin: m, in units of the Euclidean distance.
        soft: replaces the hinge by log(1 + exp(.)) of the gap, without a margin: pairs are pulled closer without end.

    Shape:
        z: (B, D), embeddings.
        y: (B,), classes; -100 is unknown and left out.
        loss: a scalar; zero where no sample can be an anchor.

    Source: Hermans et al., arXiv 1703.07737, equations 5 and 6 (soft margin).
    """

    def __init__(self, margin: NonNegativeFloat = 0.2, soft: bool = False) -> None:
        super().__init__()
        self.margin, self.soft = margin, soft

    def forward(self, z: Annotated[Tensor, Dims("B D")], y: Annotated[Tensor, Dims("B", dtype="int")]) -> Tensor:
        distance = _pairwise_distances(z)
        known = y != IGNORE_INDEX
        alike = y[:, None] == y
        positive = alike & known & ~torch.eye(len(y), dtype=torch.bool, device=y.device)
        negative = ~alike & known
        farthest = distance.masked_fill(~positive, 0).amax(1)
        nearest = distance.masked_fill(~negative, torch.inf).amin(1)
        anchor = known & positive.any(1) & negative.any(1)
        gap = (farthest - nearest).where(anchor, torch.zeros_like(farthest))
        cost = F.softplus(gap) if self.soft else F.relu(gap + self.margin)
        return (cost * anchor).sum() / anchor.sum().clamp(min=1)

    def extra_repr(self) -> str:
        return f"soft={self.soft}" if self.soft else f"margin={self.margin}"


def _pairwise_distances(z: Tensor) -> Tensor:
    """Euclidean distances (B, B) of the rows of z (B, D), with a gradient of zero where two of them coincide."""
    lengths = z.square().sum(-1)
    squares = lengths[:, None] + lengths - 2 * z @ z.T
    coincide = squares <= 0  # or a little below, by rounding
    return squares.masked_fill(coincide, 1).sqrt().masked_fill(coincide, 0)

"""The mean squared error."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example
from components.targets import align, known_mean


@component(
    id="loss_mse",
    kind="loss",
    family="Loss",
    name="Mean squared error (L2)",
    name_zh="均方误差损失",
    help_zh="回归的标准损失：误差平方的平均，大误差影响大。",
    source="Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805",
    keywords="mse l2 least squares regression reconstruction 回归 重建",
    examples=(example(prediction=(5, 3), target=(5, 3)), example(prediction=(5, 1), target=(5,))),
)
class MSELoss(nn.Module):
    r"""The mean of the squared errors.

    $$\ell = \frac{1}{M} \sum_m (p_m - t_m)^2$$

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Legendre 1805; torch.nn.MSELoss.
    """

    def forward(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        return known_mean(F.mse_loss(prediction, target, reduction="none"), target)

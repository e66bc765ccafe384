"""Huber's loss: squared for small errors, linear for large ones."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, PositiveFloat, example
from components.targets import align, known_mean


@component(
    id="loss_huber",
    kind="loss",
    family="Loss",
    name="Huber loss",
    name_zh="Huber损失",
    help_zh="小误差取平方、大误差取线性，对离群点稳健的回归损失。",
    source="Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 1964",
    keywords="huber regression robust outlier 回归 离群点",
    examples=(example(prediction=(5, 3), target=(5, 3)), example(prediction=(5, 1), target=(5,), delta=0.3)),
)
class HuberLoss(nn.Module):
    r"""The mean of the errors, squared below delta and linear above.

    $$\ell = \frac{1}{M} \sum_m \begin{cases} e_m^2 / 2 & |e_m| < \delta \\ \delta (|e_m| - \delta / 2) & \text{else}
    \end{cases}, \quad e = p - t$$

    Args:
        delta: the error at which the square ends, in units of the target.

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Huber 1964; torch.nn.HuberLoss.
    """

    def __init__(self, delta: PositiveFloat = 1.0) -> None:
        super().__init__()
        self.delta = delta

    def forward(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        return known_mean(F.huber_loss(prediction, target, reduction="none", delta=self.delta), target)

    def extra_repr(self) -> str:
        return f"delta={self.delta}"

"""Smooth L1: squared for small errors, absolute for large ones."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example
from components.targets import align, known_mean


@component(
    id="loss_smooth_l1",
    kind="loss",
    family="Loss",
    name="Smooth L1 loss",
    name_zh="Smooth L1损失",
    help_zh="小误差取平方、大误差取绝对值，常用于边框回归。",
    source="Girshick, Fast R-CNN, arXiv 1504.08083",
    keywords="smooth l1 regression box robust 回归 边框",
    examples=(example(prediction=(5, 4), target=(5, 4)), example(prediction=(5, 1), target=(5,), beta=0.3)),
)
class SmoothL1Loss(nn.Module):
    r"""The mean of the errors, squared below beta and absolute above.

    $$\ell = \frac{1}{M} \sum_m \begin{cases} e_m^2 / 2\beta & |e_m| < \beta \\ |e_m| - \beta / 2 & \text{else}
    \end{cases}, \quad e = p - t$$

    Args:
        beta: the error at which the square ends, in units of the target; 0 gives the L1 loss.

    Shape:
        prediction: (B, *), such as boxes (B, 4).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Girshick, arXiv 1504.08083, equation 3; torch.nn.SmoothL1Loss.
    """

    def __init__(self, beta: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.beta = beta

    def forward(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        return known_mean(F.smooth_l1_loss(prediction, target, reduction="none", beta=self.beta), target)

    def extra_repr(self) -> str:
        return f"beta={self.beta}"

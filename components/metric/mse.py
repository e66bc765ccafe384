"""The mean squared error."""

from typing import Annotated

from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.registry import component
from components.spec import Dims, example
from components.targets import IGNORE_INDEX, align


@component(
    id="metric_mse",
    kind="metric",
    family="Metric",
    name="Mean squared error (MSE)",
    name_zh="均方误差 MSE",
    help_zh="误差平方的平均。",
    source="Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805",
    keywords="mse l2 regression 回归",
    examples=(example(prediction=(7, 3), target=(7, 3)), example(prediction=(7, 1), target=(7,))),
)
class MSE(Metric):
    r"""The mean of the squared errors.

    $$\frac{1}{M} \sum_m (p_m - t_m)^2$$

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        value: a scalar in squared units of the target.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Legendre 1805.
    """

    higher_is_better = False

    def update(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        known = target != IGNORE_INDEX
        return exact_sums((prediction - target).square() * known, known)

    def compute(self, stats: Tensor) -> Tensor:
        error, known = stats
        return error / known

"""The root of the mean squared error."""

from typing import Annotated

from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.registry import component
from components.spec import Dims, example
from components.targets import IGNORE_INDEX, align


@component(
    id="metric_rmse",
    kind="metric",
    family="Metric",
    name="Root mean squared error (RMSE)",
    name_zh="均方根误差 RMSE",
    help_zh="均方误差的平方根，单位与目标相同，大误差影响大。",
    source="Chai & Draxler, Root mean square error or mean absolute error?, Geoscientific Model Development 2014",
    keywords="rmse l2 regression 回归",
    examples=(example(prediction=(7, 3), target=(7, 3)), example(prediction=(7, 1), target=(7,))),
)
class RMSE(Metric):
    r"""The root of the mean of the squared errors.

    $$\sqrt{\frac{1}{M} \sum_m (p_m - t_m)^2}$$

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        value: a scalar in units of the target.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Chai & Draxler 2014.
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
        return (error / known).sqrt()

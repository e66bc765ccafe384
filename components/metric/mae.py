"""The mean absolute error."""

from typing import Annotated

from torch import Tensor

from components.metric._base import Metric, exact_sums
from components.registry import component
from components.spec import Dims, example
from components.targets import IGNORE_INDEX, align


@component(
    id="metric_mae",
    kind="metric",
    family="Metric",
    name="Mean absolute error (MAE)",
    name_zh="平均绝对误差 MAE",
    help_zh="误差绝对值的平均，单位与目标相同。",
    source="Willmott & Matsuura, Advantages of the mean absolute error, Climate Research 2005",
    keywords="mae l1 regression 回归",
    examples=(example(prediction=(7, 3), target=(7, 3)), example(prediction=(7, 1), target=(7,))),
)
class MAE(Metric):
    r"""The mean of the absolute errors.

    $$\frac{1}{M} \sum_m |p_m - t_m|$$

    Shape:
        prediction: (B, *).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        value: a scalar in units of the target.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Willmott & Matsuura 2005.
    """

    higher_is_better = False

    def update(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        known = target != IGNORE_INDEX
        return exact_sums((prediction - target).abs() * known, known)

    def compute(self, stats: Tensor) -> Tensor:
        error, known = stats
        return error / known

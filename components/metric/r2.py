"""The coefficient of determination."""

from typing import Annotated

import torch
from torch import Tensor

from components.metric._base import Metric, exact
from components.registry import component
from components.spec import Dims, example
from components.targets import IGNORE_INDEX, align


@component(
    id="metric_r2",
    kind="metric",
    family="Metric",
    name="R² score",
    name_zh="决定系数 R²",
    help_zh="模型解释的方差比例：1 为完美，0 等于总是预测平均值，可为负。",
    source="Wright, Correlation and Causation, Journal of Agricultural Research 1921",
    keywords="r2 r squared determination explained variance regression 回归",
    examples=(example(prediction=(7, 3), target=(7, 3)), example(prediction=(7, 1), target=(7,))),
)
class R2Score(Metric):
    r"""The share of the target's variance that the prediction explains.

    $$R^2 = 1 - \frac{\sum_m (t_m - p_m)^2}{\sum_m (t_m - \bar t)^2}$$

    With several outputs it is the mean of their scores. A target that never varies scores 1 if it is met exactly, else
    0.

    Shape:
        prediction: (B, *), the axes behind N counting the outputs.
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        value: a scalar of at most 1.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Wright 1921; the uniform average of scikit-learn.
    """

    def update(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        p, t = exact(prediction).reshape(len(prediction), -1), exact(target).reshape(len(target), -1)
        known = t != IGNORE_INDEX
        p, t = p * known, t * known
        return torch.cat((exact(known).sum(0), t.sum(0), t.square().sum(0), (p - t).square().sum(0)))

    def compute(self, stats: Tensor) -> Tensor:
        known, total, squares, residual = stats.view(4, -1)
        spread = squares - total.square() / known
        flat = spread <= torch.finfo(spread.dtype).eps * squares  # constant up to rounding
        score = 1 - residual / torch.where(flat, 1.0, spread)
        return torch.where(flat, (residual == 0).to(score.dtype), score).mean()

"""Early stopping: ends a run that no longer gets better."""

from __future__ import annotations

import math
from typing import Any, Literal

from components.registry import component
from components.spec import Count, Dims, NonNegativeFloat, example


@component(
    id="reg_early_stopping",
    kind="strategy",
    family="Strategy",
    name="Early stopping",
    name_zh="早停",
    help_zh="验证指标连续若干轮没有提升时结束训练，并保留最好的一轮。",
    source="Prechelt, Early Stopping - But When?, Neural Networks: Tricks of the Trade 1998",
    inputs={"metric": Dims("()")},
    keywords="early stopping patience overfitting 提前停止 过拟合",
    examples=(example(), example(patience=3, min_delta=0.01, mode="max")),
)
class EarlyStopping:
    """Ends a run when a metric of the validation data has not improved for some epochs.

    Args:
        patience: epochs in a row without a gain after which the run ends.
        min_delta: the smallest change that counts as a gain, in units of the metric.
        mode: whether a smaller or a greater metric is better; with ``auto`` the metric knows (a loss: smaller).

    Shape:
        metric: a scalar.

    Source: Prechelt 1998, the third class of stopping criteria. A value that is not a number is never a gain.
    """

    def __init__(
        self,
        patience: Count = 5,
        min_delta: NonNegativeFloat = 0.0,
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.auto = mode == "auto"
        self.higher_is_better = mode == "max"
        self.epoch = 0  # epochs seen
        self.best: float | None = None
        self.best_epoch: int | None = None  # counted from 1

    def watch(self, higher_is_better: bool) -> None:
        """Takes the direction of the metric at the input, where the mode leaves it open."""
        if self.auto:
            self.higher_is_better = higher_is_better

    def update(self, value: float) -> bool:
        """Takes the metric of the next epoch; whether the run should end after it."""
        self.epoch += 1
        if self._is_gain(value):
            self.best, self.best_epoch = value, self.epoch
        return self.epoch - (self.best_epoch or 0) >= self.patience

    def _is_gain(self, value: float) -> bool:
        if math.isnan(value) or self.best is None:
            return not math.isnan(value)
        gain = value - self.best if self.higher_is_better else self.best - value
        return gain > self.min_delta

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs, as plain numbers."""
        return {"epoch": self.epoch, "best": self.best, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from what ``state_dict`` gave."""
        self.epoch, self.best, self.best_epoch = state["epoch"], state["best"], state["best_epoch"]

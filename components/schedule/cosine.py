"""A learning rate that falls along a cosine, once or in periods."""

from __future__ import annotations

import math

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Count, Dims, Probability, example


@component(
    id="sched_cosine",
    kind="scheduler",
    family="Schedule",
    name="Cosine annealing",
    name_zh="余弦退火",
    help_zh="学习率沿余弦曲线从最大值平滑降到最小值；可设周期热重启。",
    source="Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, arXiv 1608.03983",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate cosine annealing warm restarts sgdr 学习率 余弦 重启",
    examples=(example(), example(min_factor=0.1, period=3, period_growth=2)),
)
class CosineSchedule(Schedule):
    r"""Lets the learning rate fall along half a cosine, over the run or in periods that start again.

    $$\eta_e = \eta \left(f + (1 - f) \tfrac{1}{2} (1 + \cos(\pi \, e / E))\right)$$

    Args:
        min_factor: the factor of the rate at the end.
        period: epochs until the rate starts again from the top; none for one fall over the whole run.
        period_growth: how many times longer each period is than the one before.

    Source: Loshchilov & Hutter, arXiv 1608.03983, equation 5; torch.optim.lr_scheduler.CosineAnnealingLR and
    CosineAnnealingWarmRestarts.
    """

    def __init__(
        self,
        min_factor: Probability = 0.0,
        period: Count | None = None,
        period_growth: Count = 1,
    ) -> None:
        self.min_factor, self.period, self.period_growth = min_factor, period, period_growth

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        if self.period is not None:  # the place within the current period
            length = self.period
            while epoch >= length:
                epoch, length = epoch - length, length * self.period_growth
            epochs = length
        fall = (1 + math.cos(math.pi * share_done(epoch, epochs))) / 2
        return self.min_factor + (1 - self.min_factor) * fall

"""A learning rate that falls by the same share in every epoch."""

from __future__ import annotations

from components.registry import component
from components.schedule._base import Schedule
from components.spec import Dims, Probability, example


@component(
    id="sched_exponential",
    kind="scheduler",
    family="Schedule",
    name="Exponential decay",
    name_zh="学习率指数衰减",
    help_zh="学习率每一轮乘以同一个系数。",
    source="torch.optim.lr_scheduler.ExponentialLR",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate exponential decay 学习率 衰减",
    examples=(example(), example(gamma=0.5)),
)
class ExponentialSchedule(Schedule):
    r"""Multiplies the learning rate by the same factor in every epoch.

    $$\eta_e = \eta \, \gamma^e$$

    Args:
        gamma: the factor of the rate in each epoch.

    Source: torch.optim.lr_scheduler.ExponentialLR, continuous within an epoch.
    """

    def __init__(
        self,
        gamma: Probability = 0.95,
    ) -> None:
        self.gamma = gamma

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        return self.gamma**epoch

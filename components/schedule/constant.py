"""A learning rate that stays as it is."""

from __future__ import annotations

from components.registry import component
from components.schedule._base import Schedule
from components.spec import Dims, PositiveFloat, example


@component(
    id="sched_constant",
    kind="scheduler",
    family="Schedule",
    name="Constant rate",
    name_zh="恒定学习率",
    help_zh="整个训练过程中学习率不变。",
    source="torch.optim.lr_scheduler.ConstantLR",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate constant lr 学习率",
    examples=(example(), example(scale=0.5)),
)
class ConstantSchedule(Schedule):
    r"""Keeps the learning rate at a fixed multiple of the optimizer's.

    $$\eta_e = s \, \eta$$

    Args:
        scale: the factor of the optimizer's rate.

    Source: torch.optim.lr_scheduler.ConstantLR, lasting for the whole run.
    """

    def __init__(
        self,
        scale: PositiveFloat = 1.0,
    ) -> None:
        self.scale = scale

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        return self.scale

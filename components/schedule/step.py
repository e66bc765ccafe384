"""A learning rate that falls in steps."""

from __future__ import annotations

import math

from components.registry import component
from components.schedule._base import Schedule
from components.spec import Count, Dims, PositiveFloat, example


@component(
    id="sched_step",
    kind="scheduler",
    family="Schedule",
    name="Step decay",
    name_zh="学习率阶梯衰减",
    help_zh="每隔若干轮（或在指定的轮次）把学习率乘以一个系数。",
    source="He et al., Deep Residual Learning for Image Recognition, arXiv 1512.03385",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate step multi-step milestones decay 学习率 衰减",
    examples=(example(), example(gamma=0.5, milestones=(3, 7))),
)
class StepSchedule(Schedule):
    r"""Multiplies the learning rate by a factor every few epochs, or at given epochs.

    $$\eta_e = \eta \, \gamma^{\lfloor e / s \rfloor}$$

    Args:
        step_size: epochs between two changes.
        gamma: the factor of each change.
        milestones: the epochs of the changes; where given, step_size has no effect.

    Source: He et al., arXiv 1512.03385, section 3.4; torch.optim.lr_scheduler.StepLR and MultiStepLR.
    """

    def __init__(
        self,
        step_size: Count = 10,
        gamma: PositiveFloat = 0.1,
        milestones: tuple[Count, ...] = (),
    ) -> None:
        self.step_size, self.gamma, self.milestones = step_size, gamma, milestones

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        if self.milestones:
            changes = sum(epoch >= milestone for milestone in self.milestones)
        else:
            changes = math.floor(epoch / self.step_size)
        return self.gamma**changes

"""A learning rate that rises at the start of a run."""

from __future__ import annotations

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Dims, PositiveFloat, Probability, example


@component(
    id="sched_warmup",
    kind="scheduler",
    family="Schedule",
    name="Linear warm-up",
    name_zh="学习率预热",
    help_zh="开头若干轮把学习率从低到高线性升起，然后交给后续的学习率调度。",
    source="Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour, arXiv 1706.02677",
    inputs={"then?": Dims("()", kind="schedule")},
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate warm-up warmup linear scaling 学习率 预热",
    examples=(example(), example(length=2.5, start=0.1, scale=4.0)),
)
class WarmupSchedule(Schedule):
    r"""Raises the learning rate evenly over the first epochs, then hands over to the schedule at its input.

    $$\eta_e = \eta \, \left(s + (k - s) \min(e / L, 1)\right) \, \mathrm{then}$$

    The schedule at ``then`` begins when the warm-up ends, and multiplies the rate.

    Args:
        length: epochs of the warm-up.
        start: the factor of the rate at the beginning.
        scale: the factor at the end and from then on: the k of the linear scaling rule, for a batch k times as large.

    Source: Goyal et al., arXiv 1706.02677, section 2.2; torch.optim.lr_scheduler.LinearLR.
    """

    def __init__(
        self,
        length: PositiveFloat = 5.0,
        start: Probability = 0.0,
        scale: PositiveFloat = 1.0,
    ) -> None:
        self.length, self.start, self.scale = length, start, scale

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        risen = share_done(epoch, self.length)
        return then * (self.start + (self.scale - self.start) * risen)

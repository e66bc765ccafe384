"""A learning rate that rises to a peak and falls far below its start."""

from __future__ import annotations

import math

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Dims, Probability, example


def _ease(start: float, end: float, share: float) -> float:
    """Half a cosine from ``start`` (share 0) to ``end`` (share 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


@component(
    id="sched_one_cycle",
    kind="scheduler",
    family="Schedule",
    name="One cycle",
    name_zh="单周期学习率",
    help_zh="先升到峰值再降到极小值，可用较大学习率快速训练。",
    source="Smith & Topin, Super-Convergence, arXiv 1708.07120",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate one cycle super-convergence 学习率 单周期",
    examples=(example(), example(peak=0.5, start=0.1, end=0.01)),
)
class OneCycleSchedule(Schedule):
    r"""Lets the learning rate rise to a peak and fall far below its start, each along half a cosine.

    $$\eta_e = \eta \cdot \begin{cases} \mathrm{ease}(s, 1, \frac{e}{pE}) & e < pE \\
    \mathrm{ease}(1, f, \frac{e - pE}{(1 - p)E}) & \text{else} \end{cases}, \quad
    \mathrm{ease}(a, b, u) = b + \tfrac{a - b}{2} (1 + \cos \pi u)$$

    Args:
        peak: the share of the run at which the rate is greatest.
        start: the factor of the rate at the beginning.
        end: the factor at the end.

    Source: Smith & Topin, arXiv 1708.07120; torch.optim.lr_scheduler.OneCycleLR, whose cycle of the momentum is left
    out.
    """

    def __init__(
        self,
        peak: Probability = 0.3,
        start: Probability = 0.04,
        end: Probability = 4e-6,
    ) -> None:
        self.peak, self.start, self.end = peak, start, end

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        done = share_done(epoch, epochs)
        if done < self.peak:
            return _ease(self.start, 1.0, done / self.peak)
        return _ease(1.0, self.end, (done - self.peak) / (1 - self.peak) if self.peak < 1 else 0.0)

"""A learning rate for averaging weights: it goes over to a constant one near the end."""

from __future__ import annotations

import math
from typing import Literal

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Dims, PositiveFloat, Probability, example


@component(
    id="sched_swa_lr",
    kind="scheduler",
    family="Schedule",
    name="SWA learning rate",
    name_zh="SWA 学习率",
    help_zh="后期把学习率平滑过渡到一个固定值并保持，配合随机权重平均使用。",
    source="Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, arXiv 1803.05407",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="learning rate swa stochastic weight averaging constant 学习率 权重平均",
    examples=(example(), example(start=0.5, length=2.5, scale=0.1, curve="linear")),
)
class SWASchedule(Schedule):
    r"""Keeps the learning rate, then lets it go over to a constant one, at which weights are worth averaging.

    $$\eta_e = \eta \, \left(1 + (s - 1) \, \alpha\!\left(\frac{e - e_0}{L}\right)\right), \quad
    \alpha(t) = \tfrac{1}{2} (1 - \cos \pi t) \ \text{or} \ t, \quad 0 \le t \le 1$$

    Args:
        start: the share of the run after which the change begins: e_0 of all epochs.
        length: epochs that the change takes.
        scale: the factor of the rate from then on; above 1 where the weights should keep exploring.
        curve: the form of the change.

    Source: Izmailov et al., arXiv 1803.05407, section 3; torch.optim.swa_utils.SWALR.
    """

    def __init__(
        self,
        start: Probability = 0.75,
        length: PositiveFloat = 5.0,
        scale: PositiveFloat = 0.5,
        curve: Literal["cosine", "linear"] = "cosine",
    ) -> None:
        self.start, self.duration, self.scale, self.curve = start, length, scale, curve

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        done = share_done(max(epoch - self.start * epochs, 0.0), self.duration)
        if self.curve == "cosine":
            done = (1 - math.cos(math.pi * done)) / 2
        return 1 + (self.scale - 1) * done

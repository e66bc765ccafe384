"""A strength that rises over a run: for what helps later and hinders early."""

from __future__ import annotations

import math
from typing import Literal

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Dims, PositiveFloat, example


@component(
    id="sched_ramp_up",
    kind="scheduler",
    family="Schedule",
    name="Ramp-up",
    name_zh="渐升",
    help_zh="从接近 0 平滑升到 1：用于梯度反转或一致性损失的强度。",
    source="Ganin et al., Domain-Adversarial Training of Neural Networks, arXiv 1505.07818",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="sigmoid gaussian rise dann mean teacher consistency weight 上升 强度 一致性",
    examples=(example(), example(curve="gaussian", length=8.0)),
)
class RampUpSchedule(Schedule):
    r"""Rises to 1 along a curve, and stays there.

    $$f(p) = \frac{2}{1 + e^{-10 p}} - 1 \quad \text{(sigmoid)}, \qquad f(p) = e^{-5 (1 - p)^2}
    \quad \text{(gaussian)}$$

    Args:
        curve: sigmoid, which begins at 0, rises at once and ends at 0.9999; or gaussian, which begins at 0.0067, rises
            late and ends at 1.
        length: epochs of the rise, in which p goes from 0 to 1; none for the whole run.

    Source: sigmoid, Ganin et al., arXiv 1505.07818, section 5.2.2; gaussian, Laine & Aila, arXiv 1610.02242, section 2.
    """

    def __init__(self, curve: Literal["sigmoid", "gaussian"] = "sigmoid", length: PositiveFloat | None = None) -> None:
        self.curve, self.rise = curve, length

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        p = share_done(epoch, epochs if self.rise is None else self.rise)
        return 2 / (1 + math.exp(-10 * p)) - 1 if self.curve == "sigmoid" else math.exp(-5 * (1 - p) ** 2)

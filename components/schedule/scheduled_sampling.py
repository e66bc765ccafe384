"""Scheduled sampling: how likely a decoder reads the true token, over a run."""

from __future__ import annotations

import math
from typing import Literal

from components.registry import component
from components.schedule._base import Schedule, share_done
from components.spec import Dims, PositiveFloat, Probability, example


@component(
    id="seq2seq_scheduled_sampling",
    kind="scheduler",
    family="Seq2Seq",
    name="Scheduled sampling",
    name_zh="计划采样",
    help_zh="训练中解码器读取真实词的概率，由 1 逐渐降低，使模型学会接着自己的输出往下写；接到解码器的 schedule 端口。",
    source="Bengio et al., Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks, arXiv 1506.03099",
    outputs={"schedule": Dims("()", kind="schedule")},
    keywords="teacher forcing curriculum decoder exposure bias 教师强制 课程 解码",
    examples=(
        example(),
        example(decay="exponential", speed=0.8, min_factor=0.1),
        example(decay="inverse sigmoid", speed=3.0),
    ),
)
class ScheduledSampling(Schedule):
    r"""Lowers the probability of the true token, so that a decoder learns to go on from its own output.

    $$\epsilon_e = \max\!\left(f,\; 1 - (1 - f) \tfrac{e}{E}\right), \quad \max(f, k^e)
    \quad\text{or}\quad \max\!\left(f, \frac{k}{k + \exp(e / k)}\right)$$

    Args:
        decay: a line from 1 to the least probability over the run, a power, or an inverse sigmoid.
        speed: the constant k: for "exponential" the factor of an epoch, less than 1; for "inverse sigmoid" the epochs
            that stretch the curve, at least 1; a line does without.
        min_factor: the least probability f.

    Raises:
        ValueError: speed does not suit the decay.

    Source: Bengio et al., arXiv 1506.03099, section 2.4, in epochs instead of steps.
    """

    def __init__(
        self,
        decay: Literal["linear", "exponential", "inverse sigmoid"] = "linear",
        speed: PositiveFloat | None = None,
        min_factor: Probability = 0.0,
    ) -> None:
        self.decay: str = decay
        self.speed = {"linear": 1.0, "exponential": 0.95, "inverse sigmoid": 5.0}[decay] if speed is None else speed
        self.min_factor = min_factor

    def factor(self, epoch: float, epochs: float, then: float = 1.0) -> float:
        if self.decay == "linear":
            return 1 - (1 - self.min_factor) * share_done(epoch, epochs)
        k = self.speed
        if self.decay == "exponential":
            return max(self.min_factor, k**epoch)
        return max(self.min_factor, 1 / (1 + math.exp(min(epoch / k, 700.0)) / k))

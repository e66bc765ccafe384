"""The weight of a loss among others, which may follow a schedule."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, example


@component(
    id="loss_weight",
    kind="layer",
    family="Loss",
    name="Loss weight",
    name_zh="损失权重",
    help_zh="把损失乘以权重，可接一个调度使权重随训练变化，例如逐渐升高的正则项。",
    source="Linear scalarisation; Zadeh, Optimality and non-scalar-valued performance criteria, IEEE TAC 1963",
    schedules=("schedule",),
    keywords="coefficient lambda weighted sum warm-up multi-task 系数 加权 预热 多任务",
    examples=(example(x=(), weight=0.3), example(x=(5, 3), weight=-2.0)),
)
class LossWeight(Scheduled):
    r"""Multiplies a loss by its weight and by the value of a schedule.

    $$y = w\, f\, x$$

    Args:
        weight: the weight w.

    Shape:
        x: a scalar, or any shape.
        y: the same.
        schedule: the factor f, 1 where nothing is wired.

    Source: linear scalarisation, Zadeh 1963.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Dims("*")]:
        return self.weight * self.factor * x

    def extra_repr(self) -> str:
        return f"weight={self.weight}"

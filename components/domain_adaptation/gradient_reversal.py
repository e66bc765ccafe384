"""Gradient reversal: nothing happens forward, and gradients change their sign."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.scheduled import Scheduled
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="layer_grl",
    kind="layer",
    family="Domain adaptation",
    name="Gradient reversal",
    name_zh="梯度反转层",
    help_zh="前向不变，反向把梯度取负：前面的网络学着骗过后面的判别器。",
    source="Ganin et al., Domain-Adversarial Training of Neural Networks, arXiv 1505.07818",
    schedules=("schedule",),
    keywords="grl dann adversarial domain adaptation reverse 对抗 域适应 反转",
    tags=("batch_independent",),
    examples=(example(x=(2, 3)), example(x=(2, 3, 5, 7), strength=0.5)),
)
class GradientReversal(Scheduled):
    r"""Passes values on and turns the gradient round: what stands before it climbs what stands behind it descends.

    $$y = x, \qquad \frac{\partial y}{\partial x} = -\lambda f$$

    Args:
        strength: the factor lambda of the reversed gradient.

    Shape:
        x: (*), any shape.
        schedule: the factor f; 1 where none is wired.
        y: (*), the same as x.

    Source: Ganin et al., arXiv 1505.07818, section 4.2.
    """

    def __init__(self, strength: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, x: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Dims("*")]:
        fixed = x.detach()
        return fixed - self.strength * self.factor * (x - fixed)  # the difference is 0, its gradient is not

    def extra_repr(self) -> str:
        return f"strength={self.strength}"

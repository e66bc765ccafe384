"""Flooding: a training loss that does not fall below a level."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example


@component(
    id="reg_flooding",
    kind="layer",
    family="Regularization",
    name="Flooding",
    name_zh="Flooding 洪泛正则化",
    help_zh="训练损失低于给定水平时改为上升，使其围绕该水平浮动，避免训练损失降为零；评估时不变。",
    source="Ishida et al., Do We Need Zero Training Loss After Achieving Zero Training Error?, arXiv 2002.08709",
    keywords="flood level overfitting training loss 洪泛水平 过拟合 训练损失",
    examples=(example(loss=(), level=0.1), example(loss=(), level=2.0)),
)
class Flooding(nn.Module):
    r"""Turns a loss round where it is below a level, in training.

    $$\ell' = |\ell - b| + b$$

    Args:
        level: the level b; 0 changes nothing for a loss that is not negative.

    Shape:
        loss: a scalar, before and behind it; in evaluation unchanged.

    Source: Ishida et al., arXiv 2002.08709, equation 1.
    """

    def __init__(self, level: NonNegativeFloat = 0.05) -> None:
        super().__init__()
        self.level = level

    def forward(self, loss: Annotated[Tensor, Dims("()")]) -> Annotated[Tensor, Ports(loss="()")]:
        return (loss - self.level).abs() + self.level if self.training else loss

    def extra_repr(self) -> str:
        return f"level={self.level}"

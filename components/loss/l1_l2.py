"""The two plain regression losses behind one switch, as box regression uses them."""

from typing import Annotated, Literal

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, example
from components.targets import align, known_mean


@component(
    id="loss_l1_l2",
    kind="loss",
    family="Loss",
    name="L1 or L2 loss",
    name_zh="L1与L2损失",
    help_zh="误差绝对值（power=1）或误差平方（power=2）的平均，常用于边框回归。",
    source="Girshick et al., R-CNN, arXiv 1311.2524",
    keywords="mae mse l1 l2 regression box 回归 边框",
    examples=(example(prediction=(5, 4), target=(5, 4)), example(prediction=(5, 4), target=(5, 4), power=2)),
)
class L1L2Loss(nn.Module):
    r"""The mean of the absolute errors, or of their squares.

    $$\ell = \frac{1}{M} \sum_m |p_m - t_m|^k, \quad k \in \{1, 2\}$$

    Args:
        power: the power k of the error.

    Shape:
        prediction: (B, *), such as boxes (B, 4).
        target: as prediction; a last axis of size 1 may be missing. An entry of -100 is unknown and left out.
        loss: a scalar.

    Raises:
        ValueError: prediction and target differ in shape.

    Source: Girshick et al., arXiv 1311.2524; torch.nn.L1Loss and torch.nn.MSELoss.
    """

    def __init__(self, power: Literal[1, 2] = 1) -> None:
        super().__init__()
        self.power = power

    def forward(
        self, prediction: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B *", dtype="any")]
    ) -> Tensor:
        prediction, target = align(prediction, target)
        error = prediction - target
        return known_mean(error.abs() if self.power == 1 else error.square(), target)

    def extra_repr(self) -> str:
        return f"power={self.power}"

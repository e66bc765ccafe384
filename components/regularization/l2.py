"""L2 regularization: weights pay for their squares."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example


@component(
    id="reg_l2",
    kind="regularizer",
    family="Regularization",
    name="L2 regularization (weight decay)",
    name_zh="L2 正则化（权重衰减）",
    help_zh="惩罚权重的平方和，使权重保持较小。在层或优化器的设置中选择时作用于其权重；放在画布上则作用于所连的张量。",
    source="Krogh & Hertz, A Simple Weight Decay Can Improve Generalization, NeurIPS 1991",
    keywords="weight decay ridge tikhonov penalty activity 权重衰减 岭回归 惩罚",
    tags=("weights",),
    examples=(example(w=(5, 3), strength=0.1), example(w=(5, 3, 2), strength=0.01), example(w=(7,), strength=1.0)),
)
class L2(nn.Module):
    r"""Penalizes the squares of weights, or of what is wired to it.

    $$\ell = \lambda \sum_i w_i^2$$

    Args:
        strength: the factor lambda; plain SGD with a weight decay of 2 lambda takes the same steps.

    Shape:
        w: any.
        loss: a scalar, to be added to the loss.

    Source: Krogh & Hertz, NeurIPS 1991, equation 1, where lambda is halved.
    """

    def __init__(self, strength: NonNegativeFloat = 1e-4) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, w: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Ports(loss="()")]:
        return self.strength * w.square().sum()

    def extra_repr(self) -> str:
        return f"strength={self.strength}"

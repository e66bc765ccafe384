"""The elastic net: L1 and L2 regularization in one."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, Probability, example


@component(
    id="reg_elastic_net",
    kind="regularizer",
    family="Regularization",
    name="Elastic net",
    name_zh="弹性网络正则化",
    help_zh="L1 与 L2 的加权和：既稀疏，又让相关的权重一起保留。在层或优化器的设置中选择时作用于其权重；放在画布上则作用于所连的张量。",
    source="Zou & Hastie, Regularization and variable selection via the elastic net, JRSS B 2005",
    keywords="l1 l2 lasso ridge sparse penalty 稀疏 套索 岭回归 惩罚",
    tags=("weights",),
    examples=(
        example(w=(5, 3), strength=0.1),
        example(w=(5, 3, 2), strength=0.01, l1_ratio=0.0),
        example(w=(7,), strength=1.0, l1_ratio=1.0),
    ),
)
class ElasticNet(nn.Module):
    r"""Penalizes magnitudes and squares of weights, or of what is wired to it.

    $$\ell = \lambda \sum_i \left(\rho\, |w_i| + (1 - \rho)\, w_i^2\right)$$

    Args:
        strength: the factor lambda.
        l1_ratio: the share rho of L1; 0 is L2 alone, 1 is L1 alone.

    Shape:
        w: any.
        loss: a scalar, to be added to the loss.

    Source: Zou & Hastie, JRSS B 2005, section 2.1. scikit-learn halves the term of the squares.
    """

    def __init__(self, strength: NonNegativeFloat = 1e-4, l1_ratio: Probability = 0.5) -> None:
        super().__init__()
        self.strength, self.l1_ratio = strength, l1_ratio

    def forward(self, w: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Ports(loss="()")]:
        return self.strength * (self.l1_ratio * w.abs().sum() + (1 - self.l1_ratio) * w.square().sum())

    def extra_repr(self) -> str:
        return f"strength={self.strength}, l1_ratio={self.l1_ratio}"

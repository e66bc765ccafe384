"""L1 regularization: weights pay for their size, and many become zero."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, Ports, example


@component(
    id="reg_l1",
    kind="regularizer",
    family="Regularization",
    name="L1 regularization",
    name_zh="L1 正则化",
    help_zh="惩罚权重的绝对值之和，使许多权重趋于零。在层或优化器的设置中选择时作用于其权重；放在画布上则作用于所连的张量，例如稀疏激活。",
    source="Tibshirani, Regression Shrinkage and Selection via the Lasso, JRSS B 1996",
    keywords="lasso sparse sparsity penalty activity 稀疏 套索 惩罚 激活",
    tags=("weights",),
    examples=(example(w=(5, 3), strength=0.1), example(w=(5, 3, 2), strength=0.01), example(w=(7,), strength=1.0)),
)
class L1(nn.Module):
    r"""Penalizes the magnitudes of weights, or of what is wired to it.

    $$\ell = \lambda \sum_i |w_i|$$

    Args:
        strength: the factor lambda; also the size of the gradient at every weight but 0.

    Shape:
        w: any.
        loss: a scalar, to be added to the loss.

    Source: Tibshirani, JRSS B 1996, in its penalty form. The gradient at 0 is 0, so weights come close to 0 and swing
    around it by the learning rate times lambda.
    """

    def __init__(self, strength: NonNegativeFloat = 1e-5) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, w: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Ports(loss="()")]:
        return self.strength * w.abs().sum()

    def extra_repr(self) -> str:
        return f"strength={self.strength}"

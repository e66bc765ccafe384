"""Double backpropagation: a classifier whose loss hardly changes with the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.slope import squared_slope
from components.spec import Block, Dims, NonNegativeFloat, example, ints, sub
from components.targets import IGNORE_INDEX


@component(
    id="reg_gradient_penalty",
    kind="loss",
    family="Regularization",
    name="Input gradient penalty (double backpropagation)",
    name_zh="输入梯度惩罚（双重反向传播）",
    help_zh="惩罚分类损失对输入的梯度，使输入的小变化不影响预测；与分类损失相加。",
    source="Drucker & LeCun, Improving generalization performance using double backpropagation, 1992",
    keywords="double backprop gradient regularization robustness smooth jacobian 梯度正则化 鲁棒 平滑",
    examples=(
        example(x=(5, 3), target=ints(5, high=2), model=sub("linear", in_features=3, out_features=2)),
        example(x=(4, 3), target=ints(4, high=5), model=sub("linear", in_features=3, out_features=5), strength=0.5),
    ),
    xfail={"gradient": "it trains the model alone: what made its input gets no gradient"},
)
class InputGradientPenalty(nn.Module):
    r"""The squared slope of the cross entropy at the samples.

    $$\ell = \frac{\lambda}{B} \sum_b \big\lVert \nabla_x \mathrm{CE}(f(x_b), t_b) \big\rVert^2$$

    The loss differentiates a gradient, so the model's layers need second derivatives, and batch normalization does not
    suit it: it ties the samples of a batch together.

    Args:
        model: the classifier f, with its weights, from x to logits (B, K).
        strength: the factor lambda.

    Shape:
        x: (B, *).
        target: (B,), integers in [0, K); a sample whose target is unknown (-100) adds nothing.
        loss: a scalar, for what trains the model; nothing else gets a gradient from it.

    Source: Drucker & LeCun, IEEE Transactions on Neural Networks 1992, with a factor for their 1/2.
    """

    def __init__(
        self,
        model: Annotated[Callable[..., Tensor], Block("x: B *", "logits: B K")],
        strength: NonNegativeFloat = 1.0,
    ) -> None:
        super().__init__()
        self.model, self.strength = model, strength

    def forward(self, x: Annotated[Tensor, Dims("B *")], target: Annotated[Tensor, Dims("B", dtype="int")]) -> Tensor:
        def loss(point: Tensor) -> Tensor:
            return F.cross_entropy(self.model(point), target, ignore_index=IGNORE_INDEX, reduction="none")

        return self.strength * squared_slope(loss, x).mean()

    def extra_repr(self) -> str:
        return f"strength={self.strength}"

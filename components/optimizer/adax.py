"""AdaX: Adam with a memory that grows longer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adax",
    kind="optimizer",
    family="Optimizer",
    name="AdaX",
    name_zh="AdaX",
    help_zh="二阶矩给早期梯度更大的权重，越到后期自适应越平稳，避免 Adam 的早熟收敛。",
    source="Li et al., AdaX: Adaptive Gradient Descent with Exponential Long Term Memory, arXiv 2004.09740",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adax adam long term memory 长期记忆",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.1), weight_decay=0.1)),
)
class AdaX(UpdateRule):
    r"""Scales steps by an average of the squared gradient in which early gradients weigh most.

    $$w_{t+1} = (1 - \eta \lambda) \, w_t - \eta \, \frac{m_t}{\sqrt{\hat v_t} + \epsilon}, \quad
    m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t$$

    $$v_t = (1 + \beta_2) v_{t-1} + \beta_2 g_t^2, \quad \hat v_t = \frac{v_t}{(1 + \beta_2)^t - 1}$$

    Args:
        lr: the learning rate, the factor of every step.
        betas: the share of the last average of the gradient that is kept, and by how much the sum of squares grows.
        eps: added to the denominator.
        weight_decay: each step shrinks the weights by lr times this share, apart from the gradient.

    Source: Li et al., arXiv 2004.09740, algorithms 2 and 3 (AdaX-W). It keeps the corrected average itself, since the sum grows
    without bound.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 5e-3,
        betas: tuple[DropRate, PositiveFloat] = (0.9, 1e-4),
        eps: PositiveFloat = 1e-12,
        weight_decay: NonNegativeFloat = 0.05,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def start(self, weight: Tensor) -> State:
        return {"step": 0, "average": torch.zeros_like(weight), "square": torch.zeros_like(weight)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        lr, (kept, growth) = group["lr"], group["betas"]
        for weight, gradient, state in zip(weights, gradients, states, strict=True):
            state["step"] += 1
            state["average"].lerp_(gradient, 1 - kept)
            state["square"].lerp_(gradient.square(), _newest_share(growth, state["step"]))
            weight.mul_(1 - lr * group["weight_decay"])
            weight.addcdiv_(state["average"], state["square"].sqrt().add_(group["eps"]), value=-lr)


def _newest_share(growth: float, step: int) -> float:
    """The weight of the newest square in the corrected average, growth / ((1 + growth)^step - 1)."""
    exponent = -step * math.log1p(growth)  # the power itself would overflow in a long run
    return growth * math.exp(exponent) / -math.expm1(exponent)

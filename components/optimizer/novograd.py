"""NovoGrad: momentum on gradients that are scaled to one size for each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_novograd",
    kind="optimizer",
    family="Optimizer",
    name="NovoGrad",
    name_zh="NovoGrad",
    help_zh="按层归一化梯度，二阶矩每层只有一个数，再加动量与解耦权重衰减。",
    source="Ginsburg et al., Stochastic Gradient Methods with Layer-wise Adaptive Moments, arXiv 1905.11286",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="novograd layer-wise moment 逐层 归一化梯度",
    examples=(example(lr=0.05), example(lr=0.05, betas=(0.5, 0.9), weight_decay=0.1)),
)
class NovoGrad(UpdateRule):
    r"""Divides the gradient of each tensor by the running size of it, and keeps a velocity of that.

    $$m_t = \beta_1 m_{t-1} + \frac{g_t}{\sqrt{v_t} + \epsilon} + \lambda w_t, \quad w_{t+1} = w_t - \eta m_t, \quad
    v_t = \beta_2 v_{t-1} + (1 - \beta_2) \lVert g_t \rVert^2, \quad v_1 = \lVert g_1 \rVert^2$$

    The norm is that of a whole tensor, so $v$ is one number for each.

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last velocity and of the last average of the squared norm that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to the scaled gradient.

    Source: Ginsburg et al., arXiv 1905.11286, algorithm 1.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.01,
        betas: tuple[DropRate, DropRate] = (0.95, 0.98),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def start(self, weight: Tensor) -> State:
        return {"step": 0, "square": weight.new_zeros(()), "velocity": torch.zeros_like(weight)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        kept, kept_square = group["betas"]
        for weight, gradient, state in zip(weights, gradients, states, strict=True):
            state["step"] += 1
            square = state["square"]
            square.lerp_(gradient.square().sum(), 1 - kept_square if state["step"] > 1 else 1.0)
            velocity = state["velocity"].mul_(kept).add_(gradient / (square.sqrt() + group["eps"]))
            velocity.add_(weight, alpha=group["weight_decay"])
            weight.sub_(velocity, alpha=group["lr"])

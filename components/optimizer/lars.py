"""LARS: momentum whose steps are relative to the weights of each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule, trust_ratios
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_lars",
    kind="optimizer",
    family="Optimizer",
    name="LARS",
    name_zh="LARS",
    help_zh="每层的步长按权重范数与梯度范数之比缩放，适合大批量训练。",
    source="You et al., Large Batch Training of Convolutional Networks, arXiv 1708.03888",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="lars large batch layer-wise trust ratio 大批量 逐层",
    examples=(example(lr=10.0), example(lr=5.0, momentum=0.5, trust=0.01, weight_decay=0.01)),
)
class LARS(UpdateRule):
    r"""Scales the step of each tensor of weights by the ratio of their norm to the norm of their gradient.

    $$v_{t+1} = \mu v_t + \eta \, \frac{\kappa \lVert w_t \rVert}{\lVert g_t \rVert + \lambda \lVert w_t \rVert} \,
    (g_t + \lambda w_t), \quad w_{t+1} = w_t - v_{t+1}$$

    Where the numerator or the denominator is 0, the ratio is 1: weights of zero can move.

    Args:
        lr: the learning rate, the factor of every step.
        momentum: the share of the last step that is kept.
        trust: how far a tensor moves in a step, relative to its norm: the kappa of the formula.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: You et al., arXiv 1708.03888, algorithm 1.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 1.0,
        momentum: DropRate = 0.9,
        trust: PositiveFloat = 0.001,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "trust": trust, "weight_decay": weight_decay})

    def start(self, weight: Tensor) -> State:
        return {"velocity": torch.zeros_like(weight)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        decay, trust = group["weight_decay"], group["trust"]
        norms = torch._foreach_norm(weights)
        below = torch._foreach_add(torch._foreach_norm(gradients), norms, alpha=decay)
        ratios = trust_ratios(torch._foreach_mul(norms, trust), below)
        steps = torch._foreach_mul(torch._foreach_add(gradients, weights, alpha=decay), ratios)
        velocities = [state["velocity"] for state in states]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, steps, alpha=group["lr"])
        torch._foreach_sub_(weights, velocities)

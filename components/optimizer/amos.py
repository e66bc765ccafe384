"""Amos: Adam that finds its decay of weights and of the learning rate itself."""

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
    id="opt_amos",
    kind="optimizer",
    family="Optimizer",
    name="Amos",
    name_zh="Amos",
    help_zh="按各层预期的权重尺度设定步长，并自动推导权重衰减与学习率衰减。",
    source="Tian & Parikh, Amos: An Adam-style Optimizer with Adaptive Weight Decay towards Model-Oriented Scale, arXiv 2210.11693",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="amos adam adaptive weight decay scale 权重衰减 尺度",
    examples=(example(lr=0.1), example(lr=0.1, beta=0.9, scale=2.0, momentum=0.5, weight_decay=0.01)),
)
class Amos(UpdateRule):
    r"""Lets both learning rate and weight decay follow from the size that the weights of a tensor should come to.

    $$w_{t+1} = w_t - d_t \left(\eta \xi \, \frac{g_t}{\sqrt{\hat v_t}} + \left(\tfrac{1}{2} \gamma_t + \lambda\right) w_t\right),
    \quad \gamma_t = c_t \, \xi^2 \, \frac{\overline{g_t^2}}{\hat v_t}, \quad b_{t+1} = b_t + \gamma_t (1 + b_t)$$

    $$c_t = \left(1 + \tfrac{1}{4} \sqrt{\xi} \, b_t\right)^{-1/2}, \quad
    d_t = \left(1 + \tfrac{1}{4} \sqrt{\eta \xi} \, b_t\right)^{-1}$$

    $\overline{g^2}$, its running average $v$ and $b$ are one number for each tensor. The size $\eta$ is
    $\sqrt{2 / \text{fan-in}}$ for tensors with two axes or more and 0.5 for vectors.

    Args:
        lr: the xi of the formula; about one over the root of the number of batches in the data.
        beta: the share of the last average of the squared gradient that is kept; 1 - beta about as large as lr.
        momentum: the share of the last step that is kept in a running average of the steps.
        scale: the factor of the size that the weights of every tensor should come to.
        weight_decay: weight decay beside the one that is found.
        eps: the least average of the squared gradient.

    Source: Tian & Parikh, arXiv 2210.11693, algorithm 1, with one slot for each tensor.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.01,
        beta: DropRate = 0.999,
        momentum: DropRate = 0.0,
        scale: PositiveFloat = 1.0,
        weight_decay: NonNegativeFloat = 0.0,
        eps: PositiveFloat = 1e-18,
    ) -> None:
        super().__init__(
            params,
            {"lr": lr, "beta": beta, "momentum": momentum, "scale": scale, "weight_decay": weight_decay, "eps": eps},
        )

    def start(self, weight: Tensor) -> State:
        return {
            "step": 0,
            "square": weight.new_zeros(()),
            "decay": weight.new_zeros(()),
            "average": torch.zeros_like(weight),
        }

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        lr, beta, momentum = group["lr"], group["beta"], group["momentum"]
        for weight, gradient, state in zip(weights, gradients, states, strict=True):
            state["step"] += 1
            square, decay = state["square"], state["decay"]
            size = lr * group["scale"] * expected_size(weight)
            newest = gradient.square().mean()
            square.lerp_(newest, 1 - beta)
            inverse = (1 - beta ** state["step"]) / square.clamp_min(group["eps"])
            gamma = lr**2 * inverse * newest * torch.rsqrt(1 + 0.25 * math.sqrt(lr) * decay)
            step = size * inverse.sqrt() * gradient + (0.5 * gamma + group["weight_decay"]) * weight
            step /= 1 + 0.25 * math.sqrt(size) * decay
            decay.add_(gamma * (1 + decay))
            weight.sub_(state["average"].lerp_(step, 1 - momentum))


def expected_size(weight: Tensor) -> float:
    """The root mean square that the entries of a tensor should come to."""
    return math.sqrt(2 * weight.shape[0] / weight.numel()) if weight.dim() > 1 else 0.5

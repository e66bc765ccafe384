"""Funnelled SGDM: momentum whose step sizes adapt by factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example

SCALES, GAINS = (0.1, 10.0), (0.01, 100.0)


@component(
    id="opt_funnelled_sgdm",
    kind="optimizer",
    family="Optimizer",
    name="Funnelled SGDM",
    name_zh="Funnelled SGDM（自适应步长动量）",
    help_zh="每个张量的步长和每个权重的增益按指数梯度更新：方向一致就放大，相反就缩小。",
    source="Amid et al., Step-size Adaptation Using Exponentiated Gradient Updates, arXiv 2202.00145",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="funnelled egdd exponentiated gradient gain step size 指数梯度 增益 步长",
    examples=(example(lr=0.05), example(lr=0.05, momentum=0.5, gain_rate=0.1, scale_rate=0.05, weight_decay=0.01)),
)
class FunnelledSGDM(UpdateRule):
    r"""SGD with momentum, with a gain for each weight and a scale for each tensor that grow while directions agree.

    $$s_t = s_{t-1} \exp\!\left(\rho_s \frac{\langle g_t, u_{t-1} \rangle}{\lVert g_t \rVert \lVert u_{t-1} \rVert}\right), \quad
    a_t = a_{t-1} \odot \exp\!\left(\rho_a \, \mathrm{sign}(g_t) \, \mathrm{sign}(\bar g_{t-1})\right)$$

    $$u_t = \mu u_{t-1} + \eta \, a_t \odot g_t, \quad w_{t+1} = w_t - s_t u_t, \quad
    \bar g_t = \beta \bar g_{t-1} + (1 - \beta) g_t$$

    Scales stay within 0.1 and 10, gains within 0.01 and 100.

    Args:
        lr: the learning rate, the factor of every step.
        momentum: the share of the last step that is kept.
        beta: the share of the last average of the gradient that is kept.
        gain_rate: how fast the gain of each weight adapts; 0 keeps it at 1.
        scale_rate: how fast the scale of each tensor adapts; 0 keeps it at 1.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Amid et al., arXiv 2202.00145, with signs and normalised directions, limits and rates of the authors' code
    (EGDD in Lingvo), which keeps a scale for each tensor.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.01,
        momentum: DropRate = 0.9,
        beta: DropRate = 0.9,
        gain_rate: NonNegativeFloat = 0.01,
        scale_rate: NonNegativeFloat = 1e-3,
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "beta": beta,
                "gain_rate": gain_rate,
                "scale_rate": scale_rate,
                "weight_decay": weight_decay,
            },
        )

    def start(self, weight: Tensor) -> State:
        return {
            "velocity": torch.zeros_like(weight),
            "average": torch.zeros_like(weight),
            "gain": torch.ones_like(weight),
            "scale": weight.new_ones(()),
        }

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        for weight, given, state in zip(weights, gradients, states, strict=True):
            velocity, average = state["velocity"], state["average"]
            gradient = given.add(weight, alpha=group["weight_decay"])
            alignment = _direction(gradient).mul(_direction(velocity)).sum()
            scale = state["scale"].mul_(torch.exp(group["scale_rate"] * alignment)).clamp_(*SCALES)
            agreement = gradient.sign().mul_(average.sign())
            gain = state["gain"].mul_(agreement.mul_(group["gain_rate"]).exp_()).clamp_(*GAINS)
            velocity.mul_(group["momentum"]).addcmul_(gain, gradient, value=group["lr"])
            average.lerp_(gradient, 1 - group["beta"])
            weight.sub_(scale * velocity)


def _direction(vector: Tensor) -> Tensor:
    """The vector at length 1; zeros where it is zero."""
    return vector / vector.norm().clamp_min(torch.finfo(vector.dtype).tiny)

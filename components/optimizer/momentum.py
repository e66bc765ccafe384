"""Gradient descent that keeps its direction."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_momentum",
    kind="optimizer",
    family="Optimizer",
    name="SGD with momentum",
    name_zh="带动量的 SGD",
    help_zh="累积过去的梯度作为速度，减少震荡、加快收敛。",
    source="Polyak, Some methods of speeding up the convergence of iteration methods, 1964",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="sgd momentum heavy ball 动量",
    examples=(example(lr=0.05), example(lr=0.05, momentum=0.5, weight_decay=0.01)),
)
def momentum_sgd(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    momentum: DropRate = 0.9,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Steps along a velocity that gathers the gradients of the past.

    $$v_{t+1} = \mu v_t + g_t + \lambda w_t, \quad w_{t+1} = w_t - \eta v_{t+1}$$

    Args:
        lr: the learning rate, the factor of every step.
        momentum: the share of the last step that is kept; 0 is plain SGD.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Polyak 1964, with the learning rate outside the velocity as in torch.optim.SGD.
    """
    return torch.optim.SGD(params, lr, momentum=momentum, weight_decay=weight_decay)

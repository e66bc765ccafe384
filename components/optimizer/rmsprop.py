"""RMSprop: steps scaled by the recent size of the gradient."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_rmsprop",
    kind="optimizer",
    family="Optimizer",
    name="RMSprop",
    name_zh="RMSprop",
    help_zh="用梯度平方的滑动平均缩放步长，适合非平稳目标。",
    source="Tieleman & Hinton, Lecture 6.5 of Neural Networks for Machine Learning, Coursera 2012",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="rmsprop adaptive 自适应",
    examples=(example(lr=0.1), example(lr=0.1, alpha=0.9, momentum=0.5, centered=True)),
)
def rmsprop(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    alpha: DropRate = 0.99,
    eps: PositiveFloat = 1e-8,
    momentum: DropRate = 0.0,
    centered: bool = False,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Divides each weight's gradient by its recent root mean square.

    $$v_t = \alpha v_{t-1} + (1 - \alpha) g_t^2, \quad w_{t+1} = w_t - \eta \, \frac{g_t}{\sqrt{v_t} + \epsilon}$$

    Args:
        lr: the learning rate, the factor of every step.
        alpha: the share of the last average of the squared gradient that is kept.
        eps: added to the denominator.
        momentum: the share of the last step that is kept.
        centered: divides by the standard deviation of the gradient instead of its root mean square.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Tieleman & Hinton 2012; torch.optim.RMSprop.
    """
    return torch.optim.RMSprop(params, lr, alpha, eps, weight_decay, momentum, centered)

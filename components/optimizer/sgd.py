"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_sgd",
    kind="optimizer",
    family="Optimizer",
    name="SGD",
    name_zh="随机梯度下降 SGD",
    help_zh="沿小批量损失的负梯度方向走一步。",
    source="Robbins & Monro, A Stochastic Approximation Method, Annals of Mathematical Statistics 1951",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="sgd gradient descent 梯度下降",
    examples=(example(lr=0.1), example(lr=0.1, weight_decay=0.01)),
)
def sgd(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Steps against the gradient of the loss of each batch.

    $$w_{t+1} = w_t - \eta \, (g_t + \lambda w_t)$$

    Args:
        lr: the learning rate, the factor of every step.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Robbins & Monro 1951; torch.optim.SGD.
    """
    return torch.optim.SGD(params, lr, weight_decay=weight_decay)

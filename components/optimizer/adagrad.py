"""AdaGrad: steps scaled by all gradients so far."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adagrad",
    kind="optimizer",
    family="Optimizer",
    name="AdaGrad",
    name_zh="AdaGrad",
    help_zh="按历史梯度平方和缩小步长，适合稀疏特征。",
    source="Duchi et al., Adaptive Subgradient Methods for Online Learning, JMLR 2011",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adagrad adaptive sparse 自适应 稀疏",
    examples=(example(lr=0.5), example(lr=0.5, lr_decay=0.01, initial_accumulator=0.1)),
)
def adagrad(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    lr_decay: NonNegativeFloat = 0.0,
    eps: PositiveFloat = 1e-10,
    initial_accumulator: NonNegativeFloat = 0.0,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Divides each weight's gradient by the root of the sum of all its squares so far.

    $$G_t = G_{t-1} + g_t^2, \quad w_{t+1} = w_t - \eta \, \frac{g_t}{\sqrt{G_t} + \epsilon}$$

    Args:
        lr: the learning rate, the factor of every step.
        lr_decay: divides the learning rate by 1 + t times this at step t.
        eps: added to the denominator.
        initial_accumulator: the sum of squares to begin with.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Duchi et al. 2011; torch.optim.Adagrad.
    """
    return torch.optim.Adagrad(params, lr, lr_decay, weight_decay, initial_accumulator, eps)

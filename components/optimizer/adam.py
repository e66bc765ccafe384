"""Adam: steps scaled by running averages of the gradient and of its square."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adam",
    kind="optimizer",
    family="Optimizer",
    name="Adam",
    name_zh="Adam",
    help_zh="用梯度及其平方的滑动平均，为每个参数自适应地调整步长。",
    source="Kingma & Ba, Adam: A Method for Stochastic Optimization, arXiv 1412.6980",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adam adaptive 自适应",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.01)),
)
def adam(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 1e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Scales each weight's step by running averages of its gradient and of the square of it.

    $$w_{t+1} = w_t - \eta \, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}, \quad
    m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2$$

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Kingma & Ba, arXiv 1412.6980, algorithm 1; torch.optim.Adam.
    """
    return torch.optim.Adam(params, lr, betas, eps, weight_decay)

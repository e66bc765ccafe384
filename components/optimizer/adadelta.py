"""Adadelta: steps in the units of the weights, from running averages alone."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adadelta",
    kind="optimizer",
    family="Optimizer",
    name="Adadelta",
    name_zh="AdaDelta",
    help_zh="用近期更新量与近期梯度的均方根之比作步长，几乎不用调学习率。",
    source="Zeiler, ADADELTA: An Adaptive Learning Rate Method, arXiv 1212.5701",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adadelta adaptive 自适应",
    examples=(example(lr=1.0, eps=1e-3), example(lr=0.5, rho=0.8, eps=1e-2, weight_decay=0.01)),
)
def adadelta(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 1.0,
    rho: DropRate = 0.9,
    eps: PositiveFloat = 1e-6,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Multiplies each gradient by the ratio of recent steps to recent gradients.

    $$\Delta_t = \frac{\sqrt{u_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}} \, g_t, \quad w_{t+1} = w_t - \eta \Delta_t$$

    $$v_t = \rho v_{t-1} + (1 - \rho) g_t^2, \quad u_t = \rho u_{t-1} + (1 - \rho) \Delta_t^2$$

    Args:
        lr: the factor of every step; 1 in the paper, which has no learning rate.
        rho: the share of the last averages of the squared gradient and the squared step that is kept.
        eps: added below both roots; it sets the size of the first steps.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Zeiler, arXiv 1212.5701, algorithm 1; torch.optim.Adadelta.
    """
    return torch.optim.Adadelta(params, lr, rho, eps, weight_decay)

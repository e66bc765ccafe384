"""Nesterov's accelerated gradient."""

from collections.abc import Iterable
from typing import Annotated

import torch
from pydantic import Field

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_nag",
    kind="optimizer",
    family="Optimizer",
    name="Nesterov accelerated gradient",
    name_zh="Nesterov 加速梯度 NAG",
    help_zh="先按动量前瞻一步再修正梯度方向。",
    source="Nesterov, A method of solving a convex programming problem, 1983; Sutskever et al., ICML 2013",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="nesterov nag momentum sgd 动量",
    examples=(example(lr=0.05), example(lr=0.05, momentum=0.5, weight_decay=0.01)),
)
def nesterov_sgd(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 0.01,
    momentum: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.9,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Momentum that looks one step ahead.

    $$v_{t+1} = \mu v_t + g_t + \lambda w_t, \quad w_{t+1} = w_t - \eta \, (g_t + \lambda w_t + \mu v_{t+1})$$

    Args:
        lr: the learning rate, the factor of every step.
        momentum: the share of the last step that is kept.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Nesterov 1983, in the form of Sutskever et al. 2013, as torch.optim.SGD.
    """
    return torch.optim.SGD(params, lr, momentum=momentum, weight_decay=weight_decay, nesterov=True)

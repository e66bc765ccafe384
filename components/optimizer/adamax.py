"""Adamax: Adam with the greatest recent gradient in place of the root mean square."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adamax",
    kind="optimizer",
    family="Optimizer",
    name="Adamax",
    name_zh="Adamax",
    help_zh="Adam 的无穷范数版本：用近期梯度绝对值的衰减最大值缩放步长。",
    source="Kingma & Ba, Adam: A Method for Stochastic Optimization, arXiv 1412.6980",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adamax adam infinity norm 无穷范数",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.01)),
)
def adamax(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 2e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Scales each weight's step by a running average of its gradient and the greatest gradient of late.

    $$w_{t+1} = w_t - \frac{\eta}{1 - \beta_1^t} \, \frac{m_t}{u_t}, \quad
    m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad u_t = \max(\beta_2 u_{t-1}, |g_t| + \epsilon)$$

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last average of the gradient and of the last maximum that are kept.
        eps: added to the gradient within the maximum, which keeps it above zero.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Kingma & Ba, arXiv 1412.6980, algorithm 2; torch.optim.Adamax.
    """
    return torch.optim.Adamax(params, lr, betas, eps, weight_decay)

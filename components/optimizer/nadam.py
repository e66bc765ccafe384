"""Nadam: Adam with Nesterov's look ahead."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_nadam",
    kind="optimizer",
    family="Optimizer",
    name="Nadam",
    name_zh="Nadam",
    help_zh="把 Nesterov 动量并入 Adam，动量系数随步数略微上升。",
    source="Dozat, Incorporating Nesterov Momentum into Adam, ICLR workshop 2016",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="nadam adam nesterov momentum 动量",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.01, momentum_decay=0.1)),
)
def nadam(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 2e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.0,
    momentum_decay: NonNegativeFloat = 0.004,
) -> torch.optim.Optimizer:
    r"""Adam, whose average of the gradient already looks at the momentum of the next step.

    $$w_{t+1} = w_t - \frac{\eta}{\sqrt{\hat v_t} + \epsilon} \left(\frac{\mu_{t+1} m_t}{1 - \prod_{i \le t+1} \mu_i}
    + \frac{(1 - \mu_t) g_t}{1 - \prod_{i \le t} \mu_i}\right), \quad
    \mu_t = \beta_1 \left(1 - \tfrac{1}{2} \, 0.96^{t \psi}\right)$$

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.
        momentum_decay: how fast the momentum rises from half of its value: the psi of the formula.

    Source: Dozat, ICLR workshop 2016, section 2; torch.optim.NAdam.
    """
    return torch.optim.NAdam(params, lr, betas, eps, weight_decay, momentum_decay)

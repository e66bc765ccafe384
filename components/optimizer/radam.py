"""RAdam: Adam that warms itself up."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_radam",
    kind="optimizer",
    family="Optimizer",
    name="RAdam",
    name_zh="修正的 Adam（RAdam）",
    help_zh="开头自适应项的方差过大时只用动量，随后按修正系数逐渐启用，省去学习率预热。",
    source="Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, arXiv 1908.03265",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="radam rectified adam warm-up 预热 方差",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.01)),
)
def radam(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 1e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Adam, whose scaling sets in as far as its variance allows; before that, momentum alone.

    $$w_{t+1} = w_t - \eta \, \hat m_t \, \frac{r_t}{\sqrt{\hat v_t}}, \quad
    r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}}$$

    $$\rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \quad \rho_\infty = \frac{2}{1 - \beta_2} - 1$$

    While $\rho_t \le 5$ the step is $\eta \, \hat m_t$.

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Liu et al., arXiv 1908.03265, algorithm 2; torch.optim.RAdam, whose threshold is 5 where the paper has 4.
    """
    return torch.optim.RAdam(params, lr, betas, eps, weight_decay)

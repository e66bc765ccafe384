"""AMSGrad: Adam whose steps never grow back."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_amsgrad",
    kind="optimizer",
    family="Optimizer",
    name="AMSGrad",
    name_zh="AMSGrad",
    help_zh="Adam 的修正版：分母取历史最大值，保证收敛，大而罕见的梯度不会被遗忘。",
    source="Reddi et al., On the Convergence of Adam and Beyond, arXiv 1904.09237",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="amsgrad adam convergence 收敛",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.01)),
)
def amsgrad(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 1e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.0,
) -> torch.optim.Optimizer:
    r"""Adam, with the greatest average of the squared gradient so far below the step.

    $$w_{t+1} = w_t - \frac{\eta}{1 - \beta_1^t} \, \frac{m_t}{\sqrt{\bar v_t / (1 - \beta_2^t)} + \epsilon}, \quad
    \bar v_t = \max(\bar v_{t-1}, v_t)$$

    With $m_t$ and $v_t$ as in Adam. A large gradient that comes seldom is not forgotten, where Adam may go astray.

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to its gradient, which pulls weights to zero.

    Source: Reddi et al., arXiv 1904.09237, algorithm 2; torch.optim.Adam, which corrects the bias as Adam does.
    """
    return torch.optim.Adam(params, lr, betas, eps, weight_decay, amsgrad=True)

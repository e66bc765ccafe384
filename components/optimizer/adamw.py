"""AdamW: Adam with weight decay apart from the gradient."""

from collections.abc import Iterable
from typing import Annotated

import torch

from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_adamw",
    kind="optimizer",
    family="Optimizer",
    name="AdamW",
    name_zh="AdamW",
    help_zh="Adam 加上与梯度解耦的权重衰减，训练 Transformer 的常用选择。",
    source="Loshchilov & Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="adamw decoupled weight decay 权重衰减",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.1)),
)
def adamw(
    params: Annotated[Iterable, Runtime()],
    lr: PositiveFloat = 1e-3,
    betas: tuple[DropRate, DropRate] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegativeFloat = 0.01,
) -> torch.optim.Optimizer:
    r"""Adam, which also shrinks the weights by a constant share at each step.

    $$w_{t+1} = (1 - \eta \lambda) \, w_t - \eta \, \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}$$

    Args:
        lr: the learning rate, the factor of every step.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: each step shrinks the weights by lr times this share, apart from the gradient.

    Source: Loshchilov & Hutter, arXiv 1711.05101, algorithm 2; torch.optim.AdamW.
    """
    return torch.optim.AdamW(params, lr, betas, eps, weight_decay)

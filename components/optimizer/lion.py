"""Lion: steps of one size, by the sign of an average."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_lion",
    kind="optimizer",
    family="Optimizer",
    name="Lion",
    name_zh="Lion",
    help_zh="只用动量的符号更新，每个权重每步移动相同大小，只需一份状态。",
    source="Chen et al., Symbolic Discovery of Optimization Algorithms, arXiv 2302.06675",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="lion sign momentum 符号",
    examples=(example(lr=0.05), example(lr=0.02, betas=(0.5, 0.8), weight_decay=0.1)),
)
class Lion(UpdateRule):
    r"""Moves every weight by the learning rate, to the side that an average of the gradient says.

    $$w_{t+1} = (1 - \eta \lambda) \, w_t - \eta \, \mathrm{sign}(\beta_1 m_{t-1} + (1 - \beta_1) g_t), \quad
    m_t = \beta_2 m_{t-1} + (1 - \beta_2) g_t$$

    Args:
        lr: how far each weight moves in a step; three to ten times less than for AdamW.
        betas: the shares of the average in the direction of a step, and of the last average that are kept.
        weight_decay: each step shrinks the weights by lr times this share, apart from the gradient.

    Source: Chen et al., arXiv 2302.06675, algorithm 2.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 3e-4,
        betas: tuple[DropRate, DropRate] = (0.9, 0.99),
        weight_decay: NonNegativeFloat = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def start(self, weight: Tensor) -> State:
        return {"average": torch.zeros_like(weight)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        lr, (share, kept) = group["lr"], group["betas"]
        averages = [state["average"] for state in states]
        directions = torch._foreach_lerp(gradients, averages, share)
        torch._foreach_sign_(directions)
        torch._foreach_mul_(weights, 1 - lr * group["weight_decay"])
        torch._foreach_add_(weights, directions, alpha=-lr)
        torch._foreach_lerp_(averages, gradients, 1 - kept)

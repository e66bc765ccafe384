"""LAMB: Adam whose steps are relative to the weights of each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule, trust_ratios
from components.registry import component
from components.spec import Dims, DropRate, NonNegativeFloat, PositiveFloat, Runtime, example


@component(
    id="opt_lamb",
    kind="optimizer",
    family="Optimizer",
    name="LAMB",
    name_zh="LAMB",
    help_zh="在 Adam 的更新上逐层乘以权重范数与更新范数之比，适合大批量训练。",
    source="You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes, arXiv 1904.00962",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="lamb large batch layer-wise trust ratio bert 大批量 逐层",
    examples=(example(lr=0.1), example(lr=0.1, betas=(0.5, 0.9), weight_decay=0.1)),
)
class LAMB(UpdateRule):
    r"""Moves each tensor of weights along Adam's direction by a fixed share of its norm.

    $$r_t = \frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda w_t, \quad
    w_{t+1} = w_t - \eta \, \frac{\lVert w_t \rVert}{\lVert r_t \rVert} \, r_t$$

    With the averages of Adam. Where the weights or the direction of a tensor are zero, the ratio is 1.

    Args:
        lr: how far a tensor moves in a step, relative to its norm.
        betas: the shares of the last averages of the gradient and of its square that are kept.
        eps: added to the denominator.
        weight_decay: adds this times the weight to the direction.

    Source: You et al., arXiv 1904.00962, algorithm 2, with the norm itself for the scaling function.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 2e-3,
        betas: tuple[DropRate, DropRate] = (0.9, 0.999),
        eps: PositiveFloat = 1e-6,
        weight_decay: NonNegativeFloat = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def start(self, weight: Tensor) -> State:
        return {"step": 0, "average": torch.zeros_like(weight), "square": torch.zeros_like(weight)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        kept, kept_square = group["betas"]
        for state in states:
            state["step"] += 1
        averages, squares = [state["average"] for state in states], [state["square"] for state in states]
        torch._foreach_lerp_(averages, gradients, 1 - kept)
        torch._foreach_mul_(squares, kept_square)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - kept_square)
        below = torch._foreach_div(squares, [1 - kept_square ** state["step"] for state in states])
        torch._foreach_sqrt_(below)
        torch._foreach_add_(below, group["eps"])
        directions = torch._foreach_div(averages, [1 - kept ** state["step"] for state in states])
        torch._foreach_div_(directions, below)
        torch._foreach_add_(directions, weights, alpha=group["weight_decay"])
        torch._foreach_mul_(directions, trust_ratios(torch._foreach_norm(weights), torch._foreach_norm(directions)))
        torch._foreach_add_(weights, directions, alpha=-group["lr"])

"""SM3: AdaGrad whose memory is one vector for each axis."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from components.optimizer._base import State, UpdateRule
from components.registry import component
from components.spec import Dims, DropRate, PositiveFloat, Runtime, example


@component(
    id="opt_sm3",
    kind="optimizer",
    family="Optimizer",
    name="SM3",
    name_zh="SM3",
    help_zh="每个维度只存一个向量来近似 AdaGrad 的累积量，内存开销极小。",
    source="Anil et al., Memory-Efficient Adaptive Optimization, arXiv 1901.11150",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="sm3 memory adagrad cover 省内存",
    examples=(example(lr=0.5), example(lr=0.5, momentum=0.5)),
)
class SM3(UpdateRule):
    r"""Bounds AdaGrad's sum of squares by the least of one number for each slice that a weight lies in.

    $$\nu_t(i) = \min_{S \ni i} \mu_{t-1}(S) + g_t(i)^2, \quad w_{t+1} = w_t - \eta \, \frac{g_t}{\sqrt{\nu_t}}, \quad
    \mu_t(S) = \max_{i \in S} \nu_t(i)$$

    The sets $S$ are the slices of a tensor along each axis: an $(n, m)$ matrix costs $n + m$ numbers, and a vector is
    AdaGrad. Where $\nu$ is 0, the weight stays.

    Args:
        lr: the learning rate, the factor of every step.
        momentum: the share of the last step that is kept in a running average of the steps; 0 keeps none.

    Source: Anil et al., arXiv 1901.11150, algorithm SM3-II.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.1,
        momentum: DropRate = 0.9,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def start(self, weight: Tensor) -> State:
        axes = range(weight.dim())
        shapes = [[size if other == axis else 1 for other, size in enumerate(weight.shape)] for axis in axes] or [[]]
        return {f"axis{axis}": weight.new_zeros(shape) for axis, shape in enumerate(shapes)}

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        momentum = group["momentum"]
        for weight, gradient, state in zip(weights, gradients, states, strict=True):
            covers = [state[f"axis{axis}"] for axis in range(max(1, weight.dim()))]
            total = functools.reduce(torch.minimum, covers) + gradient.square()
            for axis, cover in enumerate(covers):
                others = [other for other in range(weight.dim()) if other != axis]
                cover.copy_(total.amax(others, keepdim=True) if others else total)
            step = gradient / total.sqrt().clamp_min(torch.finfo(total.dtype).tiny)
            if momentum:
                if "average" not in state:
                    state["average"] = torch.zeros_like(weight)
                step = state["average"].lerp_(step, 1 - momentum)
            weight.sub_(step, alpha=group["lr"])

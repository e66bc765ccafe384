"""Zeroth-order optimisation: descent by comparing losses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import torch
from torch import Tensor

from components.optimizer._estimator import GradientEstimator, Look, put
from components.registry import component
from components.spec import Count, Dims, NonNegative, PositiveFloat, Runtime, example


@component(
    id="opt_zeroth_order",
    kind="optimizer",
    family="Optimizer",
    name="Zeroth-order optimisation",
    name_zh="零阶优化",
    help_zh="不做反向传播：沿随机方向比较损失来估计梯度，或直接取半径内最好的点；可用于不可导的损失。",
    source="Nesterov & Spokoiny 2017; Golovin et al., Gradientless Descent, arXiv 1911.06317",
    inputs={"*loss": Dims("()"), "schedule?": Dims("()", kind="schedule")},
    keywords="zeroth order gradient free finite difference mezo spsa gradientless derivative 无梯度 有限差分 不可导",
    examples=(example(lr=0.05), example(method="descent", lr=0.5, samples=4, std=0.1, seed=3)),
)
class ZerothOrder(GradientEstimator):
    r"""Finds its way by the values of the loss alone, so the loss need not have a gradient.

    $$g = \frac{1}{K} \sum_{k=1}^{K} \frac{L(w + \sigma v_k) - L(w - \sigma v_k)}{2 \sigma} \, v_k, \quad
    v_k \sim \mathcal{N}(0, I), \quad w \leftarrow w - \eta g$$

    Gradientless descent goes to the best of $w$ and $w + \eta \, 2^{-k} u_k$ for $k = 0 \dots K - 1$ instead, with $u_k$
    drawn evenly from the unit ball: the loss of a batch never rises. A step looks at the loss $2 K$ or $K + 1$ times, with
    the same dropout each time; the more weights, the rougher the estimate.

    Args:
        lr: the learning rate; the greatest radius of gradientless descent.
        method: finite differences along random directions, or gradientless descent.
        samples: directions in a step: the K of the formulas.
        std: how far finite differences look: the sigma of the formula.
        seed: of the directions.

    Source: Nesterov & Spokoiny, Random Gradient-Free Minimization of Convex Functions 2017, with central differences;
    Golovin et al., arXiv 1911.06317, algorithm 1.
    """

    def __init__(
        self,
        params: Annotated[Iterable, Runtime()],
        lr: PositiveFloat = 0.01,
        method: Literal["differences", "descent"] = "differences",
        samples: Count = 1,
        std: PositiveFloat = 1e-3,
        seed: NonNegative = 0,
    ) -> None:
        super().__init__(params, lr, samples, seed)
        self.method, self.std = method, std

    def estimate(self, look: Look) -> None:
        with self.moved() as kept:
            found = self._differences(look, kept) if self.method == "differences" else self._descent(look, kept)
        for weight, gradient in zip(self.weights, found, strict=True):
            weight.grad = gradient

    def _differences(self, look: Look, kept: list[Tensor]) -> list[Tensor]:
        total = [torch.zeros_like(weight) for weight in kept]
        for _ in range(self.samples):
            direction = self.direction(self.generator())
            values = []
            for side in (self.std, -self.std):
                put(self.weights, list(torch._foreach_add(kept, direction, alpha=side)))
                values.append(look().item())
            torch._foreach_add_(total, direction, alpha=(values[0] - values[1]) / (2 * self.std * self.samples))
        return total

    def _descent(self, look: Look, kept: list[Tensor]) -> list[Tensor]:
        """The way to the best candidate, as the gradient whose step goes there."""
        rates = [group["lr"] for group in self.param_groups for _ in group["params"]]
        best, way = look().item(), [torch.zeros_like(weight) for weight in kept]
        for halvings in range(self.samples):
            candidate = torch._foreach_mul(self._in_ball(), -(0.5**halvings))
            put(self.weights, list(torch._foreach_sub(kept, torch._foreach_mul(candidate, rates))))
            value = look().item()
            if value < best:
                best, way = value, list(candidate)
        return way

    def _in_ball(self) -> list[Tensor]:
        """A point of the unit ball around zero, all weights taken as one vector."""
        generator = self.generator()
        direction = self.direction(generator)
        length = torch.nn.utils.get_total_norm(direction)
        count = sum(part.numel() for part in direction)
        radius = torch.rand((), generator=generator, device=length.device) ** (1 / count)
        return list(torch._foreach_mul(direction, radius / length))

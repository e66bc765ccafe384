"""What optimizers of our own share: the walk over groups and weights around an update rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

State = dict[str, Any]
"""What is kept of one weight between two steps: tensors and plain numbers, so that a checkpoint can hold it."""


class UpdateRule(torch.optim.Optimizer):
    """An optimizer that says how its state starts and what an update does; the rest is the same for all.

    An update gets all weights of a group at once, so that a rule can treat them with few kernels.
    """

    def start(self, weight: Tensor) -> State:
        """The state of a weight before its first step."""
        raise NotImplementedError

    def update(
        self, weights: list[Tensor], gradients: list[Tensor], states: list[State], group: Mapping[str, Any]
    ) -> None:
        """Changes weights and states in place; ``group`` holds the settings."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight] = self.start(weight)
            if weights:
                self.update(weights, [w.grad for w in weights], [self.state[w] for w in weights], group)
        return loss


def trust_ratios(above: Iterable[Tensor], below: Iterable[Tensor]) -> list[Tensor]:
    """The quotients of these norms, one for each weight; 1 where one of the two is 0, as at the first step from zeros."""
    return [torch.where((a > 0) & (b > 0), a / b, 1.0) for a, b in zip(above, below, strict=True)]

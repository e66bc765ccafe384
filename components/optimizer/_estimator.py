"""What optimizers share that find the gradient by looking at the loss, without a backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

Look = Callable[[], Tensor]
"""Computes the loss on the weights as they are, with the same random numbers each time."""


class GradientEstimator(torch.optim.SGD):
    """Gradient descent whose gradients are estimates.

    Directions follow from the seed and the number of the draw, so that all processes of a run look the same way.

    Args:
        params: weights or groups of them.
        lr: the learning rate.
        samples: looks in different directions for one estimate.
        seed: of the directions.
    """

    def __init__(self, params: Iterable[Any], lr: float, samples: int, seed: int) -> None:
        super().__init__(params, lr)
        self.samples, self.seed = samples, seed
        self.param_groups[0]["draws"] = 0

    def estimate(self, look: Look) -> None:
        """Puts a gradient at every weight; the weights are as before."""
        raise NotImplementedError

    def step(self, closure: Look | None = None) -> Any:
        """An update by the gradients that there are; with a closure by those that it leads to."""
        value = None
        if closure is not None:
            with torch.enable_grad():
                value = closure()
                self.estimate(closure)
        super().step()
        return value

    @property
    def weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]

    def generator(self) -> torch.Generator:
        """Random numbers for the next direction."""
        self.param_groups[0]["draws"] += 1
        generator = torch.Generator(self.weights[0].device)
        return generator.manual_seed(self.seed * 1_000_003 + self.param_groups[0]["draws"])

    def direction(self, generator: torch.Generator) -> list[Tensor]:
        """Independent normal numbers for every weight."""
        return [torch.randn(w.shape, generator=generator, dtype=w.dtype, device=w.device) for w in self.weights]

    @contextmanager
    def moved(self) -> Iterator[list[Tensor]]:
        """Within, the weights may be moved from where they are (given as copies); behind it they are back."""
        weights = self.weights
        kept = [weight.detach().clone() for weight in weights]
        # Others may still take gradients through these weights, whose values will be the same again.
        with torch.autograd._unsafe_preserve_version_counter(tuple(weights)):
            try:
                yield kept
            finally:
                put(weights, kept)


@torch.no_grad()
def put(weights: list[Tensor], values: list[Tensor]) -> None:
    """Gives the weights these values, in place; they carry tangents on."""
    for weight, value in zip(weights, values, strict=True):  # the kernel for all at once loses tangents
        weight.copy_(value)

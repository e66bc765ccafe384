"""What samplers that look at classes share."""

from __future__ import annotations

import torch
from torch import Tensor

from components.errors import InputError
from components.targets import IGNORE_INDEX


class Classes:
    """The samples of known class, in one row sorted by class.

    Places in this row stand for samples: ``samples[place]`` is the index in the data set.

    Args:
        labels: (N,), the class of each sample of the data set; -100 where unknown.
    """

    def __init__(self, labels: Tensor) -> None:
        known = (labels != IGNORE_INDEX).nonzero().flatten()
        self.samples = known[labels[known].argsort(stable=True)]
        _, self.of, self.sizes = labels[self.samples].unique_consecutive(return_inverse=True, return_counts=True)
        self.starts = self.sizes.cumsum(0) - self.sizes

    def members(self, at_least: int = 1) -> list[Tensor]:
        """The samples of each class that has this many."""
        return [samples for samples in self.samples.split(self.sizes.tolist()) if len(samples) >= at_least]

    def like(self, places: Tensor, generator: torch.Generator) -> Tensor:
        """For each place another of the same class, drawn evenly; the place itself where there is no other."""
        start, size = self.starts[self.of[places]], self.sizes[self.of[places]]
        ahead = 1 + _below(size - 1, generator)
        return start + (places - start + ahead) % size

    def other(self, places: Tensor, generator: torch.Generator) -> Tensor:
        """For each place one of another class, drawn evenly from all samples of other classes."""
        start, size = self.starts[self.of[places]], self.sizes[self.of[places]]
        drawn = _below(len(self.samples) - size, generator)
        return drawn + size * (drawn >= start)


class Deck:
    """Gives samples in random order, and all of them before one comes again."""

    def __init__(self, samples: Tensor, generator: torch.Generator) -> None:
        self.samples, self.generator = samples, generator
        self.rest = samples[:0]

    def draw(self, count: int) -> Tensor:
        """The next ``count`` samples (count,)."""
        while len(self.rest) < count:
            order = torch.randperm(len(self.samples), generator=self.generator)
            self.rest = torch.cat([self.rest, self.samples[order]])
        drawn, self.rest = self.rest[:count], self.rest[count:]
        return drawn


def require_room(batch_size: int, least: int, component: str) -> None:
    """ValueError where a batch cannot hold the fewest samples that make sense."""
    if batch_size < least:
        raise InputError(
            f"The batch size must be at least {least} for {component}. Got {batch_size} instead.",
            f"{component} 要求批大小不小于 {least}，收到：{batch_size}。",
        )


def require_classes(available: int, needed: int, component: str) -> None:
    """ValueError where the data have fewer classes than a batch takes."""
    if available < needed:
        raise InputError(
            f"A batch of {component} takes {needed} classes with samples enough. The data have {available}.",
            f"{component} 的每批需要 {needed} 个样本足够的类别，而数据有 {available} 个。",
        )


def _below(bound: Tensor, generator: torch.Generator) -> Tensor:
    """A random integer in [0, bound) for each bound; 0 where the bound is 0."""
    drawn = torch.rand(bound.shape, generator=generator, dtype=torch.float64)
    return (drawn * bound).to(torch.int64)

"""Random batches that fit the data ports of a graph, for comparing an export with the model in the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import torch
from torch import Tensor

from components.tensor_spec import TensorSpec

SIZES = ((3, 7, 11, 13, 17), (5, 9, 8, 12, 10))
"""Sizes of the varying axes, in the order in which they occur: all differ, and two batches differ in each."""

BATCH_AXIS = "B"
"""What data sets call the axis of the samples."""


@dataclass(frozen=True)
class Sample:
    """How to draw one input: its shape in numbers, its dtype, and the end of its range where it holds integers."""

    shape: tuple[int, ...]
    dtype: str
    high: int

    def draw(self, generator: torch.Generator) -> Tensor:
        if self.dtype == "bool":
            return _padding(self.shape, generator)
        dtype = getattr(torch, self.dtype)
        if dtype.is_floating_point:
            return torch.randn(self.shape, generator=generator, dtype=dtype)
        return torch.randint(self.high, self.shape, generator=generator, dtype=dtype)


def samples(specs: Sequence[TensorSpec], sizes: Sequence[int] = SIZES[0]) -> list[Sample]:
    """A sample for each port. Integers of no known range count the rows of another varying axis, as edges do nodes."""
    names = dict.fromkeys(axis for spec in specs for axis in spec.shape if isinstance(axis, str))
    size = dict(zip(names, [*sizes, *range(20, 20 + len(names))], strict=False))
    found = []
    for spec in specs:
        others = [size[axis] for axis in names if axis not in spec.shape]
        shape = tuple(size[axis] if isinstance(axis, str) else axis for axis in spec.shape)
        found.append(Sample(shape, spec.dtype, spec.high or min(others, default=2)))
    return found


def batch(specs: Sequence[TensorSpec], seed: int, sizes: Sequence[int] = SIZES[0]) -> list[Tensor]:
    """Random tensors for the ports, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return [sample.draw(generator) for sample in samples(specs, sizes)]


def _padding(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """True where a row has ended: behind a random number of steps, at least one."""
    if len(shape) < 2:
        return torch.randint(2, tuple(shape), generator=generator, dtype=torch.bool)
    lengths = torch.randint(1, shape[-1] + 1, (*shape[:-1], 1), generator=generator)
    return torch.arange(shape[-1]) >= lengths


def sizes_with(specs: Sequence[TensorSpec], fixed: Set[str]) -> list[int]:
    """Sizes of the varying axes in their order, 1 for those that are fixed."""
    names = dict.fromkeys(axis for spec in specs for axis in spec.shape if isinstance(axis, str))
    return [1 if name in fixed else size for name, size in zip(names, SIZES[0], strict=False)]


def axis_names(specs: Sequence[TensorSpec]) -> list[Mapping[int, str]]:
    """The varying axes of each port: position and name."""
    return [{i: axis for i, axis in enumerate(spec.shape) if isinstance(axis, str)} for spec in specs]

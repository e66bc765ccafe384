"""Active sites of sparse images: numbers for places of a grid, and the taps of a kernel as steps on it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from components.rules import per_axis


def taps(kernel_size: int | tuple[int, ...], dims: int) -> list[tuple[int, ...]]:
    """The places in a kernel, in the order of its flattened weight."""
    return list(itertools.product(*(range(size) for size in per_axis(kernel_size, dims))))


def strides(size: Tensor) -> Tensor:
    """How far the numbers of neighbours along each axis of a grid of this size (d,) lie apart."""
    return torch.cat((size, size.new_ones(1)))[1:].flip(0).cumprod(0).flip(0)


def site_numbers(batch: Tensor, places: Tensor, size: Tensor) -> Tensor:
    """The number (M,) of each site: sample (M,) and place (M, d) in a grid of size (d,); -1 outside of it."""
    inside = ((places >= 0) & (places < size)).all(1)
    numbers = batch * size.prod() + (places * strides(size)).sum(1)
    return torch.where(inside, numbers, -1)


def sites(numbers: Tensor, size: Tensor) -> Tensor:
    """The coordinates (M, 1 + d) of sites by their numbers."""
    places = numbers[:, None] // strides(size) % size
    return torch.cat((numbers[:, None] // size.prod(), places), 1)


def steps(values: Sequence[int], like: Tensor) -> Tensor:
    """A tuple of integers as a row to add to coordinates."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)

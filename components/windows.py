"""The windows of a map, as pooling sees them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from components.rules import per_axis


def windows(
    x: Tensor,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None,
    padding: int | tuple[int, ...] = 0,
    fill: float = 0.0,
) -> Tensor:
    """The windows of a map (B, C, *spatial) as (samples, B, C, *positions); borders of ``padding`` samples are filled.

    The samples come first: what is computed over them then runs along whole maps, several times as fast.

    Raises:
        RuntimeError: a window that is larger than the map.
    """
    dims = x.dim() - 2
    sizes = per_axis(kernel_size, dims)
    steps = sizes if stride is None else per_axis(stride, dims)
    borders = [border for size in reversed(per_axis(padding, dims)) for border in (size, size)]
    if any(borders):
        x = F.pad(x, borders, value=fill)
    for axis, (size, step) in enumerate(zip(sizes, steps, strict=True), start=2):
        x = x.unfold(axis, size, step)
    return x.movedim(tuple(range(-dims, 0)), tuple(range(dims))).flatten(0, dims - 1)

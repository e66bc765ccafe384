"""What modules that unroll over time share. While shapes are worked out, one step stands for all."""

from collections.abc import Sequence

import torch
from torch import Tensor


def steps_of(count: int, like: Tensor) -> range:
    """The steps of a loop over time; the first alone where ``like`` has a shape but no values."""
    return range(min(count, 1) if like.is_meta else count)


def stack_steps(results: Sequence[Tensor], count: int) -> Tensor:
    """The results (B, *) of the steps, as (B, count, *)."""
    if len(results) == count:
        return torch.stack(tuple(results), 1)
    return torch.stack(tuple(results), 1).expand(-1, count, *results[0].shape[1:])

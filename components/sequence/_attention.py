"""What attention with one query for each sequence shares: from scores to weights and their context."""

import torch
from torch import Tensor


def attend_one(scores: Tensor, h: Tensor, mask: Tensor | None, pad: Tensor | None) -> tuple[Tensor, Tensor]:
    """The context c (B, D) and the weights a (B, T) of scores (B, T) over h (B, T, D).

    ``mask`` (B, T) is True where a step may be seen, ``pad`` (B, T) where it is padding. Where no step may be seen, the
    weights and the context are zero.
    """
    if pad is not None:
        mask = ~pad if mask is None else mask & ~pad
    if mask is None:
        a = scores.softmax(-1)
    else:  # the least finite number, not -inf: a row without any visible step stays finite, then becomes zero
        a = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~mask, 0.0)
    return (a.unsqueeze(1) @ h).squeeze(1), a

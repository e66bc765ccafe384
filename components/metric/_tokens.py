"""What metrics of token sequences share: where a sequence ends."""

import torch
from torch import Tensor

from components.targets import IGNORE_INDEX


def ended(tokens: Tensor, eos: int | None) -> tuple[Tensor, Tensor]:
    """Tokens (B, T) with -100 from their end on, and how many stand before it (B,).

    A sequence ends before its first token of -100 or ``eos``, or at T.
    """
    end = tokens == IGNORE_INDEX
    if eos is not None:
        end = end | (tokens == eos)
    over = end.cumsum(-1) > 0
    return tokens.masked_fill(over, IGNORE_INDEX), (~over).sum(-1)


def widened(tokens: Tensor, width: int) -> Tensor:
    """Tokens (B, T) as (B, width), -100 behind them."""
    rest = tokens.new_full((tokens.shape[0], width - tokens.shape[1]), IGNORE_INDEX)
    return torch.cat((tokens, rest), 1)

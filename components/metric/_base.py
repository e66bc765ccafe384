"""What metrics share: sums over batches that give the exact value over a whole data set."""

from typing import Any

import torch
from torch import Tensor, nn


class Metric(nn.Module):
    """A figure of merit of a whole data set, gathered batch by batch.

    ``update`` turns a batch into a vector of sums. The vectors of several batches (of several processes) add up, and
    ``compute`` turns their sum into the figure: ``compute(update(a) + update(b))`` is the figure of a and b together,
    exactly. Called like any module, a metric gives the figure of one batch. A target of -100 is unknown and left out;
    where none is known, the figure is not a number.
    """

    higher_is_better = True

    def update(self, *inputs: Any, **named: Any) -> Tensor:
        """The sums (S,) of one batch."""
        raise NotImplementedError

    def compute(self, stats: Tensor) -> Tensor:
        """The figure (a scalar) from the sums (S,) of any number of batches."""
        raise NotImplementedError

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        return self.compute(self.update(*inputs, **named))


def exact(sums: Tensor) -> Tensor:
    """The sums in double precision, which keeps the counts of a large data set exact (Apple's GPUs do without)."""
    return sums.detach().to(torch.float32 if sums.device.type == "mps" else torch.float64)


def exact_sums(*values: Tensor) -> Tensor:
    """One vector of the sums of all entries of each of the values."""
    return torch.stack([exact(value).sum() for value in values])


def yes_or_no(logits: Tensor, target: Tensor) -> bool:
    """Whether there is one logit a question (yes where positive), not one a class: (B, *) or (B, *, 1) for (B, *)."""
    return logits.shape == target.shape or logits.shape == (*target.shape, 1)

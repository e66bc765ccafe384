"""Each head's attention in two numbers: how widely it is spread, and how far away it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.inspect.attention import Attention, attentions
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps
from builder.inspect.samples import Sample


@dataclass(frozen=True)
class HeadStatistics:
    """The heads of all nodes with attention (N, h); not a number where a node has fewer heads, or where nothing is known.

    Args:
        nodes: their paths, in the order of the data.
        entropy: in nats, the mean over queries.
        uniform: (N,), the entropy where all that a query may see is looked at alike, the mean over queries.
        distance: between a query and what it looks at, the mean over queries: in tokens, or in patches. None of
            cross-attention.
        patches: (N,), whether distances are in patches.
        samples: over how many.
    """

    nodes: tuple[str, ...]
    entropy: np.ndarray
    uniform: np.ndarray
    distance: np.ndarray
    patches: np.ndarray
    samples: int


def head_statistics(inspector: Inspector, samples: Sequence[Sample]) -> HeadStatistics:
    """Entropy and distance of all heads, averaged over samples.

    Raises:
        InspectError: a sample determines no attention.
    """
    by_sample = [attentions(inspector, sample) for sample in samples]
    first = by_sample[0]
    shape = len(by_sample), len(first), max(len(found.weights) for found in first)
    entropies, distances = np.full(shape, np.nan), np.full(shape, np.nan)
    uniform = np.full(shape[:2], np.nan)
    for row, found in enumerate(by_sample):
        for place, layer in enumerate(found):
            heads = len(layer.weights)
            entropies[row, place, :heads] = entropy(layer.weights)
            uniform[row, place] = entropy((layer.weights > 0).any(0, keepdims=True).astype(float))[0]
            distances[row, place, :heads] = distance(layer)
    return HeadStatistics(
        tuple(layer.node for layer in first),
        _mean(entropies),
        _mean(uniform),
        _mean(distances),
        np.array([layer.keys.grid is not None for layer in first]),
        len(samples),
    )


def entropy(weights: np.ndarray) -> np.ndarray:
    """Of each head (h, T, S), in nats: the mean over the queries that look at anything; rows are scaled to sum to one."""
    sums = weights.sum(-1, keepdims=True, dtype=np.float64)
    shares = np.divide(weights, sums, where=sums > 0, out=np.zeros(weights.shape))
    spread = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(-1)
    return _mean(np.where(sums[..., 0] > 0, spread, np.nan), -1)


def distance(attention: Attention) -> np.ndarray:
    """Of each head, between a query and what it looks at, the mean over queries; learned tokens have no place."""
    weights, steps = attention.weights, attention.queries
    if not attention.own:
        return np.full(len(weights), np.nan)
    weights = weights[:, steps.extra :, steps.extra :]
    sums = weights.sum(-1, dtype=np.float64)
    far = (weights * _distances(steps, weights.shape[-1])).sum(-1)
    return _mean(np.divide(far, sums, where=sums > 0, out=np.full(sums.shape, np.nan)), -1)


def _distances(steps: Steps, count: int) -> np.ndarray:
    """Between all places (count, count): along a sequence, or straight across an image."""
    places = np.arange(count)
    columns = steps.grid[1] if steps.grid else count
    rows, columns = places // columns, places % columns
    return np.hypot(rows[:, None] - rows, columns[:, None] - columns)


def _mean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """The mean of what is known, without a warning where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis)
    return np.divide(np.where(known, values, 0).sum(axis), count, where=count > 0, out=np.full(count.shape, np.nan))

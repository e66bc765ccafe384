"""The tests and intervals by which runs are compared. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.05  # of all conclusions of one kind together
FEW = 25  # discordant pairs below which McNemar's test is exact
RESAMPLES = 4000


class Difference(NamedTuple):
    """A difference (first less second) with the ends of its 95 % interval, and how likely one so great is without any."""

    value: float
    low: float
    high: float
    p: float


def mcnemar(first: np.ndarray, second: np.ndarray) -> tuple[float, int, int]:
    """McNemar's test (1947) of two classifiers on the same samples.

    Exact by the binomial distribution for few discordant pairs, else by chi-squared with Edwards' correction (1948).

    Args:
        first, second: (N,), where each is right.

    Returns:
        The two-sided p value, and on how many samples only the first and only the second is right.
    """
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    total = one + other
    if total == 0:
        return 1.0, one, other
    if total < FEW:
        return float(stats.binomtest(one, total).pvalue), one, other
    return float(stats.chi2.sf((abs(one - other) - 1) ** 2 / total, 1)), one, other


def bootstrap(
    sums: np.ndarray, counts: np.ndarray, pairs: Sequence[tuple[int, int]], seed: int = 0
) -> list[Difference]:
    """Differences of means, by drawing the same samples again for both (Efron & Tibshirani 1993).

    A sample with several answers is drawn as a whole, because its answers depend on each other.

    Args:
        sums: (N, R), of each sample the sum of a figure over its answers, for R runs.
        counts: (N,), its answers.
        pairs: columns to compare.
        seed: of the draws.
    """
    rng, size = np.random.default_rng(seed), len(counts)
    first, second = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    own = sums.sum(0) / counts.sum()
    wanted = own[first] - own[second]
    found = np.empty((RESAMPLES, len(pairs)))
    for draw in range(RESAMPLES):
        times = np.bincount(rng.integers(size, size=size), minlength=size).astype(float)
        means = times @ sums / (times @ counts)
        found[draw] = means[first] - means[second]
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    beyond = (np.abs(found - wanted) >= np.abs(wanted) - 1e-15).sum(0)
    p = (1 + beyond) / (1 + RESAMPLES)
    return [Difference(*map(float, numbers)) for numbers in zip(wanted, low, high, p, strict=True)]


def spread_of_mean(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The standard error of means (R,) of answers that come in samples: as ``bootstrap`` takes them."""
    mean = sums.sum(0) / counts.sum()
    away = sums - counts[:, None] * mean
    size = len(counts)
    return np.sqrt((away**2).sum(0) * size / max(size - 1, 1)) / counts.sum()


def welch(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Welch's t test (1947) of two groups of seeds, which need not scatter alike."""
    (one, a), (two, b) = ((float(np.mean(v)), float(np.var(v, ddof=1)) / len(v)) for v in (first, second))
    value, error = one - two, math.sqrt(a + b)
    if error <= 1e-12 * max(abs(one), abs(two)):
        return Difference(value, math.nan, math.nan, 1.0)  # no scatter: nothing to measure the difference by
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1))
    half = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return Difference(value, value - half, value + half, float(2 * stats.t.sf(abs(value) / error, freedom)))


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over seeds, by Student's t distribution."""
    mean, size = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(1 - LEVEL / 2, size - 1)) * float(np.std(values, ddof=1)) / math.sqrt(size)
    return mean - half, mean + half


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Holm 1979): the chance of a single false conclusion stays below the level."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    found, highest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        found[index] = highest
    return found

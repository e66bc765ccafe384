"""Does an explanation depend on what the model has learned? The same explanation with random weights."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from builder.inspect.attribution import Attribution, Sanity
from builder.inspect.inspector import Inspector


def with_sanity(inspector: Inspector, found: Attribution, again: Callable[[Inspector], Attribution]) -> Attribution:
    """An attribution with the map of the same model when all its weights are random, and how alike the two are.

    Args:
        again: makes the attribution of another model.

    Source: Adebayo et al., Sanity Checks for Saliency Maps, arXiv 1810.03292, section 3.
    """
    random = again(inspector.kept(("randomised",), inspector.randomised))
    correlation = rank_correlation(*found.comparable(found.map, found.flat(random.values)))
    return dataclasses.replace(found, sanity=Sanity(random.values, correlation))


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; not a number where one of the two is the same everywhere."""
    a, b = ranked(one.ravel()), ranked(other.ravel())
    return math.nan if not a.size or np.ptp(a) == 0 or np.ptp(b) == 0 else float(np.corrcoef(a, b)[0, 1])


def ranked(values: np.ndarray) -> np.ndarray:
    """The rank of each value from 1, equal ones having the mean of theirs (scipy.stats takes seconds to be imported)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[place]

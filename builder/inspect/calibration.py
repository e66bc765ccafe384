"""Whether a model is as often right as it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from builder.inspect.errors import InspectError
from builder.inspect.evaluation import Evaluation
from components.data._base import SplitName

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Items by how sure the model was of the class it named.

    Args:
        edges: (N + 1,) of the bins, from 0 to 1.
        count: (N,) items in each.
        confidence: (N,), their mean probability of the class that was named; not a number where there are none.
        accuracy: (N,), the share of them that is right; not a number where there are none.
        expected_error: the mean gap between the two, weighted by count.
        greatest_error: the greatest gap.
        mean_confidence, mean_accuracy: over all items.
        split: of the data.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    expected_error: float
    greatest_error: float
    mean_confidence: float
    mean_accuracy: float
    split: SplitName


def calibration(evaluation: Evaluation, bins: int = BINS) -> Calibration:
    """Sorts the items into bins of equal width.

    Raises:
        InspectError: the answers are no single classes, or nothing is known of the split.
    """
    sure = evaluation.confidence
    if not evaluation.head.by_class or sure is None or evaluation.truth is None or not len(sure):
        raise InspectError("Only classes that are known have a calibration.", "只有已知的类别才能评估校准。")
    right = (evaluation.truth == evaluation.predicted).astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    place = np.minimum(np.digitize(sure, edges) - 1, bins - 1)
    count = np.bincount(place, minlength=bins)

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.bincount(place, values, minlength=bins)
        return np.divide(total, count, out=np.full(bins, np.nan), where=count > 0)

    confidence, accuracy = mean(sure.astype(np.float64)), mean(right)
    gap = np.abs(confidence - accuracy)[count > 0]
    expected = float((gap * count[count > 0]).sum() / count.sum())
    return Calibration(
        edges, count, confidence, accuracy, expected, float(gap.max()), float(sure.mean()), float(right.mean()),
        evaluation.split,
    )  # fmt: skip

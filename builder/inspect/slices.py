"""Where a model is worse than on the whole: its error on parts of a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from builder.inspect.errors import InspectError
from builder.inspect.evaluation import Evaluation
from builder.inspect.inspector import Inspector
from builder.inspect.interval import NORMAL, wilson
from builder.inspect.prediction import IGNORED
from components.data._base import SplitName

By = Literal["truth", "predicted", "features"]

MOST_FEATURES = 40
QUARTERS = 4


@dataclass(frozen=True)
class Slices:
    """Parts of a split, the worst first.

    Args:
        by: what the parts are: true classes, predicted classes, or quarters of each feature.
        names: (S,) of the parts: a class, or a feature.
        low, high: (S,), the range of the feature in the part, both ends included; not a number for classes.
        count: (S,) items.
        error: (S,), the share of wrong classes, or the mean squared error.
        lowest, highest: (S,), the 95 % interval of the error: Wilson's of a share, else by a normal distribution.
        loss: (S,), the mean loss.
        whole_error: of the whole split.
        by_class: whether the error is a share.
        split: of the data.
    """

    by: By
    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    error: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    loss: np.ndarray
    whole_error: float
    by_class: bool
    split: SplitName


def ways(inspector: Inspector, by_class: bool) -> list[By]:
    """How a split can be cut: by class where classes are answered, by feature where a sample is a row of a table."""
    found: list[By] = ["truth", "predicted"] if by_class else []
    return [*found, "features"] if 0 < len(inspector.features) <= MOST_FEATURES else found


def slices(inspector: Inspector, evaluation: Evaluation, by: By) -> Slices:
    """Cuts a split into parts.

    Raises:
        InspectError: the split cannot be cut so.
    """
    if by not in ways(inspector, evaluation.head.by_class) or evaluation.truth is None or evaluation.predicted is None:
        raise InspectError(f"This split cannot be cut by '{by}'.", f"此划分不能按“{by}”切分。")
    by_class = evaluation.head.by_class
    wrong = (evaluation.truth != evaluation.predicted).astype(float) if by_class else evaluation.loss.astype(float)
    parts: list[tuple[str, float, float, np.ndarray]] = []
    if by == "features":
        parts = _quarters(inspector, evaluation)
    else:
        column = evaluation.truth if by == "truth" else evaluation.predicted
        values = [int(v) for v in np.unique(column) if v != IGNORED]
        parts = [(evaluation.head.names[v], np.nan, np.nan, column == v) for v in values]
    found = [(wrong[here], evaluation.loss[here]) for _, _, _, here in parts]
    error = np.array([e.mean() for e, _ in found])
    order = np.argsort(-error, kind="stable")
    count = np.array([len(e) for e, _ in found])
    if by_class:
        lowest, highest = wilson(error, count)
    else:
        half = [NORMAL * e.std(ddof=1) / np.sqrt(len(e)) if len(e) > 1 else np.nan for e, _ in found]
        lowest, highest = np.maximum(error - half, 0), error + half
    return Slices(
        by, tuple(parts[i][0] for i in order), np.array([parts[i][1] for i in order]),
        np.array([parts[i][2] for i in order]), count[order], error[order], lowest[order], highest[order], np.array([found[i][1].mean() for i in order]), float(wrong.mean()), by_class,
        evaluation.split,
    )  # fmt: skip


def _quarters(inspector: Inspector, evaluation: Evaluation) -> list[tuple[str, float, float, np.ndarray]]:
    """Every feature cut into parts of about equal count; a feature of few values has fewer parts."""
    entry = inspector.entry
    if entry is None:
        raise InspectError("The samples are no rows of a table.", "样本不是表格的行。")
    rows = inspector.batch(evaluation.split, range(inspector.size(evaluation.split)))[entry.end].numpy()
    rows = rows[evaluation.sample]
    found = []
    for place, name in enumerate(inspector.features):
        column = rows[:, place]
        inner = np.unique(np.quantile(column, np.arange(1, QUARTERS) / QUARTERS, method="inverted_cdf"))
        part = np.searchsorted(inner, column)  # part i holds what is above bound i - 1 and not above bound i
        for number in np.unique(part):
            here = part == number
            found.append((name, float(column[here].min()), float(column[here].max()), here))
    return found

"""What can be read off each node by a linear model: linear probes over depth."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from builder.inspect.errors import InspectError
from builder.inspect.features import answers_one, by_depth, gather, spread
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.prediction import IGNORED
from components.data._base import SplitName

LIMIT = 1000  # samples to learn from, and as many to be judged by
MOST = 32  # nodes
_STEPS = 300  # of the optimiser of a logistic regression


@dataclass(frozen=True)
class Probes:
    """Linear models that were fitted on the training split, one for each node; the network itself does not change.

    Args:
        nodes: (L,) paths and ports, in the order of the data.
        score: (L,), accuracy on the split, or R² where numbers are predicted.
        training_score: (L,), the same on the samples that were learned from.
        features: (L,), entries of the vectors.
        baseline: the score of the most frequent class, or 0, that of the mean.
        model_score: of the network itself on these samples.
        by_class: whether the scores are accuracies.
        learned, judged: how many samples.
        split: that judges.
    """

    nodes: tuple[str, ...]
    score: np.ndarray
    training_score: np.ndarray
    features: np.ndarray
    baseline: float
    model_score: float
    by_class: bool
    learned: int
    judged: int
    split: SplitName


def can_probe(inspector: Inspector, head: Head) -> bool:
    """Whether an answer is one known class or number for each sample, or each node of a graph."""
    return head.target is not None and answers_one(inspector, head)


def probes(inspector: Inspector, split: SplitName, head: Head, limit: int = LIMIT) -> Probes:
    """Fits a probe on each value on the way to an answer, from the training split, and judges it on another.

    Raises:
        InspectError: a split is empty, or the samples to learn from are all of one class.
    """
    return inspector.kept(("probes", split, head.end, limit), lambda: _probes(inspector, split, head, limit))


def _probes(inspector: Inspector, split: SplitName, head: Head, limit: int) -> Probes:
    ends = by_depth(inspector, [head.end], not head.batched, MOST)
    sides: dict[str, tuple[list[np.ndarray], np.ndarray, np.ndarray]] = {}
    for name in ("train", split):
        found = gather(inspector, ends, name, spread(inspector.size(name), limit), head, known_here=True)
        if found.truth is None or found.predicted is None:
            raise InspectError(
                "A probe needs the right answers: wire a loss or a metric to the answer.",
                "线性探针需要正确答案：请为输出连接损失或指标。",
            )
        known = found.truth != IGNORED if head.by_class else np.isfinite(found.truth)
        sides[name] = [v.numpy()[known] for v in found.vectors], found.truth[known], found.predicted[known]
    (train, y_train, _), (test, y_test, predicted) = sides["train"], sides[split]
    if len(y_test) == 0 or len(np.unique(y_train)) < 2:
        raise InspectError(
            "A probe needs samples of at least two classes or values to learn from, and others to be judged by.",
            "线性探针需要至少两个类别或取值的训练样本，以及用于评判的样本。",
        )
    scores = np.array([fit(a, y_train, b, y_test, head.by_class) for a, b in zip(train, test, strict=True)])
    if head.by_class:
        values, counts = np.unique(y_train, return_counts=True)
        baseline, own = float((y_test == values[counts.argmax()]).mean()), float((y_test == predicted).mean())
    else:
        baseline, own = 0.0, r_squared(y_test, predicted)
    return Probes(
        tuple(".".join(end) for end in ends), scores[:, 1], scores[:, 0], np.array([x.shape[1] for x in train]),
        baseline, own, head.by_class, len(y_train), len(y_test), split,
    )  # fmt: skip


def fit(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, by_class: bool) -> tuple[float, float]:
    """Score on the samples that are learned from, and on others: logistic regression (accuracy), or ridge (R²).

    The features are standardised; both have an L2 penalty of strength 1.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_STEPS) if by_class else Ridge())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe that is nearly fitted tells as much
        model.fit(x.astype(np.float64), y)
    return float(model.score(x, y)), float(model.score(x_test, y_test))


def r_squared(truth: np.ndarray, predicted: np.ndarray) -> float:
    """The share of the variance that is explained; not a number where there is none."""
    spread_ = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / spread_ if spread_ > 0 else float("nan")

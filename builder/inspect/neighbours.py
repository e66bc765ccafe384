"""The samples whose output of a node is nearest to that of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.features import gather, spread, vectors_of
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.prediction import IGNORED
from builder.inspect.samples import Sample
from components.data._base import SplitName

Metric = Literal["cosine", "euclidean"]

LIMIT = 5000  # samples that are searched


@dataclass(frozen=True)
class Neighbours:
    """The nearest samples of a split, the nearest first.

    Args:
        node: path of the node.
        port: its output.
        metric: how distance is measured.
        split: that is searched.
        items: (k,), sample numbers.
        distance: (k,).
        truth: (k,) classes, -100 where unknown, or numbers; None where the data have neither.
        names: of the classes; empty for numbers.
        own: the class or number of the sample itself; None where it is unknown.
        searched: how many samples were compared.
    """

    node: str
    port: str
    metric: Metric
    split: SplitName
    items: np.ndarray
    distance: np.ndarray
    truth: np.ndarray | None
    names: tuple[str, ...]
    own: float | None
    searched: int


def neighbours(
    inspector: Inspector, sample: Sample, end: End, split: SplitName, count: int = 12, metric: Metric = "cosine",
    head: Head | None = None, limit: int = LIMIT,
) -> Neighbours:  # fmt: skip
    """The samples of a split that a node takes for most similar to this one; the sample itself is left out.

    Args:
        end: one vector a sample; maps and sequences are averaged to one.
        count: how many.
        head: whose classes or numbers are told.
        limit: at most so many samples are searched, evenly spread.

    Raises:
        InspectError: the value belongs to the nodes of a graph or is not finite, or the split is empty.
    """
    if inspector.layout.batch_axis(end) is None:
        raise InspectError(
            "The nodes of a graph are no samples that could be neighbours.", "图的节点不是样本，没有近邻样本。", end[0]
        )
    found = inspector.kept(
        ("neighbours", end, split, head and head.end, limit),
        lambda: gather(inspector, [end], split, spread(inspector.size(split), limit), head),
    )
    own = vectors_of(inspector, end, inspector.value(sample, end))[0].double().numpy()
    vectors = found.vectors[0].double().numpy()
    if not (np.isfinite(vectors).all() and np.isfinite(own).all()):
        raise InspectError(
            f"'{end[0]}' gives values that are not finite: there are no distances between them.",
            f"“{end[0]}”含有非有限值，无法计算距离。",
            end[0],
        )
    distance = distances(vectors, own, metric)
    others = np.flatnonzero(found.items != (sample.key[1] if sample.key[0] == split else -1))
    order = others[np.argsort(distance[others], kind="stable")[:count]]
    truth = None if found.truth is None else found.truth[order]
    return Neighbours(
        *end, metric, split, found.items[order], distance[order], truth, found.names, _own(inspector, sample, head),
        len(others),
    )  # fmt: skip


def distances(vectors: np.ndarray, own: np.ndarray, metric: Metric) -> np.ndarray:
    """(M,), of vectors (M, C) to one (C,); the cosine distance to a vector of zeros is 1."""
    if metric == "euclidean":
        return np.linalg.norm(vectors - own, axis=1)
    length = np.linalg.norm(vectors, axis=1) * np.linalg.norm(own)
    return 1 - np.divide(vectors @ own, length, out=np.zeros(len(vectors)), where=length > 0)


def _own(inspector: Inspector, sample: Sample, head: Head | None) -> float | None:
    """What is right for the sample itself."""
    target = None if head is None or head.target is None else inspector.values(sample).get(head.target)
    if head is None or target is None:
        return None
    own = float(head.targets(target).reshape(-1)[-1])
    return None if head.by_class and own == IGNORED else own

"""How the nodes of a run have fared over its epochs: a figure of each as a table, and histograms of weights and gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from builder.inspect.errors import InspectError
from builder.train import health
from builder.train.health import Figure
from builder.train.run import Run

Values = Literal["weights", "gradients"]
BINS = 80
DRAWN = 40  # histograms that are drawn at most


@dataclass(frozen=True)
class Mark:
    """What is wrong with a node at a moment: its place in the table, and words in both languages."""

    row: int
    column: int
    en: str
    zh: str


@dataclass(frozen=True)
class Vitals:
    """A figure of nodes over a training.

    Args:
        figure: which one.
        nodes: paths, in the order of the data.
        epochs: (E,) moments; 2.5 is the middle of the third epoch.
        values: (nodes, E), not a number where a node has none.
        marks: what is ill.
    """

    figure: Figure
    nodes: tuple[str, ...]
    epochs: np.ndarray
    values: np.ndarray
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Histograms:
    """Histograms of the weights of a node, or of their gradients, over a training.

    Args:
        node: its path.
        of: weights or gradients.
        epochs: (E,) moments.
        edges: (bins + 1,), the same for all.
        shares: (E, bins) of the values that lie in each bin.
    """

    node: str
    of: Values
    epochs: np.ndarray
    edges: np.ndarray
    shares: np.ndarray


_ILLS: dict[Figure, tuple[str, ...]] = {
    "dead": ("dead",),
    "gradient": ("vanishing", "exploding"),
    "update": ("slow", "fast"),
}


def vitals(run: Run, figure: Figure) -> Vitals:
    """A figure of all nodes that have it.

    Raises:
        InspectError: the run has not recorded any.
    """
    records = health.records(run)
    nodes = tuple(dict.fromkeys(path for record in records for path in record.values(figure)))
    if not nodes:
        raise InspectError(
            f"The run '{run.name}' has recorded no '{figure}' of its nodes.",
            f"训练“{run.name}”没有记录节点的“{figure}”。",
        )
    values = np.full((len(nodes), len(records)), np.nan)
    marks: list[Mark] = []
    for column, record in enumerate(records):
        found, wrong = record.values(figure), health.illnesses(record)
        for row, path in enumerate(nodes):
            values[row, column] = found.get(path, np.nan)
            ills = [ill for ill in wrong.get(path, ()) if ill.kind in _ILLS.get(figure, ())]
            marks += [Mark(row, column, ill.en, ill.zh) for ill in ills]
    return Vitals(figure, nodes, np.array([record.epoch for record in records]), values, tuple(marks))


def histograms(run: Run, node: str, of: Values) -> Histograms:
    """The histograms of a node on common bins; where there are very many, some of them, evenly spaced.

    Raises:
        InspectError: the run has not recorded any of this node.
    """
    found = health.histograms(run, node, of)
    if not found:
        raise InspectError(
            f"The run '{run.name}' has recorded no histograms of '{node}'.",
            f"训练“{run.name}”没有记录“{node}”的直方图。",
            node,
        )
    if len(found) > DRAWN:
        found = [found[i] for i in np.linspace(0, len(found) - 1, DRAWN).round().astype(int)]
    low, high = min(h.low for h in found), max(h.high for h in found)
    edges = np.linspace(low, high, BINS + 1)
    shares = np.stack([_rebinned(h, edges) for h in found])
    return Histograms(node, of, np.array([h.epoch for h in found]), edges, shares)


def _rebinned(histogram: health.Histogram, edges: np.ndarray) -> np.ndarray:
    """The shares in other bins, as if the values of a bin lay evenly in it."""
    own = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    below = np.concatenate([[0.0], np.cumsum(histogram.counts)]) / max(sum(histogram.counts), 1)
    return np.diff(np.interp(edges, own, below))

"""What nodes give on many samples, or on the nodes of a graph, as one vector each, with their classes or numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.prediction import IGNORED
from components.data._base import SPLITS, SplitName

FEWEST = 64  # samples that are looked through, however large the model


@dataclass(frozen=True)
class Features:
    """M samples, or nodes of a graph.

    Args:
        vectors: of each value (M, C).
        items: (M,), sample numbers, or node numbers of a graph.
        truth: (M,) classes, -100 where unknown, or (M,) numbers; None where the answer is neither or is not known.
        predicted: (M,) classes or numbers; None where the answer is neither.
        names: of the classes; empty for numbers.
        of_nodes: whether the items are nodes of a graph.
    """

    vectors: tuple[Tensor, ...]
    items: np.ndarray
    truth: np.ndarray | None
    predicted: np.ndarray | None
    names: tuple[str, ...]
    of_nodes: bool


def can_be_features(inspector: Inspector, end: End) -> bool:
    """Whether a value is one vector a sample or node (or maps and sequences that average to one), and there are samples."""
    if not inspector.has_data:
        return False
    kind = inspector.layout.kind(end)
    if kind == "nodes":
        return True
    sizes = inspector.layout.sample_shape(end)
    if inspector.layout.batch_axis(end) != 0 or kind not in ("vector", "sequence", "maps", "volume"):
        return False
    return sizes[feature_axis(inspector, end) - 1] not in (0, 1)


def answers_one(inspector: Inspector, head: Head) -> bool:
    """Whether an answer is one class or one number for each sample or node, so that it can colour a point."""
    if head.task == "values":
        return len(head.names) == 1
    one = not head.batched or len(inspector.layout.sample_shape(head.end)) <= 1
    return one and head.by_class and not head.tokens


def spread(size: int, limit: int) -> np.ndarray:
    """At most so many of the first ``size`` whole numbers, evenly spread."""
    return np.unique(np.linspace(0, size - 1, min(size, limit)).astype(np.int64)) if size else np.empty(0, np.int64)


def affordable(inspector: Inspector, end: End, size: int, limit: int, work: float) -> np.ndarray:
    """As ``spread``, of large models fewer: as many as ``work`` floating-point operations allow, but ``FEWEST``."""
    return spread(size, int(min(limit, max(FEWEST, work // max(inspector.work([end]), 1)))))


def gather(
    inspector: Inspector, ends: Sequence[End], split: SplitName, items: np.ndarray, head: Head | None = None,
    flat: bool = False, known_here: bool = False,
) -> Features:  # fmt: skip
    """Runs samples of a split through the model.

    Args:
        ends: values that ``can_be_features``.
        items: sample numbers; where the split is one graph, all its nodes are taken.
        head: whose answers are wanted as well.
        known_here: of a graph's nodes, only the classes that belong to this split are told.
        flat: keeps every entry of maps and sequences whose size is fixed; else they are averaged to one vector a sample.

    Raises:
        InspectError: values of samples and of nodes are asked for together, or the split is empty.
    """
    of_nodes = [inspector.layout.batch_axis(end) is None for end in ends]
    if len(set(of_nodes)) > 1:
        raise InspectError(
            "Values of samples and values of a graph's nodes do not go together.", "样本的值与图节点的值不能放在一起。"
        )
    if not len(items):
        raise InspectError(f"The '{split}' split is empty.", f"“{split}”划分为空。")
    answering = head if head is not None and answers_one(inspector, head) else None
    wanted = [*ends, *([answering.end] if answering else [])]
    if answering and answering.target:
        wanted.append(answering.target)
    program, step = inspector.program(tuple(wanted)), inspector.batch_size(wanted)
    parts: list[list[Tensor]] = []
    for start in range(0, len(items), step):
        results = inspector.run(program, inspector.batch(split, items[start : start + step].tolist()))
        vectors = [vectors_of(inspector, end, result, flat) for end, result in zip(ends, results)]
        told = results[len(ends) :]
        parts.append([*vectors, *(_answers(answering, r, i) for i, r in enumerate(told) if answering)])
    columns = [torch.cat(column) for column in zip(*parts, strict=True)]
    vectors, told = tuple(columns[: len(ends)]), [column.numpy() for column in columns[len(ends) :]]
    truth = told[1] if len(told) > 1 else None
    if of_nodes[0] and answering and answering.target and truth is not None and not known_here:
        truth = classes_of_nodes(inspector, answering.target, truth)
    return Features(
        vectors, np.arange(len(vectors[0])) if of_nodes[0] else items, truth, told[0] if told else None,
        answering.names if answering and answering.by_class else (), of_nodes[0],
    )  # fmt: skip


def classes_of_nodes(inspector: Inspector, target: End, truth: np.ndarray) -> np.ndarray:
    """The classes of nodes that any split knows."""
    truth = truth.copy()
    if inspector.compiled.flat.nodes[target[0]].component.kind == "dataset":
        for split in SPLITS:
            found = inspector.batch(split, [0])[target].numpy()
            truth = np.where(truth == IGNORED, found, truth)
    return truth


def flat_size(inspector: Inspector, end: End) -> int:
    """How many numbers a vector of ``gather(flat=True)`` has."""
    sizes = inspector.layout.sample_shape(end)
    if inspector.layout.kind(end) != "nodes" and all(isinstance(size, int) for size in sizes):
        return math.prod(size for size in sizes if isinstance(size, int))
    size = sizes[feature_axis(inspector, end) - 1]
    return size if isinstance(size, int) else 1


def feature_axis(inspector: Inspector, end: End) -> int:
    """The axis of a batch whose entries are features: the last of vectors and sequences, the first of maps."""
    axes = inspector.layout.axes(end)
    return axes.index("C") if "C" in axes else len(axes) - 1


def vectors_of(inspector: Inspector, end: End, value: Tensor, flat: bool = False) -> Tensor:
    """One vector for each sample (B, C) or node (N, C): all entries, or the mean over all axes but the features."""
    if value.dim() == 2:
        return value
    if flat and all(isinstance(size, int) for size in inspector.layout.sample_shape(end)):
        return value.flatten(1)
    return value.movedim(feature_axis(inspector, end), -1).flatten(1, -2).mean(1)


def _answers(head: Head, result: Tensor, index: int) -> Tensor:
    """The class or number of each point: predicted (of the output, first) or right (of the target)."""
    if not head.by_class:
        rows = (head.rows if index == 0 else head.targets)(result)[..., 0].float()  # (B, P)
    elif index == 0:
        rows = head.probabilities(head.rows(result)).argmax(-1)
    else:
        target = head.targets(result)
        rows = target if target.dim() == 2 else target[..., 0].long()
    return rows[:, -1] if head.batched else rows[0]


def by_depth(inspector: Inspector, goals: Sequence[End], of_nodes: bool, most: int) -> list[End]:
    """Values on the way to others, in the order of the data, that ``can_be_features`` of samples, or of nodes.

    Where there are more than ``most``, they are evenly spread and the last is kept.
    """
    entering = set(inspector.sources(goals))
    found: list[End] = []
    for path in inspector.compiled.ancestors(goals):
        is_data = inspector.compiled.flat.nodes[path].component.kind == "dataset"
        for port in inspector.compiled.report.nodes[path].outputs:
            end = (path, port)
            usable = end in entering if is_data else port != "weights"
            if usable and (inspector.layout.batch_axis(end) is None) == of_nodes and can_be_features(inspector, end):
                found.append(end)
    return [found[i] for i in spread(len(found), most)]

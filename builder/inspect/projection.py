"""A node's output on many samples, or on the nodes of a graph, as points of a plane: principal components."""

from __future__ import annotations

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

LIMIT = 1000  # samples


@dataclass(frozen=True)
class Projection:
    """The two directions of greatest variance.

    Args:
        node: path of the node.
        port: its output.
        points: (M, 2), centred.
        explained: (2,), the share of the variance along each direction.
        items: (M,), sample numbers, or node numbers of a graph.
        truth: (M,) classes, -100 where unknown; None where the data have no classes.
        predicted: (M,) classes; None where the model answers no classes.
        names: of the classes.
        of_nodes: whether the points are nodes of a graph.
    """

    node: str
    port: str
    points: np.ndarray
    explained: np.ndarray
    items: np.ndarray
    truth: np.ndarray | None
    predicted: np.ndarray | None
    names: tuple[str, ...]
    of_nodes: bool


def project(
    inspector: Inspector, end: End, split: SplitName, head: Head | None = None, limit: int = LIMIT
) -> Projection:
    """The principal components of a node's output over a split, its maps and sequences averaged to one vector a sample.

    Args:
        head: whose classes colour the points.
        limit: at most so many samples, evenly spread.

    Raises:
        InspectError: there are fewer than three points or two features.
    """
    key = ("projection", end, split, head and head.end, limit)
    return inspector.kept(key, lambda: _project(inspector, end, split, head, limit))


def can_project(inspector: Inspector, end: End) -> bool:
    """Whether a value is one vector a sample or node (or maps and sequences that average to one)."""
    kind = inspector.layout.kind(end)
    batch = inspector.layout.batch_axis(end)
    if kind == "nodes":
        return True
    sizes = inspector.layout.sample_shape(end)
    if batch != 0 or kind not in ("vector", "sequence", "maps", "volume"):
        return False
    return sizes[_feature_axis(inspector, end) - 1] not in (0, 1)


def _project(inspector: Inspector, end: End, split: SplitName, head: Head | None, limit: int) -> Projection:
    of_nodes = inspector.layout.batch_axis(end) is None
    classes = head if head is not None and head.by_class else None
    ends = [end, *([classes.end] if classes else []), *([classes.target] if classes and classes.target else [])]
    program, step = inspector.program(tuple(ends)), inspector.batch_size(ends)
    size = inspector.size(split)
    chosen = np.unique(np.linspace(0, size - 1, min(size, limit)).astype(np.int64)) if size else np.empty(0, np.int64)
    parts: list[list[Tensor]] = []
    for start in range(0, len(chosen), step):
        indices = chosen[start : start + step].tolist()
        results = inspector.run(program, inspector.batch(split, indices))
        parts.append(
            [_vectors(inspector, end, results[0]), *(_classes(classes, r, i) for i, r in enumerate(results[1:]))]
        )
    columns = [torch.cat(column) for column in zip(*parts, strict=True)]
    vectors = columns[0] if columns else torch.empty(0, 0)
    if vectors.shape[0] < 3 or vectors.shape[1] < 2:
        raise InspectError(
            f"A projection needs at least 3 points with 2 features. '{end[0]}' gives {tuple(vectors.shape)}.",
            f"投影至少需要 3 个具有 2 个特征的点，“{end[0]}”给出 {tuple(vectors.shape)}。",
            end[0],
        )
    points, explained = _principal(vectors)
    predicted = columns[1].numpy() if classes else None
    truth = columns[2].numpy() if classes and classes.target else None
    if of_nodes and classes and classes.target and truth is not None:
        truth = classes_of_nodes(inspector, classes.target, truth)
    items = np.arange(len(points)) if of_nodes else chosen
    names = classes.names if classes else ()
    return Projection(end[0], end[1], points, explained, items, truth, predicted, names, of_nodes)


def _feature_axis(inspector: Inspector, end: End) -> int:
    """The axis of a batch whose entries are features: the last of vectors and sequences, the first of maps."""
    axes = inspector.layout.axes(end)
    return axes.index("C") if "C" in axes else len(axes) - 1


def _vectors(inspector: Inspector, end: End, value: Tensor) -> Tensor:
    """One vector for each sample (B, C) or node (N, C): the mean over all other axes."""
    if value.dim() == 2:
        return value
    return value.movedim(_feature_axis(inspector, end), -1).flatten(1, -2).mean(1)


def _classes(head: Head | None, result: Tensor, index: int) -> Tensor:
    """The class of each point: predicted (of the logits, first) or right (of the target)."""
    if head is None:
        raise ValueError("Classes are read only where a head is given. Got none.")
    if index == 0:
        classes = head.probabilities(head.rows(result)).argmax(-1)  # (B, P)
    else:
        target = head.targets(result)
        classes = target if target.dim() == 2 else target[..., 0].long()
    return classes[:, -1] if head.batched else classes[0]


def classes_of_nodes(inspector: Inspector, target: End, truth: np.ndarray) -> np.ndarray:
    """The classes of nodes that any split knows."""
    truth = truth.copy()
    if inspector.compiled.flat.nodes[target[0]].component.kind == "dataset":
        for split in SPLITS:
            found = inspector.batch(split, [0])[target].numpy()
            truth = np.where(truth == IGNORED, found, truth)
    return truth


def _principal(vectors: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Points along the first two principal axes, turned so that their largest loading is positive; variance shares."""
    x = (vectors - vectors.mean(0)).double()
    _, singular, axes = torch.linalg.svd(x, full_matrices=False)
    axes = axes[:2]
    largest = axes.abs().argmax(1, keepdim=True)
    axes = axes * axes.gather(1, largest).sign()
    variance = singular.square()
    share = variance[:2] / variance.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return (x @ axes.T).float().numpy(), share.numpy()

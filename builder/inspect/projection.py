"""A node's output on many samples, or on the nodes of a graph, as points of a plane."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.evaluation import evaluate
from builder.inspect.features import answers_one, gather, spread
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from components.data._base import SplitName

Method = Literal["pca", "tsne", "umap"]

LIMIT = 1000  # samples
SEED = 0
FEWEST = 5  # points that a map of neighbourhoods needs
_COMPONENTS = 50  # principal components that t-SNE and UMAP begin with


@dataclass(frozen=True)
class Projection:
    """Points of a plane.

    Args:
        node: path of the node.
        port: its output.
        method: principal components, t-SNE or UMAP.
        points: (M, 2), centred.
        explained: (2,), the share of the variance along each principal component; empty for the other methods.
        items: (M,), sample numbers, or node numbers of a graph.
        truth: (M,) classes, -100 where unknown, or (M,) numbers; None where the data have neither.
        predicted: (M,) classes or numbers; None where the model answers neither.
        error: (M,), the loss of each; not a number where it is unknown, None where the graph does not say what is right.
        names: of the classes; empty for numbers.
        of_nodes: whether the points are nodes of a graph.
    """

    node: str
    port: str
    method: Method
    points: np.ndarray
    explained: np.ndarray
    items: np.ndarray
    truth: np.ndarray | None
    predicted: np.ndarray | None
    error: np.ndarray | None
    names: tuple[str, ...]
    of_nodes: bool


def project(
    inspector: Inspector, end: End, split: SplitName, head: Head | None = None, method: Method = "pca",
    limit: int = LIMIT,
) -> Projection:  # fmt: skip
    """A node's output over a split in two dimensions, its maps and sequences averaged to one vector a sample.

    Args:
        head: whose answers colour the points.
        limit: at most so many samples, evenly spread.

    Raises:
        InspectError: there are fewer than three points (five for t-SNE and UMAP) or two features, or all points are one.
    """
    key = ("projection", end, split, head and head.end, method, limit)
    return inspector.kept(key, lambda: _project(inspector, end, split, head, method, limit))


def _project(
    inspector: Inspector, end: End, split: SplitName, head: Head | None, method: Method, limit: int
) -> Projection:
    found = gather(inspector, [end], split, spread(inspector.size(split), limit), head)
    (vectors,) = found.vectors
    fewest = 3 if method == "pca" else FEWEST
    if vectors.shape[0] < fewest or vectors.shape[1] < 2:
        raise InspectError(
            f"A projection needs at least {fewest} points with 2 features. '{end[0]}' gives {tuple(vectors.shape)}.",
            f"投影至少需要 {fewest} 个具有 2 个特征的点，“{end[0]}”给出 {tuple(vectors.shape)}。",
            end[0],
        )
    if not torch.isfinite(vectors).all() or (method != "pca" and not (vectors != vectors[0]).any()):
        raise InspectError(
            f"'{end[0]}' gives the same vector for every sample, or values that are not finite: there is nothing to lay out.",
            f"“{end[0]}”对所有样本给出相同的向量，或含有非有限值，无法布局。",
            end[0],
        )
    if method == "pca":
        points, explained = principal(vectors)
    else:
        points, explained = (tsne if method == "tsne" else umap)(vectors), np.empty(0)
    error = None
    if head is not None and head.target is not None and answers_one(inspector, head):
        error = _errors(inspector, split, head, found.items, found.of_nodes)
    return Projection(
        *end, method, points, explained, found.items, found.truth, found.predicted, error, found.names, found.of_nodes
    )


def _errors(inspector: Inspector, split: SplitName, head: Head, items: np.ndarray, of_nodes: bool) -> np.ndarray:
    """The mean loss of each item; not a number where it has no target."""
    judged = evaluate(inspector, split, head)
    owner = judged.position if of_nodes else judged.sample
    size = int(max(items.max(), owner.max(initial=0))) + 1
    count = np.bincount(owner, minlength=size)
    total = np.bincount(owner, judged.loss, minlength=size)
    return np.divide(total, count, out=np.full(size, np.nan), where=count > 0)[items]


def principal(vectors: Tensor, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Points along the first principal axes, turned so that their largest loading is positive; variance shares."""
    x = (vectors - vectors.mean(0)).double()
    _, singular, axes = torch.linalg.svd(x, full_matrices=False)
    axes = axes[:count]
    largest = axes.abs().argmax(1, keepdim=True)
    axes = axes * axes.gather(1, largest).sign()
    variance = singular.square()
    share = variance[:count] / variance.sum().clamp(min=torch.finfo(torch.float64).tiny)
    return (x @ axes.T).float().numpy(), share.numpy()


def tsne(vectors: Tensor) -> np.ndarray:
    """(M, 2): neighbours stay neighbours (van der Maaten & Hinton 2008), from 50 principal components, seeded."""
    from sklearn.manifold import TSNE

    x, _ = principal(vectors, _COMPONENTS)
    points = TSNE(2, perplexity=min(30.0, (len(x) - 1) / 3), init="pca", random_state=SEED).fit_transform(x)
    return np.asarray(points - points.mean(0), dtype=np.float32)


def umap(vectors: Tensor) -> np.ndarray:
    """(M, 2): neighbours stay neighbours (McInnes et al., arXiv 1802.03426), from 50 principal components, seeded."""
    x, _ = principal(vectors, _COMPONENTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # TensorFlow, for another of its methods
        warnings.simplefilter("ignore", UserWarning)  # groups that no neighbour joins
        from umap.umap_ import UMAP

        fitted = UMAP(n_neighbors=min(15, len(x) - 1), init="pca", random_state=SEED, n_jobs=1)
        points = np.asarray(fitted.fit_transform(x), dtype=np.float32)
    return points - points.mean(0)

"""A graph data set as a drawing: where its nodes lie, what they are and what the model takes them for."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.features import classes_of_nodes
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.prediction import IGNORED
from builder.inspect.samples import Sample

MAX_NODES = 2000


@dataclass(frozen=True)
class Network:
    """The nodes of a graph.

    Args:
        points: (N, 2), placed so that neighbours lie close.
        edges: (2, E), each pair once, without loops.
        predicted: (N,) classes.
        confidence: (N,), their probabilities.
        truth: (N,) classes, -100 where no split knows them.
        judged: (N,), whether the node belongs to the split of the sample.
        names: of the classes.
    """

    points: np.ndarray
    edges: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    truth: np.ndarray | None
    judged: np.ndarray
    names: tuple[str, ...]


def edge_port(inspector: Inspector, head: Head) -> End | None:
    """The edges that an answer about nodes depends on."""
    if head.batched or not head.by_class:
        return None
    return next((end for end in inspector.sources([head.end]) if inspector.layout.axes(end) == ("2", "E")), None)


def network(inspector: Inspector, sample: Sample, head: Head) -> Network:
    """The drawing of a graph and the model's answers on its nodes.

    Raises:
        InspectError: the answer is not about the nodes of a graph, or there are more than 2000.
    """
    port = edge_port(inspector, head)
    if port is None:
        raise InspectError("This model does not classify the nodes of a graph.", "此模型不对图的节点分类。")
    probabilities = head.probabilities(head.rows(inspector.value(sample, head.end)))[0].numpy()
    if len(probabilities) > MAX_NODES:
        raise InspectError(
            f"A graph of at most {MAX_NODES} nodes can be drawn. This one has {len(probabilities)}.",
            f"最多绘制 {MAX_NODES} 个节点，此图有 {len(probabilities)} 个。",
        )
    edges = inspector.value(sample, port).numpy()
    points = inspector.kept(("points", port), lambda: _place(len(probabilities), edges))
    truth, judged = None, np.ones(len(probabilities), dtype=bool)
    if head.target is not None:
        here = head.targets(inspector.value(sample, head.target))[0].reshape(len(probabilities), -1)[:, 0].numpy()
        judged = here != IGNORED
        truth = classes_of_nodes(inspector, head.target, here.astype(np.int64))
    once = np.unique(np.sort(edges[:, edges[0] != edges[1]], axis=0), axis=1)
    return Network(points, once, probabilities.argmax(1), probabilities.max(1), truth, judged, head.names)


def _place(count: int, edges: np.ndarray) -> np.ndarray:
    """Points (N, 2) from springs along the edges, the same each time."""
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges.T.tolist())
    # The dense method: for a few hundred nodes several times as fast as the one that networkx would choose.
    placed = nx.spring_layout(graph, seed=0, iterations=40, method="force")
    return np.stack([placed[node] for node in range(count)])

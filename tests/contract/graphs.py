"""A graph around one example: a data set that brings its inputs, and the node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from builder.graph import Edge, Graph
from components.spec import Component


def graph_around(component: Component, params: Mapping[str, Any], tensors: Mapping[str, Sequence[Tensor]]) -> Graph:
    """The node ``node``; its inputs are wired to the ports t0, t1 ... of the data set ``data``, in their order."""
    flat = [(port, t) for port, several in tensors.items() for t in several]
    described = [[list(t.shape), str(t.dtype).removeprefix("torch.")] for _, t in flat]
    graph = Graph()
    graph.place("data", "data_given", {"tensors": described})
    graph.place("node", component.id, params)
    for index, (port, _) in enumerate(flat):
        graph.wire(Edge("data", f"t{index}", "node", port))
    return graph

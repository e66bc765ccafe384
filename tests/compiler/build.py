"""Short ways to write graphs in tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from builder.graph import Edge, Graph
from builder.graph.edit import edge_between

Node = str | tuple[str, Mapping[str, Any]] | tuple[str, Mapping[str, Any], Mapping[str, Any]]


def graph(nodes: Mapping[str, Node], wires: Iterable[str] = (), blocks: Mapping[str, Graph] | None = None) -> Graph:
    """A graph from ``{id: component}`` (or ``(component, params, settings)``) and wires ``"a.y b.x"``, ``"a.y b.x c.x"``.

    Nothing is checked: broken graphs are written like sound ones.
    """
    made = Graph()
    for id, node in nodes.items():
        component, *rest = (node,) if isinstance(node, str) else node
        made.place(id, component, *rest)
    for wire in wires:
        source, *targets = wire.split()
        for target in targets:
            made.wire(edge_between(source, target))
    made.blocks.update(blocks or {})
    return made


def chain(*nodes: tuple[str, Node], data: str = "data") -> Graph:
    """Nodes one behind the other, from the first's ``x`` through the ports ``x`` and ``y``."""
    made = graph(dict(nodes))
    for (source, _), (target, _) in itertools.pairwise(nodes):
        made.wire(Edge(source, "x" if source == data else "y", target, "x"))
    return made


def image(*shape: int) -> Node:
    """A data set of random samples of this shape, with ten classes."""
    return "data_random", {"shape": list(shape)}


def given(*shape: int, dtype: str = "float32") -> Node:
    """An input of this shape."""
    return "data_input", {"shape": list(shape), "dtype": dtype}

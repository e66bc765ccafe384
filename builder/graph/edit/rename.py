"""A node under another id: what names it follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builder.graph.edit.names import name_of_block, require_free, require_nodes
from builder.graph.edit.references import follow_all
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph


def rename_node(graph: Graph, node: str, id: str, root: Graph | None = None) -> None:
    """Gives a node another id; its wires, and what names it in the same graph, follow.

    With the whole graph as ``root``, of which ``graph`` may be a block, what names it in other parts follows as well,
    and for a block's port the wires at each use of the block.

    Raises:
        GraphError: the id is taken, or is none.
    """
    require_nodes(graph, [node])
    if id == node:
        return
    require_free(id, graph, ("A node's id", "节点编号"), node)
    parts = [graph] if root is None else [root, *root.blocks.values()]
    whole = graph if root is None else root
    for scope in parts:  # while the paths still lead to the node
        follow_all(scope, lambda path, scope=scope: _renamed(path, scope, whole, graph, node, id))
    name = None if root is None else name_of_block(graph, root.blocks)
    if name is not None:
        for scope in parts:
            _rename_port_of_uses(scope, BLOCK_PREFIX + name, graph.nodes[node]["component"], node, id)
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    nodes = {(id if n == node else n): data for n, data in graph.nodes(data=True)}
    graph.remove_nodes_from(list(graph.nodes))
    for other, data in nodes.items():
        graph.add_node(other, **data)
    new = {node: id}
    for edge, extra in wires:
        ends = {"source": new.get(edge.source, edge.source), "target": new.get(edge.target, edge.target)}
        graph.wire(edge._replace(**ends), extra)


def _renamed(path: str, scope: Graph, root: Graph, part: Graph, old: str, new: str) -> str:
    """A path from ``scope`` that leads to or through the node ``old`` of a part of the graph, with its new id."""
    names = path.split("/")
    current: Graph | None = scope if names[0] in scope else root  # as a path is read
    parameters: Mapping[str, Any] = {}
    for index, name in enumerate(names):
        if current is part and name == old:
            return "/".join([*names[:index], new, *names[index + 1 :]])
        if current is not None and name in current:
            data = current.nodes[name]
            is_use, parameters = data["component"].startswith(BLOCK_PREFIX), data["params"]
            current = root.blocks.get(data["component"].removeprefix(BLOCK_PREFIX)) if is_use else None
        elif current is None:  # behind a node that takes a block as a parameter
            called = parameters.get(name)
            current = root.blocks.get(called) if isinstance(called, str) else None
            if current is None:
                break
        elif index and not re.fullmatch(
            r"n\d+", name
        ):  # else the copy of a repeated block, or the beginning of "/node"
            break
    return path


def _rename_port_of_uses(scope: Graph, component: str, kind: str, old: str, new: str) -> None:
    """Wires to the port ``old`` of every use of a block go to ``new``."""
    uses = {n for n, data in scope.nodes(data=True) if data["component"] == component}
    for _, target, data in scope.edges(data=True):
        if kind == PORT_IN and target in uses and data["target_port"] == old:
            data["target_port"] = new
    for source, _, data in scope.edges(data=True):
        if kind == PORT_OUT and source in uses and data["source_port"] == old:
            data["source_port"] = new

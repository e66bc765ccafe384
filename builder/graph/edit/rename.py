"""A node under another id: what names it follows."""

from __future__ import annotations

import re

from builder.graph.edit.names import name_of_block, require_free, require_nodes
from builder.graph.edit.references import follow
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph


def rename_node(graph: Graph, node: str, id: str, root: Graph | None = None) -> None:
    """Gives a node another id; wires and shared weights follow.

    Where ``graph`` is a block, pass the whole graph as ``root``: what reaches into the block's uses (wires to a renamed
    port, shared weights) follows as well.
    """
    require_nodes(graph, [node])
    if id == node:
        return
    require_free(id, graph, ("A node's id", "节点编号"), node)
    name = None if root is None else name_of_block(graph, root.blocks)
    if root is not None and name is not None:  # while the paths still lead to the node
        for scope in (root, *root.blocks.values()):
            _rename_port_of_uses(scope, BLOCK_PREFIX + name, graph.nodes[node]["component"], node, id)
            follow(scope, lambda path, scope=scope: _renamed_within(path, scope, root, graph, node, id))
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    nodes = {(id if n == node else n): data for n, data in graph.nodes(data=True)}
    graph.remove_nodes_from(list(graph.nodes))
    for other, data in nodes.items():
        graph.add_node(other, **data)
    for edge, extra in wires:
        ends = {
            "source": id if edge.source == node else edge.source,
            "target": id if edge.target == node else edge.target,
        }
        graph.wire(edge._replace(**ends), extra)
    follow(graph, lambda path: id + path.removeprefix(node) if path == node or path.startswith(f"{node}/") else path)


def _renamed_within(path: str, scope: Graph, root: Graph, block: Graph, old: str, new: str) -> str:
    """A path that leads through a use of ``block`` to its node ``old``, to the node's new id."""
    parts = path.split("/")
    current = scope if parts[0] in scope else root
    for index, part in enumerate(parts):
        if index and current is block and part == old:
            return "/".join([*parts[:index], new, *parts[index + 1 :]])
        if part not in current:
            if index and re.fullmatch(r"n\d+", part):
                continue  # a copy of a repeated block
            break
        following = root.blocks.get(current.nodes[part]["component"].removeprefix(BLOCK_PREFIX))
        if following is None:
            break
        current = following
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

"""Makes the edits of fixes, in the graph or in the block where their node stands."""

from __future__ import annotations

import re

from builder.compiler.report import Fix
from builder.graph import Graph, GraphError
from builder.graph import edit as edits
from builder.graph.acting import mode_of
from builder.graph.graph import BLOCK_PREFIX

STEP = 300  # pixels between a node and one that is appended to it
ROOM = (230, 120)  # pixels that a new node needs for itself


def apply(graph: Graph, fix: Fix) -> None:
    """Makes the edit of a fix. The node's path may lead into blocks: there the block itself is changed.

    Raises:
        GraphError: the graph has changed since, and the node or the wire is gone. A part of the fix can have been made
            then: try it on a copy, or within ``Desk.edit``.
    """
    scope, node = _scope_of(graph, fix.node)
    if fix.action == "reset_param":
        edits.reset_param(scope, node, fix.param)
    elif fix.action == "set_param":
        edits.set_param(scope, node, fix.param, fix.value)
    elif fix.action == "drop_setting":
        edits.set_setting(scope, node, fix.param, None)
    elif fix.action == "connect":
        edits.connect(scope, edits.edge_between(fix.source, f"{node}.{fix.port}"), graph.blocks)
    elif node not in scope:
        raise GraphError(f"There is no node '{fix.node}'.", f"没有节点“{fix.node}”。", fix.node)
    elif fix.action == "insert":
        _insert(scope, graph, node, fix)
    elif fix.action == "append":
        _append(scope, graph, node, fix)
    else:
        edits.replace_node(scope, node, fix.component, graph.blocks, graph)
    for further in fix.more:
        apply(graph, further)


def _scope_of(graph: Graph, path: str) -> tuple[Graph, str]:
    """The graph or block in which the node of a path stands, and its id there."""
    scope, blocks = graph, path.split("/")
    node = blocks.pop()
    for part in blocks:
        name = scope.nodes[part]["component"].removeprefix(BLOCK_PREFIX) if part in scope else ""
        if name in graph.blocks:
            scope = graph.blocks[name]
        elif not re.fullmatch(r"n\d+", part):  # else a copy of a repeated block
            raise GraphError(f"There is no node '{path}'.", f"没有节点“{path}”。", path)
    return scope, node


def _insert(scope: Graph, graph: Graph, node: str, fix: Fix) -> None:
    wires = [wire for wire in scope.wires_into(node, fix.port) if mode_of(scope, wire.source) != "mute"]
    if fix.place >= len(wires):
        raise GraphError(
            f"There is no wire into {node}.{fix.port}.", f"没有连到 {node}.{fix.port} 的连线。", node, fix.port
        )
    edge = wires[fix.place]
    ends = [scope.nodes[edge.source]["position"] or [0, 0], scope.nodes[edge.target]["position"] or [0, 0]]
    middle = ((ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2)
    new = edits.add_node(scope, fix.component, _free_place(scope, *middle), dict(fix.params), graph.blocks)
    if not edits.splice(scope, new, edge, graph.blocks):
        raise GraphError(
            f"{fix.component} cannot stand on the wire into {node}.{fix.port}.",
            f"{fix.component} 不能接在连到 {node}.{fix.port} 的连线上。", node, fix.port,
        )  # fmt: skip


def _append(scope: Graph, graph: Graph, node: str, fix: Fix) -> None:
    x, y = scope.nodes[node]["position"] or (0, 0)
    new = edits.add_node(scope, fix.component, _free_place(scope, x + STEP, y), dict(fix.params), graph.blocks)
    ports = list(scope.signature(new, graph.blocks).inputs)
    for source, port in zip([f"{node}.{fix.port}", *filter(None, [fix.source])], ports, strict=False):
        edits.connect(scope, edits.edge_between(source, f"{new}.{port}"), graph.blocks)


def _free_place(scope: Graph, x: float, y: float) -> tuple[float, float]:
    """The nearest place at or below this one where no node lies."""
    taken = [data["position"] for _, data in scope.nodes(data=True) if data["position"]]
    for _ in taken:
        under = [place[1] for place in taken if abs(place[0] - x) < ROOM[0] and abs(place[1] - y) < ROOM[1]]
        if not under:
            break
        y = max(under) + ROOM[1]
    return x, y

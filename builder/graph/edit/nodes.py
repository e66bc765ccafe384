"""Edits of single nodes: add, remove, move, parameters and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from builder.graph.acting import mode_of, port_error
from builder.graph.document import plain
from builder.graph.edit.block_names import needed
from builder.graph.edit.names import Blocks, fresh_id, name_of_block, require_nodes
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph, GraphError
from builder.graph.schema import check_settings


def add_node(
    graph: Graph,
    component: str,
    position: tuple[float, float],
    params: Mapping[str, Any] | None = None,
    blocks: Blocks | None = None,
) -> str:
    """Places a component from the palette; its new node id.

    Raises:
        GraphError: there is no such component or block, or the block would stand in itself.
    """
    blocks = graph.blocks if blocks is None else blocks
    id = fresh_id(graph, component)
    probe = Graph()
    probe.place(id, component)
    probe.signature(id, blocks)
    require_no_recursion(graph, component, blocks)
    graph.place(id, component, plain(dict(params or {})), position=(on_canvas(position[0]), on_canvas(position[1])))
    return id


def require_no_recursion(graph: Graph, component: str, blocks: Blocks) -> None:
    """A block cannot hold a use of itself, nor of a block that holds one."""
    inside, used = name_of_block(graph, blocks), component.removeprefix(BLOCK_PREFIX)
    if inside is not None and component.startswith(BLOCK_PREFIX) and inside in needed([used], blocks):
        raise GraphError(
            f"The block '{used}' cannot stand inside '{inside}': it would contain itself.",
            f"模块“{used}”不能放入“{inside}”：它会包含自身。",
        )


def remove_nodes(graph: Graph, nodes: Iterable[str]) -> None:
    """Removes nodes with their wires."""
    nodes = list(nodes)
    require_nodes(graph, nodes)
    graph.remove_nodes_from(nodes)


def move(graph: Graph, positions: Mapping[str, tuple[float, float]]) -> None:
    """Puts nodes at new places on the canvas; a place beyond its edge is drawn to the edge."""
    require_nodes(graph, positions)
    placed = {node: [on_canvas(x), on_canvas(y)] for node, (x, y) in positions.items()}
    for node, position in placed.items():
        graph.nodes[node]["position"] = position


def on_canvas(value: float) -> float:
    """A coordinate as a graph file can hold it: at most at the canvas's edge. GraphError where it is not finite."""
    if not abs(value) < float("inf"):
        raise GraphError(
            f"A position must be a finite number. Got {value!r}.", f"位置必须是有限的数字，收到 {value!r}。"
        )
    return round(max(-1e7, min(1e7, float(value))), 1)


def set_param(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one parameter; None gives an inferred parameter back to inference. Values are checked by the compiler."""
    require_nodes(graph, [node])
    graph.nodes[node]["params"] = {**graph.nodes[node]["params"], name: plain(value)}


def reset_param(graph: Graph, node: str, name: str) -> None:
    """Gives a parameter its default back."""
    require_nodes(graph, [node])
    graph.nodes[node]["params"] = {k: v for k, v in graph.nodes[node]["params"].items() if k != name}


def set_setting(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one node-level setting (name, mode, init, frozen, weights, repeat, batch_size ...); None removes it.

    Raises:
        GraphError: a value that the setting cannot have, or a mode for a block's port.
    """
    require_nodes(graph, [node])
    if name == "mode" and value is not None and _is_port(graph, node):
        raise port_error(node)
    settings = {k: v for k, v in graph.nodes[node]["settings"].items() if k != name}
    if value is not None:
        settings[name] = plain(value)
        check_settings({name: settings[name]}, node)
    graph.nodes[node]["settings"] = settings


def toggle_mode(graph: Graph, nodes: Iterable[str], mode: str) -> bool:
    """Mutes (``mute``) or bypasses (``bypass``) nodes; lets them act again where all are in this mode already.

    Ports of blocks among them stay as they are.

    Returns:
        Whether the nodes are in this mode now.
    """
    nodes = list(nodes)
    require_nodes(graph, nodes)
    chosen = [node for node in nodes if not _is_port(graph, node)]
    if nodes and not chosen:
        raise port_error(nodes[0])
    entering = any(mode_of(graph, node) != mode for node in chosen)
    for node in chosen:
        set_setting(graph, node, "mode", mode if entering else None)
    return entering


def _is_port(graph: Graph, node: str) -> bool:
    return graph.nodes[node]["component"] in (PORT_IN, PORT_OUT)

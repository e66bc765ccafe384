"""The acts at wires: drawn, moved to another port, made longer by a component that fits, or parted by a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from builder.graph import Edge, Graph, GraphError, edit
from builder.ui.actions import check_placeable
from builder.ui.canvas.cards import WIDTH, cards_of
from builder.ui.canvas.view import edge_id
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk


def connect(desk: Desk, source: str, target: str) -> None:
    """Draws a wire between two ports. Where an end is a node as a whole, its first port that fits is taken."""

    whole = target if "." not in target else source

    def change(graph: Graph) -> None:
        ends = [(s, t) for s in _ends(graph, source, desk, "out") for t in _ends(graph, target, desk, "in")]
        wires = [edit.edge_between(left, right) for left, right in ends]
        _first(wires, lambda wire: edit.connect(graph, wire, desk.blocks, replace="." in target), whole)

    desk.edit(change, "connect")


def rewire(desk: Desk, wire: str, end: str | None) -> None:
    """Moves an end of a wire to another port or to a node as a whole; with None the wire goes.

    An output port takes the wire's source, anything else its target.
    """

    def change(graph: Graph) -> None:
        old = wire_of(graph, wire)
        if end is None:
            edit.disconnect(graph, old)
            return
        if _is_output(graph, end, desk):
            source, port = edit.parse_end(end)
            wires = [old._replace(source=source, source_port=port)]
        else:
            ends = [edit.parse_end(target) for target in _ends(graph, end, desk, "in")]
            wires = [old._replace(target=target, target_port=port) for target, port in ends]
        _first(wires, lambda new: edit.reconnect(graph, old, new, desk.blocks), end)

    desk.edit(change, "rewire")


def extend(
    desk: Desk, catalogue: Catalogue, component: str, port: str, end: str, output: bool, point: tuple[float, float]
) -> str:
    """Places a component with one of its ports at a point, wired to the port ``end``; its node id.

    Args:
        desk: with the graph.
        catalogue: for the height at which the port lies in the card.
        component: to be placed.
        port: its port that takes the wire.
        end: the port at which the wire begins, as ``node.port``.
        output: whether that is an output port.
        point: where the wire was dropped.
    """
    check_placeable(desk, component)
    probe = Graph()
    probe.place("probe", component)
    card = cards_of(probe, desk.blocks, catalogue, {}, "en")["probe"]
    corner = (point[0] if output else point[0] - WIDTH, point[1] - card.port_y(port, not output))

    def change(graph: Graph) -> str:
        new = edit.add_node(graph, component, corner, blocks=desk.blocks)
        ends = (end, f"{new}.{port}") if output else (f"{new}.{port}", end)
        edit.connect(graph, edit.edge_between(*ends), desk.blocks)
        return new

    new = desk.edit(change, "extend")
    desk.select((new,))
    return new


def insert(desk: Desk, node: str, wire: str, position: tuple[float, float]) -> None:
    """Puts a node without wires into a wire, where its ports fit; else it is only moved there."""

    def change(graph: Graph) -> None:
        edit.move(graph, {node: position})
        if not graph.wires_into(node) and not graph.wires_from(node):
            edit.splice(graph, node, wire_of(graph, wire), desk.blocks)

    desk.edit(change, "insert")


def wire_of(graph: Graph, id: str) -> Edge:
    """The wire that the canvas calls by an id; GraphError where it is gone."""
    found = next((wire for wire in graph.wires() if edge_id(wire) == id), None)
    if found is None:
        raise GraphError(f"There is no wire {id!r:.120}.", f"没有连线 {id!r:.120}。")
    return found


def _first(wires: Sequence[Edge], act: Callable[[Edge], Any], node: str) -> None:
    """Makes the first wire that is not refused; GraphError says why the first one was."""
    refusal: GraphError | None = None
    for wire in wires:
        try:
            act(wire)
            return
        except GraphError as error:
            refusal = refusal or error
    raise refusal or GraphError(f"'{node}' has no port that this wire fits.", f"“{node}”没有适合该连线的端口。", node)


def _is_output(graph: Graph, end: str, desk: Desk) -> bool:
    node, _, port = end.partition(".")
    if not port or node not in graph:
        return False
    signature = graph.signature(node, desk.blocks)
    return port in signature.outputs and port not in signature.inputs


def _ends(graph: Graph, end: str, desk: Desk, side: str) -> list[str]:
    """The ports that an end may mean, free required inputs before the others."""
    if "." in end or end not in graph:
        return [end]
    signature = graph.signature(end, desk.blocks)
    if side == "out":
        return [f"{end}.{port}" for port in signature.outputs]
    taken = {e.target_port for e in graph.wires_into(end)}
    free = [p for p in signature.inputs.values() if p.variadic or p.name not in taken]
    free.sort(key=lambda p: (p.optional, p.name in taken))
    return [f"{end}.{p.name}" for p in free]

"""What the canvas's ids and places stand for at the desk: within an expanded block they lead into the block.

An id of the canvas is ``node``, or ``use/node`` for a node within a use that is drawn open; ends and wires begin likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from builder.graph import Graph, GraphError, edit
from builder.graph.layout import Point
from builder.ui import expansion
from builder.ui.canvas.view import edge_id
from builder.ui.desk import Desk
from builder.ui.expansion import Way


def _split(path: str) -> tuple[Way, str]:
    *within, node = path.split("/")
    return tuple(within), node


def edit_part(desk: Desk, within: Way) -> None:
    """Turns to the part that is drawn within these expanded blocks; a selection in another part is let go.

    Raises:
        GraphError: nothing is drawn there.
    """
    if (*desk.shown, *within) not in desk.drawn_parts():
        path = "/".join(within)
        raise GraphError(f"'{path:.80}' is not drawn open.", f"“{path:.80}”没有展开。", path)
    if desk.within != within:
        desk.within = within
        desk.select(())


def reach(desk: Desk, path: str) -> str:
    """Turns to the part in which a node or a port is drawn; its id there. GraphError where nothing is drawn."""
    within, id = _split(path)
    edit_part(desk, within)
    return id


def beside(desk: Desk, path: str) -> str:
    """The id of a node or a port of the part that is edited; GraphError where it lies in another."""
    within, id = _split(path)
    if within != desk.within:
        raise GraphError(
            "A wire cannot cross the border of a block: wire it to a port of the block.",
            "连线不能穿过模块的边界，请连到模块的端口。",
            id.partition(".")[0],
        )
    return id


def reach_both(desk: Desk, source: str, target: str) -> tuple[str, str]:
    """Turns to the part in which two ends are drawn; GraphError where they lie in different ones."""
    before = desk.within, desk.selection, desk.wires
    start = reach(desk, source)
    try:
        return start, beside(desk, target)
    except GraphError:
        desk.within, desk.selection, desk.wires = before
        raise


def reach_wire(desk: Desk, wire: str) -> str:
    """Turns to the part in which a wire is drawn; its id there. GraphError where nothing is drawn."""
    source, _, target = wire.partition("->")
    return "->".join(reach_both(desk, source, target))


def select(desk: Desk, nodes: Sequence[str], edges: Sequence[str]) -> None:
    """Selects nodes and wires of one part: of several the outermost, since a frame stands for what is in it."""
    wanted = [_split(path) for path in nodes]
    ends = [_split(edge.partition("->")[0]) for edge in edges]
    edit_part(desk, min((within for within, _ in (*wanted, *ends)), key=len, default=()))
    by_id = {edge_id(edge, desk.within): edge for edge in desk.open_graph.wires()} if edges else {}
    desk.select([n for within, n in wanted if within == desk.within], [by_id[id] for id in edges if id in by_id])


def stored(desk: Desk, node: str, drawn: Point) -> Point:
    """The position in the graph of a node of the part that is edited, from where it is drawn in it."""
    return expansion.stored(desk.expanded, desk.shown, desk.scope, node, drawn)


def move(desk: Desk, positions: Mapping[str, Point]) -> None:
    """Takes over where nodes were dragged to, as one step; what was collapsed or deleted meanwhile is left out."""
    parts = desk.drawn_parts()
    moved: dict[Way, dict[str, Point]] = {}
    for path, drawn in positions.items():
        within, node = _split(path)
        way = (*desk.shown, *within)
        if way in parts and node in desk.part(way):
            place = expansion.stored(desk.expanded, desk.shown, way, node, drawn)
            moved.setdefault(way, {})[node] = place

    def change(_: Graph) -> None:
        for way, places in moved.items():
            edit.move(desk.part(way), places)

    desk.edit(change, "move")


def land(desk: Desk, point: Point, part: Way | None = None) -> tuple[Point, Callable[[str], None]]:
    """Turns to the part that is drawn at a point of the canvas (or to the one given).

    Returns:
        The position in the graph of a new node there, and how to note that node once it has an id.
    """
    part = expansion.part_at(desk.expanded, desk.shown, point) if part is None else part
    edit_part(desk, part[len(desk.shown) :])
    return expansion.landing(desk.expanded, desk.shown, part, point)

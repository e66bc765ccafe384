"""Where nodes lie: automatic arrangement of all or some of them, alignment, even spaces. Each is one step of the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from builder.graph import GraphError, edit
from builder.graph.alignment import Axis, Box, Side, distribute, line_up
from builder.graph.layout import Point
from builder.graph.room import around, covers, make_room
from builder.ui.canvas import arrangement
from builder.ui.canvas.cards import Card, cards_of
from builder.ui.desk import Desk
from builder.ui.text import language
from builder.ui.warm import WARMUP

SPACE = 48.0  # between two nodes with a wire


def arrange(desk: Desk, aspect: float = 1.0) -> None:
    """Lays the open graph out anew and brings all of it into view."""
    places = arrangement.arrange(desk.open_graph, _cards(desk), aspect)
    desk.edit(lambda graph: edit.move(graph, places), "arrange")
    desk.make_room_anew()
    desk.arranged += 1


def arrange_selection(desk: Desk) -> None:
    """Lays the selected nodes out anew where they stand; the others stay."""
    _require(desk, 2)
    places = arrangement.arrange_some(desk.open_graph, _cards(desk), desk.selection)
    desk.edit(lambda graph: edit.move(graph, places), "arrange_selection")
    desk.make_room_anew()


def align(desk: Desk, side: Side) -> None:
    """Brings the selected nodes to a common edge or middle."""
    _place(desk, 2, "align", lambda boxes: line_up(boxes, side))


def spread(desk: Desk, axis: Axis) -> None:
    """Makes the spaces between the selected nodes even."""
    _place(desk, 3, "distribute", lambda boxes: distribute(boxes, axis))


def let_in(desk: Desk, node: str, behind: str | None = None) -> None:
    """Makes room for a node, and puts it clear of the one whose wire it came into. To be called within an edit."""
    graph, cards = desk.open_graph, _cards(desk)
    boxes = arrangement.boxes_of(graph, cards)
    own = boxes[node]
    if behind is not None and covers(own, around(boxes[behind], SPACE)):
        own = boxes[node] = own._replace(x=boxes[behind].x + boxes[behind].width + SPACE)
    others = make_room(boxes, {node} if behind is None else {node, behind})
    edit.move(graph, {node: (own.x, own.y), **others})


def _place(desk: Desk, least: int, label: str, places: Callable[[Mapping[str, Box]], dict[str, Point]]) -> None:
    _require(desk, least)
    lying = arrangement.boxes_of(desk.open_graph, _cards(desk))
    boxes = {node: lying[node] for node in desk.selection}
    desk.edit(lambda graph: edit.move(graph, places(boxes)), label)
    desk.make_room_anew()


def _require(desk: Desk, least: int) -> None:
    if len(desk.selection) < least:
        raise GraphError(
            f"Select at least {least} nodes first. {len(desk.selection)} are selected.",
            f"请先选中至少 {least} 个节点，目前选中了 {len(desk.selection)} 个。",
        )


def _cards(desk: Desk) -> dict[str, Card]:
    return cards_of(desk.open_graph, desk.blocks, WARMUP.wait_for_catalogue(), {}, language())

"""The ways of the wires round the cards, for the canvas: corners in its own coordinates, by the wire's id."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from builder.graph.alignment import Box
from builder.graph.layout import Point
from builder.graph.routing import Wire, routed
from builder.ui.canvas.view import PIN_H, PIN_W, Element

Part = tuple[tuple[tuple[str, Box], ...], tuple[Wire, ...]]


def ways_of(nodes: Sequence[Element], edges: Sequence[Element]) -> dict[str, list[Point]]:
    """The wires that take a way of their own; the others run as React Flow draws them."""
    found: dict[str, list[Point]] = {}
    for ids, part in _parts(nodes, edges):
        found |= {ids[number]: way for number, way in _routed(part).items()}
    return found


@functools.lru_cache(maxsize=64)
def _routed(part: Part) -> dict[int, list[Point]]:
    boxes, wires = part
    ways = routed(dict(boxes), wires)
    return {number: [(round(x, 1), round(y, 1)) for x, y in way] for number, way in ways.items()}


def _parts(nodes: Sequence[Element], edges: Sequence[Element]) -> list[tuple[list[str], Part]]:
    """The wires with the cards among which they run: those of the graph itself, and of each expanded block."""
    corners: dict[str, Point] = {}
    boxes: dict[str, dict[str, Box]] = {}
    for node in nodes:  # a card comes before what lies in it
        left, top = corners.get(node.get("parentNode", ""), (0.0, 0.0))
        x, y = corners[node["id"]] = (left + node["pos"][0], top + node["pos"][1])
        if "." not in node["id"]:
            boxes.setdefault(_around(node["id"]), {})[node["id"]] = Box(x, y, node["width"], node["height"])
    wires: dict[str, dict[str, Wire]] = {}
    for edge in edges:
        source, target = corners[edge["source"]], corners[edge["target"]]
        wires.setdefault(_around(edge["source"]), {})[edge["id"]] = Wire(
            edge["source"].split(".")[0],
            edge["target"].split(".")[0],
            (source[0] + PIN_W, source[1] + PIN_H / 2),
            (target[0], target[1] + PIN_H / 2),
        )
    return [(list(own), (tuple(boxes.get(around, {}).items()), tuple(own.values()))) for around, own in wires.items()]


def _around(id: str) -> str:
    """The way to the expanded block in which something lies; empty for the graph on the canvas."""
    return id.rpartition("/")[0]

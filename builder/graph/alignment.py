"""Alignment of nodes: a common edge or middle, or even spaces between them. Geometry alone; positions are top-left corners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from builder.graph.layout import Point

Side = Literal["left", "center", "right", "top", "middle", "bottom"]
Axis = Literal["horizontal", "vertical"]
GAP = 24.0  # the least space between two nodes that would otherwise lie on each other


class Box(NamedTuple):
    """Where a node lies and how large it is, in canvas units."""

    x: float
    y: float
    width: float
    height: float


def line_up(boxes: Mapping[str, Box], side: Side) -> dict[str, Point]:
    """New places with a common edge, or a common middle ("center" of the widths, "middle" of the heights).

    Nodes that would come to lie on each other are moved apart the other way, in the order in which they lie.
    """
    if not boxes:
        return {}
    along = 0 if side in ("left", "center", "right") else 1
    low = min(box[along] for box in boxes.values())
    high = max(box[along] + box[along + 2] for box in boxes.values())
    share = {"left": 0.0, "top": 0.0, "center": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}[side]
    across = 1 - along
    places: dict[str, Point] = {}
    end = float("-inf")
    for node, box in sorted(boxes.items(), key=lambda item: (item[1][across], item[1][along])):
        line = low + share * (high - low - box[along + 2])
        start = box[across] if box[across] >= end else end + GAP
        end = start + box[across + 2]
        places[node] = (line, start) if along == 0 else (start, line)
    return places


def distribute(boxes: Mapping[str, Box], axis: Axis) -> dict[str, Point]:
    """New places with even spaces from the first node to the last; where there is no room the last ones move on."""
    along = 0 if axis == "horizontal" else 1
    order = sorted(boxes, key=lambda node: (boxes[node][along] + boxes[node][along + 2] / 2, node))
    if len(order) < 3:
        return {node: (box.x, box.y) for node, box in boxes.items()}
    first, last = boxes[order[0]], boxes[order[-1]]
    room = last[along] + last[along + 2] - first[along] - sum(boxes[node][along + 2] for node in order)
    gap = max(GAP, room / (len(order) - 1))
    places: dict[str, Point] = {}
    start = first[along]
    for node in order:
        box = boxes[node]
        places[node] = (start, box.y) if along == 0 else (box.x, start)
        start += box[along + 2] + gap
    return places

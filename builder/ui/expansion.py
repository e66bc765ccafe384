"""Blocks that are drawn open on the canvas: where their nodes lie, and how the nodes around make room. No views here.

Positions in the graph stay what they are while a block is expanded. What is drawn is a position plus a shift, and what a person
drags goes back through the same shift: so nothing jumps, and collapsing brings everything back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from builder.graph.alignment import Box
from builder.graph.layout import Point, Size

Way = tuple[str, ...]  # the steps from the top of the graph to a use of a block, that use included

GUTTER_IN, GUTTER_OUT = 76.0, 148.0  # room for the names and shapes of the frame's ports
LANES = 44.0  # room between them and the cards, in which the wires to them run
MARGIN = 22.0
LOW = 60.0  # a node is at least so high
NOWHERE = Box(0.0, 0.0, 0.0, 0.0)


@dataclass
class Frame:
    """A use of a block that is drawn open.

    ``origin`` is the point of the block's own plane that lies at ``inside``, in the frame. ``right`` and ``below`` are the
    nodes around that make room by the amounts ``grown``; ``known`` are all that were looked at. ``box`` is where the frame
    was drawn last, on the canvas.
    """

    origin: Point | None = None
    inside: Point = (0.0, 0.0)
    grown: Size = (0.0, 0.0)
    right: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    box: Box = NOWHERE

    @property
    def base(self) -> Point:
        """What a position in the block has to be moved by to lie in the frame."""
        origin = self.origin or (0.0, 0.0)
        return self.inside[0] - origin[0], self.inside[1] - origin[1]

    def look(self, boxes: Mapping[str, Box], use: str) -> None:
        """Finds out which nodes have to make room. Those that were looked at before keep what they do."""
        if boxes.keys() <= self.known:
            return
        right, below = making_room(boxes, use)
        new = boxes.keys() - self.known
        self.right |= right & new
        self.below |= below & new
        self.known |= new


def making_room(boxes: Mapping[str, Box], use: str) -> tuple[set[str], set[str]]:
    """The nodes that have to go to the right, and those that have to go down, when one of them grows.

    What lies below the node goes down. What lies beside it goes to the right, and with it what lies beside that in turn:
    so of any two nodes that are apart, one stays left of, or above, the other.
    """
    _, top, _, height = boxes[use]
    others = {node: box for node, box in boxes.items() if node != use}
    below = {node for node, box in others.items() if box.y >= top + height}
    right: set[str] = set()
    reached = [boxes[use]]
    while reached:
        x, y, w, h = reached.pop()
        for node, box in others.items():
            if node not in right and box.x >= x + w and box.y < y + h and box.y + box.height > y:
                right.add(node)
                reached.append(box)
    return right, below


def shift(expanded: Mapping[Way, Frame], part: Way, node: str) -> Point:
    """How far a node of a part of the graph is moved by what is expanded beside it."""
    x = y = 0.0
    for way, frame in expanded.items():
        if way[:-1] == part and way[-1] != node:
            x += frame.grown[0] if node in frame.right else 0.0
            y += frame.grown[1] if node in frame.below else 0.0
    return x, y


def stored(expanded: Mapping[Way, Frame], shown: Way, part: Way, node: str, drawn: Point) -> Point:
    """The position in the graph of a node that is drawn at a place (within its frame, where it lies in one)."""
    x, y = shift(expanded, part, node)
    base = expanded[part].base if part != shown else (0.0, 0.0)
    return drawn[0] - x - base[0], drawn[1] - y - base[1]


def part_at(expanded: Mapping[Way, Frame], shown: Way, point: Point) -> Way:
    """The innermost part of the graph that is drawn at a point of the canvas."""
    found = shown
    for way, frame in expanded.items():
        x, y, w, h = frame.box
        inside = w > 0 and x <= point[0] < x + w and y + frame.inside[1] - MARGIN <= point[1] < y + h
        if way[: len(shown)] == shown and len(way) > len(found) and inside:
            found = way
    return found


def landing(expanded: Mapping[Way, Frame], shown: Way, part: Way, drawn: Point) -> tuple[Point, Callable[[str], None]]:
    """Where in the graph a new node lies that is put on a point of the canvas, and how to note it once it has an id."""
    right, below = [], []
    beside = [frame for way, frame in expanded.items() if way[:-1] == part]
    for frame in beside:
        x, y, w, h = frame.box
        if drawn[1] >= y + h:
            below.append(frame)
        elif drawn[0] >= x + w and drawn[1] + LOW > y:
            right.append(frame)

    def note(node: str) -> None:
        for frame in beside:
            frame.known.add(node)
        for frame in right:
            frame.right.add(node)
        for frame in below:
            frame.below.add(node)

    corner, base = (expanded[part].box[:2], expanded[part].base) if part != shown else ((0.0, 0.0), (0.0, 0.0))
    x = drawn[0] - corner[0] - base[0] - sum(frame.grown[0] for frame in right)
    y = drawn[1] - corner[1] - base[1] - sum(frame.grown[1] for frame in below)
    return (x, y), note

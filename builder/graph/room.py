"""Room for what comes in: nodes in its way move on, to the right or down, and no further than they must. Geometry alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from builder.graph.alignment import Box
from builder.graph.layout import Point

GAP = 32.0
ALONG = 2.5  # how much further a node rather moves along the data's way than across it
MOST = 20  # moves a node: a crowd that does not come to rest is left as it lies


def make_room(boxes: Mapping[str, Box], staying: Collection[str], gap: float = GAP) -> dict[str, Point]:
    """New places for the nodes that others would cover.

    Args:
        boxes: all nodes, the new ones where they shall lie.
        staying: nodes that do not move. What they cover moves, and what that covers in turn.
        gap: the least space, in canvas units, to a node that makes another one move.

    Returns:
        The top-left corners of the nodes that move, and of no others.
    """
    lying, fixed = dict(boxes), set(staying)
    loose = [node for node in boxes if node not in fixed]
    moved: dict[str, Point] = {}
    todo = deque(node for node in boxes if node in fixed)
    firm = [boxes[node] for node in boxes if node in fixed]
    for _ in range(MOST * len(boxes)):
        if not todo:
            break
        name = todo.popleft()
        mover = lying[name]
        for node in sorted(loose, key=lambda n: (lying[n].x, lying[n].y)):
            box = lying[node]
            if node == name or not covers(mover, box):
                continue
            clear: Box | None = mover
            while clear is not None:
                box = _beyond(clear, box, gap)
                clear = next((other for other in firm if covers(other, box)), None)
            lying[node], moved[node] = box, (box.x, box.y)
            todo.append(node)
    return moved


def _beyond(one: Box, other: Box, gap: float) -> Box:
    """The other box to the right of the one or below it, whichever is nearer."""
    right, down = one.x + one.width + gap - other.x, one.y + one.height + gap - other.y
    return other._replace(x=other.x + right) if right <= ALONG * down else other._replace(y=other.y + down)


def covers(one: Box, other: Box) -> bool:
    """Whether two boxes lie on each other."""
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def around(box: Box, space: float) -> Box:
    """A box with space on all sides."""
    return Box(box.x - space, box.y - space, box.width + 2 * space, box.height + 2 * space)

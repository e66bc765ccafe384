"""Ways of wires round the cards between their ends: level and upright pieces through what is free. Geometry alone.

A wire whose curve meets no card needs none. Any other one, and each that goes back to the left like a line feed, leaves its card
into the gap beside it, follows a lane that is free from end to end, and comes in through the gap before its target.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from builder.graph.alignment import Box
from builder.graph.layout import Point

CLEAR = 12.0  # least space between a wire and a card that it passes
TRACK = 8.0  # space between two wires that run along each other
STUB = 10.0  # least way out of a port before a wire turns
BACK = 36.0  # a wire whose end lies further to the left than this turns back
TRACKS = 6  # tracks that are tried beside a card, and in a gap on each side of its middle
LOOKED = 24  # tracks that are tried for a wire, the nearest first
FAR = 4  # of these at each end, where it needs two
BEND = 24.0  # length that one turn less is worth
SHARED = 400.0  # length that a track of its own is worth
CELL = 256.0
MOST = 40_000  # pieces that are looked at: in a crowd without room the last wires keep their curves
STEPS = 16  # pieces in which a curve is looked at


class Wire(NamedTuple):
    """A wire between the ports of two nodes; ``end`` lies at the left of its card, ``start`` at the right of its own."""

    source: str
    target: str
    start: Point
    end: Point


class _Piece(NamedTuple):
    """A level or an upright piece of a way: where it lies, and from where to where it goes."""

    level: bool
    at: float
    low: float
    high: float


def routed(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> dict[int, list[Point]]:
    """The corners of the ways, from start to end, by the wires' numbers.

    Wires that run along each other get tracks of their own where there is room. A wire for which there is no free way is left out,
    as is one that needs none.
    """
    space = _Space(boxes)
    found: dict[int, list[Point]] = {}
    for number, wire in enumerate(wires):
        if wire.end[0] - wire.start[0] >= -BACK and not space.meets(wire):
            continue
        way = _best(space, wire)
        if way is not None:
            space.take(wire, way)
            found[number] = way
        if space.looked > MOST:
            break
    return found


def crossed(boxes: Mapping[str, Box], wire: Wire, way: Sequence[Point] | None) -> list[str]:
    """The nodes other than its ends behind which a wire passes on its way (None: on its curve)."""
    space = _Space(boxes)
    met = {name for a, b in itertools.pairwise(way or curve(wire.start, wire.end)) for name in space.within(a, b, -1.0)}
    return sorted(met - {wire.source, wire.target})


def curve(start: Point, end: Point) -> list[Point]:
    """Points of the curve that a wire takes where nothing is in its way."""
    across = end[0] - start[0]
    reach = across / 2 if across >= 0 else 6.25 * (-across) ** 0.5
    corners = (start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)
    points = []
    for step in range(STEPS + 1):
        t = step / STEPS
        shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(share * corner[axis] for share, corner in zip(shares, corners, strict=True)) for axis in (0, 1))
        points.append((x, y))
    return points


def _best(space: _Space, wire: Wire) -> list[Point] | None:
    """The first way, from the shortest on, that is shared with no other wire; else the best of all."""
    ways = []
    for way in _ways(space, wire):
        if not any(space.shared(wire, piece) for piece in _pieces(way)):
            return way
        ways.append(way)
    return min(ways, key=lambda way: space.cost(wire, way), default=None)


def _ways(space: _Space, wire: Wire) -> Iterator[list[Point]]:
    """The ways that are free of cards, of three or five pieces; of seven only where there is no other."""
    (x1, y1), (x2, y2) = wire.start, wire.end
    outs = [x for x in _steps(x1 + STUB, TRACK) if space.free((x1, y1), (x, y1), wire.source)]
    ins = [x for x in _steps(x2 - STUB, -TRACK) if space.free((x, y2), (x2, y2), wire.target)]
    if not outs or not ins:
        return
    found = False
    for x in (x for x in (*outs, *ins) if x1 + STUB <= x <= x2 - STUB):
        level = space.free((x1, y1), (x, y1), wire.source) and space.free((x, y2), (x2, y2), wire.target)
        if level and space.free((x, y1), (x, y2)):
            found = True
            yield [wire.start, (x, y1), (x, y2), wire.end]
    for y in _nearest(itertools.chain(*space.lanes(outs[0], ins[0])), y1, y2):
        out, into = space.upright(wire, outs, y1, y), space.upright(wire, ins, y2, y)
        if out is not None and into is not None and space.free((out, y), (into, y)):
            found = True
            yield [wire.start, (out, y1), (out, y), (into, y), (into, y2), wire.end]
    if not found:
        yield from _far_ways(space, wire, outs[0], ins[0])


def _far_ways(space: _Space, wire: Wire, out: float, into: float) -> Iterator[list[Point]]:
    """Ways along two lanes, one at each end, through a gap between."""
    y1, y2 = wire.start[1], wire.end[1]
    first = [y for y in _nearest(_main(space.lanes(out, out)), y1, y1) if space.free((out, y1), (out, y))]
    last = [y for y in _nearest(_main(space.lanes(into, into)), y2, y2) if space.free((into, y2), (into, y))]
    for upper, lower in itertools.product(first[:FAR], last[:FAR]):
        for x in _nearest(itertools.chain(*space.gaps(upper, lower)), out, into):
            if space.free((out, upper), (x, upper)) and space.free((x, lower), (into, lower)):
                inner = [(out, upper), (x, upper), (x, lower), (into, lower)]
                yield [wire.start, (out, y1), *inner, (into, y2), wire.end]
                break


def _steps(start: float, step: float) -> list[float]:
    return [start + step * k for k in range(TRACKS)]


def _main(gaps: Sequence[Sequence[float]]) -> Iterator[float]:
    """The best tracks of each gap."""
    return itertools.chain.from_iterable(gap[:2] for gap in gaps)


def _nearest(places: Iterable[float], one: float, other: float) -> list[float]:
    return sorted(places, key=lambda place: abs(place - one) + abs(place - other))[:LOOKED]


class _Space:
    """The cards, to be asked quickly what lies at a place, and the ways that wires have taken among them."""

    def __init__(self, boxes: Mapping[str, Box]) -> None:
        self.boxes = boxes
        self.cells: dict[tuple[int, int], list[str]] = {}
        for name, box in boxes.items():
            for cell in _cells(box.x - CLEAR, box.y - CLEAR, box.x + box.width + CLEAR, box.y + box.height + CLEAR):
                self.cells.setdefault(cell, []).append(name)
        self.taken: dict[tuple[bool, int], list[tuple[_Piece, Point]]] = {}
        self.known: dict[tuple[float, float], list[list[float]]] = {}
        self.looked = 0

    def within(self, a: Point, b: Point, space: float) -> Iterator[str]:
        """The nodes nearer than ``space`` to the box around two points."""
        left, right = sorted((a[0], b[0]))
        top, bottom = sorted((a[1], b[1]))
        for cell in _cells(left, top, right, bottom):
            for name in self.cells.get(cell, ()):
                x, y, width, height = self.boxes[name]
                across = x - space < right and left < x + width + space
                if across and y - space < bottom and top < y + height + space:
                    yield name

    def free(self, a: Point, b: Point, but: str = "") -> bool:
        """Whether no card lies on a level or upright piece, or too near to it; the card ``but`` does not count."""
        self.looked += 1
        return all(name == but for name in self.within(a, b, CLEAR - 1))

    def meets(self, wire: Wire) -> bool:
        """Whether a card lies on the curve of a wire."""
        ends = (wire.source, wire.target)
        if all(name in ends for name in self.within(wire.start, wire.end, 0.0)):  # the curve stays in this box
            return False
        return any(
            name not in ends
            for a, b in itertools.pairwise(curve(wire.start, wire.end))
            for name in self.within(a, b, 0.0)
        )

    def lanes(self, one: float, other: float) -> list[list[float]]:
        """Heights at which nothing lies between two places across, a list for each gap."""
        left, right = sorted((one, other))
        if (left, right) not in self.known:
            over = [b for b in self.boxes.values() if b.x - CLEAR < right and left < b.x + b.width + CLEAR]
            self.known[left, right] = _tracks((b.y, b.y + b.height) for b in over)
        return self.known[left, right]

    def gaps(self, one: float, other: float) -> list[list[float]]:
        """Places across at which nothing lies between two heights, a list for each gap."""
        top, bottom = sorted((one, other))
        boxes = self.boxes.values()
        return _tracks((b.x, b.x + b.width) for b in boxes if b.y - CLEAR < bottom and top < b.y + b.height + CLEAR)

    def upright(self, wire: Wire, places: Sequence[float], start: float, end: float) -> float | None:
        """The first of places where a piece between two heights is free, rather one that no other wire has."""
        first = None
        for x in places:
            if self.free((x, start), (x, end)):
                if not self.shared(wire, _Piece(False, x, *sorted((start, end)))):
                    return x
                first = x if first is None else first
        return first

    def shared(self, wire: Wire, piece: _Piece) -> int:
        """How many wires that come from elsewhere run along a piece."""
        track = round(piece.at / TRACK)
        beside = (self.taken.get((piece.level, track + k), ()) for k in (-1, 0, 1))
        return sum(start != wire.start and _along(piece, other) for others in beside for other, start in others)

    def cost(self, wire: Wire, way: Sequence[Point]) -> float:
        """The length of a way, with what its turns and what it shares with other wires are worth."""
        return sum(p.high - p.low + BEND + SHARED * self.shared(wire, p) for p in _pieces(way))

    def take(self, wire: Wire, way: Sequence[Point]) -> None:
        """Notes that a wire goes this way."""
        for piece in _pieces(way):
            self.taken.setdefault((piece.level, round(piece.at / TRACK)), []).append((piece, wire.start))


def _pieces(way: Sequence[Point]) -> Iterator[_Piece]:
    for (ax, ay), (bx, by) in itertools.pairwise(way):
        yield _Piece(True, ay, *sorted((ax, bx))) if ay == by else _Piece(False, ax, *sorted((ay, by)))


def _along(one: _Piece, other: _Piece) -> bool:
    """Whether two pieces of the same direction run along each other."""
    return abs(one.at - other.at) < TRACK - 1 and one.low < other.high and other.low < one.high


def _cells(left: float, top: float, right: float, bottom: float) -> Iterator[tuple[int, int]]:
    return itertools.product(
        range(int(left // CELL), int(right // CELL) + 1), range(int(top // CELL), int(bottom // CELL) + 1)
    )


def _tracks(spans: Iterable[tuple[float, float]]) -> list[list[float]]:
    """Tracks in what spans leave free: from the middle of each gap outwards; before the first span and beyond the last."""
    found: list[list[float]] = []
    last: float | None = None
    for low, high in sorted(spans):
        if last is None:
            found.append([low - CLEAR - TRACK * k for k in range(2 * TRACKS)])
        elif low - last >= 2 * CLEAR:
            middle, room = (last + low) / 2, (low - last) / 2 - CLEAR
            steps = sorted(range(-TRACKS, TRACKS + 1), key=abs)
            found.append([middle + TRACK * k for k in steps if TRACK * abs(k) <= room])
        last = high if last is None else max(last, high)
    if last is not None:
        found.append([last + CLEAR + TRACK * k for k in range(2 * TRACKS)])
    return found

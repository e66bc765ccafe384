"""Ways of wires: round the cards, level and upright, from port to port, on tracks of their own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph.alignment import Box
from builder.graph.layout import Point
from builder.graph.routing import CLEAR, MOST, TRACK, Wire, crossed, routed

WIDTH, HEIGHT, PIN = 200.0, 100.0, 6.0


def box(x: float, y: float) -> Box:
    return Box(x, y, WIDTH, HEIGHT)


def wire(boxes: dict[str, Box], source: str, target: str, at: float = 50.0) -> Wire:
    a, b = boxes[source], boxes[target]
    return Wire(source, target, (a.x + WIDTH + PIN, a.y + at), (b.x - PIN, b.y + at))


def inside(way: list[Point], box: Box) -> bool:
    """Whether a way goes through a card, its stubs at the two ports left out."""
    return any(
        min(a[0], b[0]) < box.x + WIDTH and box.x < max(a[0], b[0])
        and min(a[1], b[1]) < box.y + HEIGHT and box.y < max(a[1], b[1])
        for a, b in itertools.pairwise(way)
    )  # fmt: skip


def test_a_wire_with_nothing_in_its_way_needs_none() -> None:
    boxes = {"a": box(0, 0), "b": box(300, 40)}
    assert routed(boxes, [wire(boxes, "a", "b")]) == {}


def test_a_skip_goes_past_the_row_and_keeps_its_ends() -> None:
    boxes = {name: box(264.0 * i, 0) for i, name in enumerate("abc")}
    skip = wire(boxes, "a", "c")
    assert crossed(boxes, skip, None) == ["b"]
    way = routed(boxes, [skip])[0]
    assert (way[0], way[-1]) == (skip.start, skip.end)
    assert crossed(boxes, skip, way) == []
    lane = way[2][1]
    assert lane in (-CLEAR, HEIGHT + CLEAR), "right beside the row"
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(way))


def test_a_line_feed_runs_between_the_rows() -> None:
    boxes = {"a": box(264, 0), "b": box(0, 176), "c": box(264, 176)}
    way = routed(boxes, [wire(boxes, "a", "b")])[0]
    assert way[2][1] == 138.0, "in the middle of what is free"
    assert not any(inside(way, each) for each in boxes.values())


def test_wires_that_run_along_each_other_have_tracks_of_their_own() -> None:
    boxes = {name: box(264.0 * i, 0) for i, name in enumerate("abcd")}
    ways = routed(boxes, [wire(boxes, "a", "c", 40), wire(boxes, "b", "d", 60)])
    lanes = [way[2][1] for way in ways.values()]
    assert len(lanes) == 2
    assert abs(lanes[0] - lanes[1]) >= TRACK


def test_wires_from_one_port_may_share_a_track() -> None:
    boxes = {name: box(264.0 * i, 0) for i, name in enumerate("abcd")}
    ways = routed(boxes, [wire(boxes, "a", "c"), wire(boxes, "a", "d")])
    assert ways[0][:3] == ways[1][:3]


def test_two_lanes_where_no_gap_goes_through() -> None:
    boxes = {"a": box(0, 0), "wide": Box(100, 176, 900, 100), "left": Box(-500, 176, 530, 100), "b": box(264, 352)}
    boxes |= {"wall": Box(264, -400, 30, 520)}
    one = wire(boxes, "a", "b")
    assert crossed(boxes, one, routed(boxes, [one])[0]) == []


def test_where_there_is_no_room_nothing_is_said() -> None:
    boxes = {"a": box(0, 0), "tight": box(WIDTH + 8, 0), "b": box(600, 0)}
    assert routed(boxes, [wire(boxes, "a", "b")]) == {}


def test_a_graph_of_a_thousand_wires_asks_little() -> None:
    names = [f"n{i}" for i in range(500)]
    boxes = {name: box(264.0 * (i % 25), 176.0 * (i // 25)) for i, name in enumerate(names)}
    wires = [wire(boxes, a, b) for a, b in itertools.pairwise(names)]
    wires += [wire(boxes, a, b, 60) for a, b in zip(names, names[2:], strict=False)]
    ways = routed(boxes, wires)
    assert [number for number in range(499, 997) if number not in ways and (number - 499) % 25 < 23] == []
    assert not any(crossed(boxes, wires[number], way) for number, way in list(ways.items())[::40])


@pytest.mark.parametrize("limit", [0, MOST])
def test_beyond_the_limit_the_other_wires_stay_as_they_are(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.graph.routing.MOST", limit)
    boxes = {name: box(264.0 * i, 0) for i, name in enumerate("abcd")}
    assert len(routed(boxes, [wire(boxes, "a", "c"), wire(boxes, "b", "d")])) == (2 if limit else 1)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), min_size=2, max_size=30, unique=True), st.data())
@settings(max_examples=60, deadline=None)
def test_no_way_passes_behind_a_card(places: list[tuple[int, int]], data: st.DataObject) -> None:
    boxes = {f"n{i}": box(250.0 * x + 20 * (y % 2), 150.0 * y) for i, (x, y) in enumerate(places)}
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(sorted(boxes)), st.sampled_from(sorted(boxes))), max_size=12))
    wires = [wire(boxes, a, b) for a, b in pairs if a != b]
    for number, way in routed(boxes, wires).items():
        assert (way[0], way[-1]) == (wires[number].start, wires[number].end)
        assert crossed(boxes, wires[number], way) == []
        for name in (wires[number].source, wires[number].target):
            assert not inside(way, boxes[name])

"""Nodes in the way of another one move on, no further than they must, and nothing else moves."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph.alignment import Box
from builder.graph.room import GAP, covers, make_room

BOXES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=14, unique=True)


def test_where_there_is_room_nothing_moves() -> None:
    assert make_room({"new": Box(0, 0, 100, 50), "old": Box(100, 0, 100, 50)}, {"new"}) == {}


def test_a_row_moves_to_the_right_as_far_as_needed() -> None:
    row = {"a": Box(50, 10, 100, 50), "b": Box(200, 10, 100, 50), "c": Box(600, 10, 100, 50)}
    moved = make_room({"new": Box(0, 0, 100, 50), **row}, {"new"})
    assert moved == {"a": (100 + GAP, 10), "b": (200 + 2 * GAP, 10)}


def test_what_is_hardly_touched_from_above_moves_down() -> None:
    assert make_room({"new": Box(0, 0, 300, 50), "a": Box(20, 40, 300, 50)}, {"new"}) == {"a": (20, 50 + GAP)}


def test_nodes_that_lay_on_each_other_before_stay_so() -> None:
    crowd = {"a": Box(500, 0, 100, 50), "b": Box(520, 10, 100, 50)}
    assert make_room({"new": Box(0, 0, 100, 50), **crowd}, {"new"}) == {}


@given(places=BOXES, x=st.integers(0, 1400), y=st.integers(0, 800))
@settings(max_examples=400, deadline=None)
def test_nothing_covers_another_afterwards(places: list[tuple[int, int]], x: int, y: int) -> None:
    boxes = {f"n{i}": Box(col * 120, row * 70, 100, 50) for i, (col, row) in enumerate(places)}
    boxes["new"] = Box(x, y, 100, 50)
    moved = make_room(boxes, {"new"})
    after = {node: Box(*moved.get(node, box[:2]), box.width, box.height) for node, box in boxes.items()}
    assert not any(covers(one, other) for one, other in itertools.combinations(after.values(), 2))
    assert all(after[n].x >= boxes[n].x and after[n].y >= boxes[n].y for n in boxes)

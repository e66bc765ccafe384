"""Alignment and even spaces: what they say, within what the nodes spanned, and nothing comes to lie on another."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph.alignment import GAP, Axis, Box, Side, distribute, line_up
from builder.graph.room import covers

BOXES = {"a": Box(10, 0, 100, 40), "b": Box(60, 100, 50, 60), "c": Box(0, 300, 80, 20)}
ROW = {"a": Box(0, 10, 50, 40), "b": Box(60, 0, 50, 60), "c": Box(350, 5, 50, 20)}


@pytest.mark.parametrize(("side", "lefts"), [("left", (0, 0, 0)), ("right", (10, 60, 30)), ("center", (5, 30, 15))])
def test_a_common_edge_down_a_column(side: Side, lefts: tuple[float, ...]) -> None:
    placed = line_up(BOXES, side)
    assert tuple(placed[n][0] for n in "abc") == lefts
    assert [placed[n][1] for n in "abc"] == [0, 100, 300]


@pytest.mark.parametrize(("side", "tops"), [("top", (0, 0, 0)), ("bottom", (20, 0, 40)), ("middle", (10, 0, 20))])
def test_a_common_edge_along_a_row(side: Side, tops: tuple[float, ...]) -> None:
    placed = line_up(ROW, side)
    assert tuple(placed[n][1] for n in "abc") == tops
    assert [placed[n][0] for n in "abc"] == [0, 60, 350]


def test_nodes_of_a_row_with_a_common_left_edge_lie_below_each_other() -> None:
    placed = line_up({"a": Box(0, 0, 100, 50), "b": Box(200, 10, 100, 50)}, "left")
    assert placed == {"a": (0, 0), "b": (0, 50 + GAP)}


def test_even_spaces_keep_the_first_and_the_last() -> None:
    assert distribute(ROW, "horizontal") == {"a": (0, 10), "b": (175, 0), "c": (350, 5)}


def test_where_there_is_no_room_the_last_ones_move_on() -> None:
    placed = distribute({n: Box(10 * i, 0, 100, 50) for i, n in enumerate("abc")}, "horizontal")
    assert [placed[n][0] for n in "abc"] == [0, 100 + GAP, 200 + 2 * GAP]


def test_two_nodes_have_nothing_to_distribute() -> None:
    assert distribute({"a": Box(0, 0, 10, 10), "b": Box(50, 9, 10, 10)}, "vertical") == {"a": (0, 0), "b": (50, 9)}


SIZES = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(40, 200), st.integers(40, 200))


@given(
    given=st.lists(SIZES, min_size=1, max_size=9),
    side=st.sampled_from(["left", "center", "right", "top", "middle", "bottom"]),
)
@settings(max_examples=200, deadline=None)
def test_aligned_nodes_do_not_lie_on_each_other(given: list[tuple[int, int, int, int]], side: Side) -> None:
    boxes = {f"n{i}": Box(*values) for i, values in enumerate(given)}
    placed = line_up(boxes, side)
    after = [Box(*placed[n], box.width, box.height) for n, box in boxes.items()]
    assert not any(covers(one, other) for one, other in itertools.combinations(after, 2))
    again = line_up(dict(zip(boxes, after, strict=True)), side)
    assert all(again[n] == pytest.approx(placed[n]) for n in boxes)


@given(boxes=st.lists(SIZES, min_size=3, max_size=9), axis=st.sampled_from(["horizontal", "vertical"]))
@settings(max_examples=100, deadline=None)
def test_spaces_are_even(boxes: list[tuple[int, int, int, int]], axis: Axis) -> None:
    along = 0 if axis == "horizontal" else 1
    before = {f"n{i}": Box(*values) for i, values in enumerate(boxes)}
    placed = distribute(before, axis)
    order = sorted(placed, key=lambda n: placed[n][along])
    gaps = [
        placed[right][along] - placed[left][along] - before[left][along + 2]
        for left, right in itertools.pairwise(order)
    ]
    assert gaps == pytest.approx([gaps[0]] * len(gaps))
    assert gaps[0] >= GAP - 1e-6

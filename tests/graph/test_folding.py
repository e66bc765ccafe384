"""Columns broken into rows: the cheapest way of all, and quickly."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph.folding import CUT, ROW, _break, fold


def price(rows: list[tuple[int, int]], crossings: list[int], fewest: int) -> float:
    """What rows cost, in halves of a column."""
    even = rows[-1][1] / fewest
    return sum(ROW + 2 * abs(end - start - even) + CUT * crossings[start] for start, end in rows)


def every_way(count: int, per_row: int) -> list[list[tuple[int, int]]]:
    found = []
    for size in range(count):
        for cuts in itertools.combinations(range(1, count), size):
            rows = list(itertools.pairwise((0, *cuts, count)))
            if all(end - start <= per_row for start, end in rows):
                found.append(rows)
    return found


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.lists(st.integers(0, 12), min_size=n, max_size=n), st.integers(1, n))
    )
)
@settings(max_examples=150, deadline=None)
def test_no_other_way_costs_less(case: tuple[list[int], int]) -> None:
    crossings, per_row = [0, *case[0][1:]], case[1]
    fewest = -(-len(crossings) // per_row)
    rows = _break(crossings, len(crossings), per_row)
    least = min(price(way, crossings, fewest) for way in every_way(len(crossings), per_row))
    assert price(rows, crossings, fewest) == pytest.approx(least)
    assert [b for _, b in rows[:-1]] == [a for a, _ in rows[1:]]
    assert max(b - a for a, b in rows) <= per_row


def test_rows_are_broken_where_few_wires_pass() -> None:
    assert _break([0, 9, 9, 0, 9, 9, 9], 7, 4) == [(0, 3), (3, 7)]


def test_the_drawing_fills_the_shape_that_is_asked_for() -> None:
    for aspect, rows in ((100.0, 1), (1.0, 5), (0.01, 25)):
        found = fold([50.0] * 25, [50.0] * 25, [0] * 26, aspect, 0.0, 0.0)
        assert len(found) == rows

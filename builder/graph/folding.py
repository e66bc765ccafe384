"""Where the columns of a layout are broken into rows, like lines of text. No graph, no views."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import accumulate

ROW = 2000  # what a row more costs, in halves of a column
CUT = 3  # what a wire that is cut costs, in halves of a column
WORTH = 1.02  # how much larger the drawing must become for longer rows


def fold(
    widths: Sequence[float],
    heights: Sequence[float],
    crossings: Sequence[int],
    aspect: float,
    gap: float,
    row_gap: float,
) -> list[tuple[int, int]]:
    """Breaks columns into rows, as (first, last) ranges: as large on the canvas as can be, cutting few wires.

    Args:
        widths: of the columns.
        heights: of the columns.
        crossings: how many wires cross the gap before each column; none cross the one before the first.
        aspect: width over height of the area that the drawing should fill.
        gap: space between two columns.
        row_gap: space between two rows.
    """
    count, together = len(widths), sum(widths)
    lowest = [0.0, *accumulate(sorted(heights))]  # of so many rows
    best, chosen = 0.0, [(0, count)]
    for per_row in range(1, count + 1):
        least = -(-count // per_row)
        even = (together + gap * (count - least)) / least
        if min(aspect / even, 1 / (lowest[least] + row_gap * (least - 1))) <= best * WORTH:
            continue  # no drawing of so few rows is narrower than that, nor lower
        rows = _break(crossings, count, per_row)
        width = max(sum(widths[a:b]) + gap * (b - a - 1) for a, b in rows)
        height = sum(max(heights[a:b]) for a, b in rows) + row_gap * (len(rows) - 1)
        scale = min(aspect / width, 1 / height)
        if scale > best * WORTH:
            best, chosen = scale, rows
    return chosen


def _break(crossings: Sequence[int], count: int, per_row: int) -> list[tuple[int, int]]:
    """Rows of at most ``per_row`` columns: as few as possible, of even length, broken where few wires pass.

    A row that ends at a column starts where the rows before it and its own difference from the even length cost least. The
    difference grows on both sides of the even length, each with a window of starts that moves on with the end.
    """
    rows = -(-count // per_row)
    even = count // rows
    costs = [0]  # of the best rows up to each column, times 2 * rows: whole numbers
    starts = [0]  # of the last row
    short, long = _Window(), _Window()
    for end in range(1, count + 1):
        start = end - 1
        short.add(costs[start] + CUT * rows * crossings[start] + 2 * rows * start, start)
        start -= even
        if start >= 0:
            long.add(costs[start] + CUT * rows * crossings[start] - 2 * rows * start, start)
        short.drop(before=end - even)
        long.drop(before=end - per_row)
        beyond = 2 * (rows * end - count)
        options = [(value - beyond, place) for value, place in short.least()]
        options += [(value + beyond, place) for value, place in long.least()]
        cost, start = min(options)
        costs.append(cost + ROW * rows)
        starts.append(start)
    ranges = []
    end = count
    while end:
        ranges.append((starts[end], end))
        end = starts[end]
    return ranges[::-1]


class _Window:
    """The least of the values at the places of a window, the first where several are least; both its ends only move on."""

    def __init__(self) -> None:
        self.items: deque[tuple[int, int]] = deque()  # those that no later one is less than

    def add(self, value: int, place: int) -> None:
        while self.items and self.items[-1][0] > value:
            self.items.pop()
        self.items.append((value, place))

    def drop(self, before: int) -> None:
        while self.items and self.items[0][1] < before:
            self.items.popleft()

    def least(self) -> list[tuple[int, int]]:
        """None or one."""
        return [self.items[0]] if self.items else []

"""Automatic layout: columns in the direction of the data, folded into rows like lines of text. No torch, no views.

Long chains are the common case in deep learning, and a single line of twenty nodes is unreadable at any zoom. So the columns are
broken into as many rows as fit the shape of the canvas best.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

import networkx as nx

from builder.graph.folding import fold
from builder.graph.graph import Edge

Size = tuple[float, float]
Point = tuple[float, float]
Anchor = Callable[[str, str, bool], float]

SWEEPS = 6
LANE = 12.0  # height that a wire keeps free where it passes other nodes


def layered(
    nodes: Sequence[str],
    wires: Iterable[Edge],
    sizes: Mapping[str, Size],
    *,
    anchor: Anchor | None = None,
    aspect: float = 1.15,
    gaps: Size = (64.0, 40.0),
    row_gap: float = 76.0,
    standing: Mapping[str, Point] | None = None,
) -> dict[str, Point]:
    """Places nodes so that data flows from left to right; the top-left corner of each, in canvas units.

    Where nodes stand one above the other already, they stay in that order unless another one has fewer crossings: to arrange
    again what was arranged moves nothing.

    Args:
        nodes: ids in their visible order, which decides where nothing else does.
        wires: the edges among them; edges of a cycle that point backwards are ignored.
        sizes: width and height by node.
        anchor: how far below its node's top a port lies, from (node, port, is_output); the middle of the node where absent.
        aspect: width over height of the area that the drawing should fill.
        gaps: space between two columns, and between two nodes of a column.
        row_gap: space between two rows.
        standing: where nodes lie now.
    """
    if not nodes:
        return {}
    known = set(nodes)
    edges = [e for e in wires if e.source in known and e.target in known and e.source != e.target]
    offset = anchor or (lambda node, port, output: sizes[node][1] / 2)
    lies = standing or {}
    columns = [sorted(c, key=lambda n: lies.get(n, (0.0, 0.0))[1]) for c in _columns(nodes, edges)]
    widths = [max(sizes[n][0] for n in column) for column in columns]
    heights = [sum(sizes[n][1] + gaps[1] for n in column) - gaps[1] for column in columns]
    rows = fold(widths, heights, _crossings(columns, edges), aspect, gaps[0], row_gap)
    positions: dict[str, Point] = {}
    top = 0.0
    for first, last in rows:
        placed = _row(columns[first:last], edges, sizes, offset, gaps)
        lowest = min(y for _, y in placed.values())
        positions |= {node: (round(x, 1), round(y - lowest + top, 1)) for node, (x, y) in placed.items()}
        top = max(positions[n][1] + sizes[n][1] for n in placed) + row_gap
    return positions


def _columns(nodes: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Columns by longest path; what only feeds others (schedules) stands right before its reader."""
    rank_of = {node: i for i, node in enumerate(nodes)}
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((e.source, e.target) for e in edges)
    for component in list(nx.strongly_connected_components(graph)):
        if len(component) > 1:
            back = [(a, b) for a, b in graph.subgraph(component).edges if rank_of[a] > rank_of[b]]
            graph.remove_edges_from(back)
    order = list(nx.lexicographical_topological_sort(graph, key=rank_of.__getitem__))
    column = dict.fromkeys(order, 0)
    for node in order:
        column[node] = max((column[p] + 1 for p in graph.predecessors(node)), default=0)
    latest = dict.fromkeys(order, max(column.values()))
    for node in reversed(order):
        latest[node] = min((latest[s] - 1 for s in graph.successors(node)), default=latest[node])
    loose = [n for n in order if column[n] < latest[n]]
    for part in nx.weakly_connected_components(graph.subgraph(loose)):
        if all(p in part for n in part for p in graph.predecessors(n)):
            column |= {n: latest[n] for n in part}
    columns: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for node in nodes:
        columns[column[node]].append(node)
    return [c for c in columns if c]


def _crossings(columns: Sequence[Sequence[str]], edges: Sequence[Edge]) -> list[int]:
    """How many wires cross the gap before each column."""
    column = {node: i for i, nodes in enumerate(columns) for node in nodes}
    counts = [0] * (len(columns) + 1)
    for edge in edges:
        for gap in range(column[edge.source] + 1, column[edge.target] + 1):
            counts[gap] += 1
    return counts


def _row(
    columns: Sequence[Sequence[str]],
    edges: Sequence[Edge],
    sizes: Mapping[str, Size],
    offset: Anchor,
    gaps: Size,
) -> dict[str, Point]:
    """Places one row: other orders of the columns' nodes are taken where fewer wires cross, then the wires are straightened."""
    row = _Row(columns, edges, sizes, offset, gaps[1])
    ordered, y = row.placed(columns, free=False)
    fewest = row.crossings(ordered)
    while fewest:
        other, _ = row.placed(ordered, free=True)
        other, other_y = row.placed(other, free=False)
        count = row.crossings(other)
        if count >= fewest:
            break
        ordered, y, fewest = other, other_y, count
    x, placed = 0.0, {}
    for nodes in columns:
        width = max(sizes[n][0] for n in nodes)
        placed |= {node: (x + (width - sizes[node][0]) / 2, y[node]) for node in nodes}
        x += width + gaps[0]
    return placed


class _Row:
    """The columns of one row with their wires; one that passes columns has a lane, a low item, in each of them."""

    def __init__(
        self,
        columns: Sequence[Sequence[str]],
        edges: Sequence[Edge],
        sizes: Mapping[str, Size],
        offset: Anchor,
        gap: float,
    ) -> None:
        column = {node: i for i, nodes in enumerate(columns) for node in nodes}
        self.gap = gap
        self.heights = {node: sizes[node][1] for node in column}
        self.lanes: list[list[str]] = [[] for _ in columns]
        self.links: list[list[tuple[str, float, str, float]]] = [[] for _ in columns]  # by the left end's column
        for number, edge in enumerate(edges):
            if edge.source not in column or edge.target not in column or column[edge.target] <= column[edge.source]:
                continue
            left, left_y = edge.source, offset(edge.source, edge.source_port, True)
            for middle in range(column[edge.source] + 1, column[edge.target]):
                lane = f"{number}:{middle}"  # never a node's id: ids hold no colon
                self.lanes[middle].append(lane)
                self.heights[lane] = LANE
                self.links[middle - 1].append((left, left_y, lane, LANE / 2))
                left, left_y = lane, LANE / 2
            self.links[column[edge.target] - 1].append(
                (left, left_y, edge.target, offset(edge.target, edge.target_port, False))
            )
        self.into: dict[str, list[tuple[str, float]]] = {}
        self.out_of: dict[str, list[tuple[str, float]]] = {}
        for left, left_y, right, right_y in (link for links in self.links for link in links):
            self.into.setdefault(right, []).append((left, left_y - right_y))
            self.out_of.setdefault(left, []).append((right, right_y - left_y))

    def placed(self, columns: Sequence[Sequence[str]], free: bool) -> tuple[list[list[str]], dict[str, float]]:
        """The items of each column from top to bottom, and how far down each lies.

        ``free`` lets nodes change places; otherwise only lanes find their way between the nodes, so that the outcome
        follows from the order of the nodes alone.
        """
        nodes = [[item for item in items if ":" not in item] for items in columns]
        ordered = [[*items, *lanes] for items, lanes in zip(nodes, self.lanes, strict=True)]
        y = {item: 0.0 for items in ordered for item in items}
        for items in ordered:
            self._stack(items, y, {})
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            neighbours = self.into if forward else self.out_of
            for index in range(len(ordered)) if forward else reversed(range(len(ordered))):
                items = ordered[index]
                wished = {i: statistics.median(y[n] + d for n, d in neighbours[i]) for i in items if i in neighbours}
                if sweep < SWEEPS - 2:
                    if not free:
                        self._stack(nodes[index], y, wished)
                    moving = set(items) if free else set(self.lanes[index])
                    items.sort(
                        key=lambda i, m=moving, w=wished: (w.get(i, y[i]) if i in m else y[i]) + self.heights[i] / 2
                    )
                self._stack(items, y, wished)
        return ordered, y

    def crossings(self, ordered: Sequence[Sequence[str]]) -> int:
        """How many pairs of wires cross, from column to column."""
        place = {item: index for items in ordered for index, item in enumerate(items)}
        count = 0
        for links in self.links:
            ends = sorted((place[left], left_y, place[right], right_y) for left, left_y, right, right_y in links)
            above: list[tuple[int, float]] = []  # the right ends of the wires so far, sorted
            for *_, right, right_y in ends:
                count += len(above) - bisect.bisect(above, (right, right_y))
                bisect.insort(above, (right, right_y))
        return count

    def _stack(self, items: Sequence[str], y: dict[str, float], wished: Mapping[str, float]) -> None:
        _stack(items, y, self.heights, self.gap, wished)


def _stack(
    items: Sequence[str], y: dict[str, float], heights: Mapping[str, float], gap: float, wished: Mapping[str, float]
) -> None:
    """Puts a column's items one below the other, each as near as can be (least squares) to where it wishes to be."""
    groups: list[tuple[float, int]] = []  # (mean of wishes less the space above, number of items)
    above, spaces = 0.0, []
    for item in items:
        spaces.append(above)
        groups.append((wished.get(item, y[item]) - above, 1))
        above += heights[item] + (gap if heights[item] != LANE else gap / 2)
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m)]
    index = 0
    for mean, count in groups:
        for _ in range(count):
            y[items[index]] = mean + spaces[index]
            index += 1

"""The automatic layout: nothing overlaps, data flows to the right within a row, long chains fold."""

from __future__ import annotations

import itertools
import random
import time

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph import Edge, load
from builder.graph.layout import Point, Size, layered

SIZE: Size = (200.0, 90.0)


def wires(*pairs: tuple[str, str]) -> list[Edge]:
    return [Edge(a, "y", b, "x") for a, b in pairs]


def overlaps(positions: dict[str, Point], sizes: dict[str, Size]) -> list[tuple[str, str]]:
    found = []
    names = sorted(positions)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            (ax, ay), (bx, by) = positions[a], positions[b]
            (aw, ah), (bw, bh) = sizes[a], sizes[b]
            if ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah:
                found.append((a, b))
    return found


def test_nothing_to_place() -> None:
    assert layered([], [], {}) == {}


def test_a_short_chain_is_one_straight_row() -> None:
    placed = layered(["a", "b", "c"], wires(("a", "b"), ("b", "c")), dict.fromkeys("abc", SIZE), aspect=10)
    assert [placed[n] for n in "abc"] == [(0.0, 0.0), (264.0, 0.0), (528.0, 0.0)]


def test_ports_are_aligned_rather_than_tops() -> None:
    sizes = {"a": (200.0, 100.0), "b": (200.0, 60.0)}

    def anchor(node: str, port: str, output: bool) -> float:
        return 80.0 if node == "a" else 30.0

    placed = layered(["a", "b"], wires(("a", "b")), sizes, anchor=anchor, aspect=10)
    assert placed["b"][1] - placed["a"][1] == pytest.approx(50.0)


def test_a_long_chain_folds_into_rows_of_the_asked_shape() -> None:
    names = [f"n{i}" for i in range(20)]
    placed = layered(names, wires(*itertools.pairwise(names)), dict.fromkeys(names, SIZE), aspect=1.2)
    width = max(x for x, _ in placed.values()) + SIZE[0]
    height = max(y for _, y in placed.values()) + SIZE[1]
    assert len({y for _, y in placed.values()}) > 2
    assert 0.6 < width / height < 2.4


def test_what_only_feeds_a_late_node_stands_beside_it() -> None:
    names = ["data", "a", "b", "c", "loss", "schedule", "optimizer"]
    chain = wires(
        ("data", "a"), ("a", "b"), ("b", "c"), ("c", "loss"), ("loss", "optimizer"), ("schedule", "optimizer")
    )
    placed = layered(names, chain, dict.fromkeys(names, SIZE), aspect=50)
    assert placed["schedule"][0] == placed["loss"][0]


def test_a_wire_past_a_node_keeps_a_lane_free() -> None:
    names = ["a", "b", "c"]
    placed = layered(names, wires(("a", "b"), ("b", "c"), ("a", "c")), dict.fromkeys(names, SIZE), aspect=50)
    assert placed["b"][1] != placed["a"][1]


def test_a_cycle_is_placed_all_the_same() -> None:
    placed = layered(["a", "b"], wires(("a", "b"), ("b", "a")), dict.fromkeys("ab", SIZE), aspect=10)
    assert placed["a"][0] < placed["b"][0]


@pytest.mark.parametrize("name", ["lenet5", "resnet_small", "vit", "char_gpt"])
def test_gallery_graphs_have_no_overlaps(name: str) -> None:
    graph = load(f"graphs/{name}.json")
    for part in (graph, *graph.blocks.values()):
        sizes = {n: (216.0, 70.0 + 13 * (i % 4)) for i, n in enumerate(part)}
        assert overlaps(layered(list(part), part.wires(), sizes), sizes) == []


@given(
    count=st.integers(2, 20),
    pairs=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40),
    places=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=20, max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_arranging_again_moves_nothing(count: int, pairs: list[tuple[int, int]], places: list[tuple[int, int]]) -> None:
    names = [f"n{i}" for i in range(count)]
    edges = wires(*((f"n{a}", f"n{b}") for a, b in pairs if a < b < count))
    sizes = {n: (150.0, 50.0 + 20 * (i % 4)) for i, n in enumerate(names)}
    standing: dict[str, Point] = {n: (float(x), float(y)) for n, (x, y) in zip(names, places, strict=False)}
    once = layered(names, edges, sizes, standing=standing)
    assert layered(names, edges, sizes, standing=once) == once


def test_a_thousand_nodes_with_long_skips_are_placed_quickly() -> None:
    names = [f"n{i}" for i in range(1000)]
    chosen = random.Random(0)
    skips = ((names[chosen.randrange(max(0, i - 60), i)], names[i]) for i in range(2, 1000))
    edges = list(dict.fromkeys(wires(*itertools.pairwise(names), *skips)))
    start = time.process_time()
    layered(names, edges, dict.fromkeys(names, SIZE))
    assert time.process_time() - start < 4  # seconds; about 0.4 where nothing else runs


def test_layers_that_are_wired_all_to_all_are_placed_quickly() -> None:
    layers = [[f"n{i}_{j}" for j in range(50)] for i in range(10)]
    edges = wires(*((a, b) for one, other in itertools.pairwise(layers) for a in one for b in other))
    names = list(itertools.chain(*layers))
    start = time.process_time()
    layered(names, edges, dict.fromkeys(names, SIZE))
    assert time.process_time() - start < 4


def test_branches_keep_the_order_in_which_they_stand() -> None:
    names = ["data", "a", "b", "sum"]
    edges = wires(("data", "a"), ("data", "b"), ("a", "sum"), ("b", "sum"))
    for upper, lower in (("a", "b"), ("b", "a")):
        standing: dict[str, Point] = {"data": (0, 0), upper: (300, 0), lower: (300, 400), "sum": (600, 0)}
        placed = layered(names, edges, dict.fromkeys(names, SIZE), aspect=50, standing=standing)
        assert placed[upper][1] < placed[lower][1]


def test_an_order_with_fewer_crossings_is_taken() -> None:
    names = ["a", "b", "c", "d"]
    edges = wires(("a", "d"), ("b", "c"))
    placed = layered(names, edges, dict.fromkeys(names, SIZE), aspect=50)
    assert (placed["a"][1] < placed["b"][1]) == (placed["d"][1] < placed["c"][1])


@given(
    count=st.integers(1, 25),
    pairs=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=60),
    aspect=st.floats(0.3, 4),
)
@settings(max_examples=150, deadline=None)
def test_any_graph_is_placed_without_overlaps(count: int, pairs: list[tuple[int, int]], aspect: float) -> None:
    names = [f"n{i}" for i in range(count)]
    edges = wires(*((f"n{a}", f"n{b}") for a, b in pairs if a < count and b < count))
    sizes = {n: (150.0 + 10 * (i % 5), 50.0 + 20 * (i % 4)) for i, n in enumerate(names)}
    placed = layered(names, edges, sizes, aspect=aspect)
    assert set(placed) == set(names)
    assert overlaps(placed, sizes) == []
    graph = nx.DiGraph((e.source, e.target) for e in edges)
    if nx.is_directed_acyclic_graph(graph):
        rows: dict[str, float] = {n: y for n, (_, y) in placed.items()}
        for edge in edges:
            same_row = abs(rows[edge.source] - rows[edge.target]) < 1
            assert not same_row or placed[edge.source][0] < placed[edge.target][0]

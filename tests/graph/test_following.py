"""What follows what in a set of graphs."""

from __future__ import annotations

from builder.graph import Edge, Graph
from builder.graph.following import following


def graph() -> Graph:
    block = Graph()
    block.place("x", "port_in")
    block.place("fc", "linear")
    block.place("act", "act_relu")
    block.wire(Edge("x", "y", "fc", "x"))
    block.place("y", "port_out")
    block.wire(Edge("fc", "y", "act", "x"))
    block.wire(Edge("act", "y", "y", "x"))
    graph = Graph()
    graph.place("one", "linear")
    graph.place("two", "act_relu")
    graph.place("use", "block:b", settings={"repeat": 3})
    graph.wire(Edge("one", "y", "two", "x"))
    graph.wire(Edge("two", "y", "use", "x"))
    graph.blocks["b"] = block
    return graph


def test_pairs_count_once_a_graph_and_are_seen_through_the_ports_of_blocks() -> None:
    found = following([graph(), graph()])
    forward, back = (("linear", "y"), ("act_relu", "x")), (("act_relu", "y"), ("linear", "x"))
    assert found.pairs == {forward: 2, back: 2}
    assert found.families == {("Linear", "Activation"): 2, ("Activation", "Linear"): 2}
    assert found.used["linear"] == 2


def test_the_pair_itself_counts_most_then_its_families_then_nothing() -> None:
    found = following([graph()])
    same, kin, strange = (
        found.likelihood(("linear", "y"), (target, "x")) for target in ("act_relu", "act_tanh", "embedding")
    )
    assert same > kin > strange == 0
    assert found.habit("linear") > found.habit("act_tanh") == 0

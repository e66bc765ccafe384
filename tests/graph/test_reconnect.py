"""Wires that get other ends, and nodes that go into wires."""

from __future__ import annotations

import pytest

from builder.graph import Edge, Graph, GraphError, edit, to_document


@pytest.fixture
def graph() -> Graph:
    """data -> fc -> act, and a concatenation of fc and act; ``lone`` has no wires."""
    graph = Graph()
    for id, component in (
        ("data", "data_iris"), ("fc", "linear"), ("act", "act_relu"), ("cat", "op_concat"), ("lone", "drop_dropout"),
    ):  # fmt: skip
        graph.place(id, component, position=(0, 0))
    for wire in (
        Edge("data", "x", "fc", "x"), Edge("fc", "y", "act", "x"), Edge("fc", "y", "cat", "xs"), Edge("act", "y", "cat", "xs"),
    ):  # fmt: skip
        graph.wire(wire)
    return graph


def test_a_wire_that_gets_another_source_keeps_its_place_and_what_a_file_says_of_it(graph: Graph) -> None:
    graph.unwire(Edge("fc", "y", "cat", "xs"))
    graph.unwire(Edge("act", "y", "cat", "xs"))
    graph.wire(Edge("fc", "y", "cat", "xs"), {"note": "first"})
    graph.wire(Edge("act", "y", "cat", "xs"))
    edit.reconnect(graph, Edge("fc", "y", "cat", "xs"), new := Edge("data", "x", "cat", "xs"))
    assert [e.source for e in graph.wires_into("cat", "xs")] == ["data", "act"]
    assert graph.extra_of(new) == {"note": "first"}


def test_a_wire_on_a_taken_port_displaces_the_one_that_is_there(graph: Graph) -> None:
    displaced = edit.reconnect(graph, Edge("fc", "y", "act", "x"), Edge("fc", "y", "fc", "x")._replace(target="act"))
    assert displaced is None, "back where it was"
    displaced = edit.reconnect(graph, Edge("data", "x", "fc", "x"), Edge("data", "x", "act", "x"))
    assert displaced == Edge("fc", "y", "act", "x")
    assert graph.wires_into("act") == [Edge("data", "x", "act", "x")]


@pytest.mark.parametrize(
    "new",
    [
        Edge("cat", "y", "fc", "x"),  # a cycle
        Edge("fc", "y", "cat", "xs"),  # there already
        Edge("fc", "y", "gone", "x"),
        Edge("fc", "z", "act", "x"),
    ],
)
def test_a_refused_reconnection_changes_nothing(graph: Graph, new: Edge) -> None:
    before = to_document(graph)
    with pytest.raises(GraphError):
        edit.reconnect(graph, Edge("fc", "y", "act", "x"), new)
    assert to_document(graph) == before


def test_a_node_in_a_wire_takes_its_place_among_several(graph: Graph) -> None:
    assert edit.splice(graph, "lone", Edge("fc", "y", "cat", "xs"))
    assert [e.source for e in graph.wires_into("cat", "xs")] == ["lone", "act"]
    assert graph.wires_into("lone") == [Edge("fc", "y", "lone", "x")]


def test_a_node_that_fits_nowhere_stays_out(graph: Graph) -> None:
    graph.place("plan", "sched_cosine")
    before = to_document(graph)
    assert not edit.splice(graph, "plan", Edge("fc", "y", "act", "x"))
    assert not edit.splice(graph, "data", Edge("fc", "y", "act", "x"))
    assert to_document(graph) == before


def test_a_node_goes_into_a_wire_by_its_required_port(graph: Graph) -> None:
    graph.place("attend", "attn_multi_head", position=(0, 0))
    assert edit.splice(graph, "attend", Edge("fc", "y", "act", "x"))
    assert graph.wires_into("attend") == [Edge("fc", "y", "attend", "q")]

"""Nodes that travel as text between desks."""

from __future__ import annotations

import json

import pytest

from builder.graph import Graph, dumps, loads
from builder.ui import clipboard
from builder.ui.canvas import events
from builder.ui.desk import Desk
from tests.ui.acts import do, wires


def copied(desk: Desk, *nodes: str) -> str:
    """The text of a copy of nodes."""
    do(desk, "select", nodes=list(nodes), edges=[])
    do(desk, "command", name="copy")
    return desk.copied[1]


def test_a_copy_is_the_text_of_a_graph_file_with_its_blocks(nested: Graph) -> None:
    text = copied(Desk(nested), "one", "many")
    graph = loads(text)
    assert list(graph) == ["one", "many"]
    assert list(graph.blocks) == ["pair"]
    assert [str(wire) for wire in graph.wires()] == ["one.y -> many.x"]


def test_text_that_was_copied_on_one_desk_is_pasted_on_another(nested: Graph, desk: Desk) -> None:
    text = copied(Desk(nested), "one", "many")
    do(desk, "paste", text=text, at=None)
    assert set(desk.selection) == {"one", "many"}
    assert "one.y -> many.x" in wires(desk)
    do(desk, "command", name="undo")
    assert len(desk.graph) == 3
    assert not desk.blocks


def test_what_is_pasted_at_a_point_has_its_middle_there(desk: Desk) -> None:
    text = copied(desk, "fc", "act")
    do(desk, "paste", text=text, at=[1000, 500])
    places = [desk.graph.nodes[node]["position"] for node in desk.selection]
    assert places == [[742, 458], [1042, 458]]


@pytest.mark.parametrize("at", [None, [1000, 500]])
def test_repeated_pastes_do_not_lie_on_each_other(desk: Desk, at: list[float] | None) -> None:
    text = copied(desk, "fc")
    for _ in range(3):
        do(desk, "paste", text=text, at=at)
    places = [tuple(data["position"]) for _, data in desk.graph.nodes(data=True)]
    assert len(set(places)) == len(places) == 6


def test_a_value_of_the_block_around_is_written_as_it_is_by_default(nested: Graph) -> None:
    desk = Desk(nested, shown=("one",))
    assert json.loads(copied(desk, "fc"))["nodes"][0]["params"] == {"out_features": 5}
    assert nested.blocks["pair"].nodes["fc"]["params"] == {"out_features": {"param": "width"}}


def test_nodes_of_a_file_without_places_get_some(desk: Desk) -> None:
    text = '{"format": "layerloom-graph", "version": 1, "nodes": [{"id": "a", "component": "linear"}, {"id": "b", "component": "linear"}], "edges": []}'
    do(desk, "paste", text=text, at=None)
    places = [desk.graph.nodes[node]["position"] for node in desk.selection]
    assert len(places) == 2
    assert places[0] != places[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import os", "not a graph"),
        ("", "not a graph"),
        ("{", "not valid JSON"),
        ('{"format": "other"}', "layerloom-graph"),
        ('{"format": "layerloom-graph", "version": 1, "nodes": [{"id": "../x", "component": "linear"}], "edges": []}', "nodes/0"),
        ('{"format": "layerloom-graph", "version": 1, "nodes": [], "edges": []}', "no nodes"),
    ],
)  # fmt: skip
def test_what_is_no_graph_gives_one_notice_and_changes_nothing(desk: Desk, text: str, says: str) -> None:
    kept = copied(desk, "fc")
    do(desk, "paste", text=text, at=None)
    assert len(desk.notices) == 1
    assert says in desk.notices[0].en
    assert len(desk.graph) == 3
    do(desk, "paste", text=None, at=None)
    assert len(desk.graph) == 4, "the desk's own clipboard is as it was"
    assert kept == desk.copied[1]


def test_text_that_is_too_long_is_no_event() -> None:
    event = {"seq": 1, "type": "paste", "text": "x" * (events.MAX_PASTE + 1), "at": None}
    assert events.parse({"client": "test1", "events": [event]}).bad == 1


def test_a_copy_goes_to_the_page_only_while_it_is_new(desk: Desk) -> None:
    text = copied(desk, "fc")
    assert clipboard.fresh(desk)["text"] == text
    desk.copied = (desk.copied[0] - 60_000, text)
    assert clipboard.fresh(desk) == {"number": desk.copied[0], "text": ""}


def test_a_whole_graph_file_can_be_pasted(desk: Desk) -> None:
    whole = Desk(Graph())
    do(whole, "paste", text=dumps(desk.graph), at=None)
    assert wires(whole) == wires(desk)

"""Wires that are moved, made longer or parted by a person."""

from __future__ import annotations

import pytest

from builder.graph import Edge
from builder.ui.desk import Desk
from tests.ui.acts import do, wires


def test_what_fits_is_asked_and_chosen_as_one_step(desk: Desk) -> None:
    do(desk, "suggest", end="act.y", output=True, number=5)
    number, found = desk.suggested
    assert number == 5
    assert "linear" in [s.component for s in found]
    do(desk, "extend", component="linear", port="x", end="act.y", output=True, x=900, y=200)
    (new,) = desk.selection
    assert f"act.y -> {new}.x" in wires(desk)
    x, y = desk.graph.nodes[new]["position"]
    assert x == 900
    assert 130 < y < 190, "the port lies at the point, not the corner"
    do(desk, "command", name="undo")
    assert list(desk.graph) == ["data", "fc", "act"]


def test_what_comes_before_an_input_ends_at_the_point(desk: Desk) -> None:
    do(desk, "extend", component="drop_dropout", port="y", end="act.x", output=False, x=550, y=0)
    (new,) = desk.selection
    assert desk.graph.nodes[new]["position"][0] == 550 - 216
    assert [str(e) for e in desk.graph.wires_into("act")] == [f"{new}.y -> act.x"]


def test_a_question_about_no_port_is_answered_with_nothing_and_a_notice(desk: Desk) -> None:
    do(desk, "suggest", end="gone.y", output=True, number=9)
    assert desk.suggested == (9, [])
    assert "gone.y" in desk.notices[-1].en


def test_a_choice_that_does_not_fit_changes_nothing(desk: Desk) -> None:
    do(desk, "extend", component="linear", port="nothing", end="act.y", output=True, x=0, y=0)
    assert desk.notices[-1].kind == "error"
    assert len(desk.graph) == 3
    assert not desk.history.can_undo


def test_the_target_of_a_wire_moves_to_a_port_or_a_node(desk: Desk) -> None:
    desk.graph.place("other", "linear", position=(600, 200))
    do(desk, "rewire", wire="fc.y->act.x", end="other.x")
    assert wires(desk) == ["data.x -> fc.x", "fc.y -> other.x"]
    do(desk, "rewire", wire="fc.y->other.x", end="act")
    assert wires(desk) == ["data.x -> fc.x", "fc.y -> act.x"]


def test_the_source_of_a_wire_moves_to_an_output(desk: Desk) -> None:
    do(desk, "rewire", wire="fc.y->act.x", end="data.x")
    assert wires(desk) == ["data.x -> fc.x", "data.x -> act.x"]


def test_a_wire_put_nowhere_is_gone_and_comes_back_with_undo(desk: Desk) -> None:
    do(desk, "rewire", wire="fc.y->act.x", end=None)
    assert wires(desk) == ["data.x -> fc.x"]
    do(desk, "command", name="undo")
    assert wires(desk) == ["data.x -> fc.x", "fc.y -> act.x"]


def test_a_wire_keeps_its_place_in_a_port_that_takes_several(desk: Desk) -> None:
    desk.graph.place("cat", "op_concat", position=(0, 0))
    for source in ("fc", "act"):
        desk.graph.wire(Edge(source, "y", "cat", "xs"))
    do(desk, "rewire", wire="fc.y->cat.xs", end="data.x")
    assert [e.source for e in desk.graph.wires_into("cat", "xs")] == ["data", "act"]


@pytest.mark.parametrize(
    ("end", "says"), [("fc.x", "cycle"), ("gone.x", "no node"), ("data", "no port"), ("act.z", "no input port")]
)
def test_a_refused_move_says_why_and_changes_nothing(desk: Desk, end: str, says: str) -> None:
    desk.graph.place("last", "linear", position=(900, 0))
    desk.graph.wire(Edge("act", "y", "last", "x"))
    desk.record()
    before = wires(desk)
    do(desk, "rewire", wire="act.y->last.x", end=end)
    assert says in desk.notices[-1].en
    assert wires(desk) == before


def test_a_wire_that_is_gone_is_said(desk: Desk) -> None:
    do(desk, "rewire", wire="data.x->act.x", end=None)
    assert "no wire" in desk.notices[-1].en


def test_a_lone_node_goes_into_the_wire_on_which_it_is_dropped(desk: Desk) -> None:
    desk.graph.place("drop", "drop_dropout", position=(0, 500))
    desk.record()
    do(desk, "insert", node="drop", x=450, y=10, wire="fc.y->act.x")
    assert wires(desk) == ["data.x -> fc.x", "drop.y -> act.x", "fc.y -> drop.x"]
    assert desk.graph.nodes["drop"]["position"] == [450, 10]
    do(desk, "command", name="undo")
    assert wires(desk) == ["data.x -> fc.x", "fc.y -> act.x"]
    assert desk.graph.nodes["drop"]["position"] == [0, 500]


def test_a_node_with_wires_or_without_a_fitting_port_is_only_moved(desk: Desk) -> None:
    desk.graph.place("sched", "sched_cosine", position=(0, 500))
    before = wires(desk)
    do(desk, "insert", node="sched", x=450, y=10, wire="fc.y->act.x")
    do(desk, "insert", node="data", x=450, y=90, wire="fc.y->act.x")
    assert wires(desk) == before
    assert desk.graph.nodes["data"]["position"] == [450, 90]

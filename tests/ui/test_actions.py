"""What a person's acts do to the desk."""

from __future__ import annotations

from typing import Any

import pytest

from builder.graph import Edge, Graph, GraphError, edit
from builder.ui import actions, reactions
from builder.ui.canvas import events
from builder.ui.desk import Desk
from tests.ui.acts import do, wires


def test_a_dropped_card_lies_where_it_was_dropped_and_is_selected(desk: Desk) -> None:
    do(desk, "add", component="linear", x=12.34, y=-5, wire=None)
    (new,) = desk.selection
    assert desk.graph.nodes[new]["position"] == [12.3, -5]
    assert desk.graph.nodes[new]["component"] == "linear"


def test_a_card_dropped_on_a_wire_goes_in_between(desk: Desk) -> None:
    do(desk, "add", component="drop_dropout", x=0, y=0, wire="fc.y->act.x")
    (new,) = desk.selection
    assert f"fc.y -> {new}.x" in wires(desk)
    assert f"{new}.y -> act.x" in wires(desk)
    assert "fc.y -> act.x" not in wires(desk)


def test_a_card_in_a_wire_keeps_the_place_in_a_variadic_port(desk: Desk) -> None:
    desk.graph.place("cat", "op_concat", position=(0, 0))
    for source in ("fc", "act"):
        desk.graph.wire(Edge(source, "y", "cat", "xs"))
    do(desk, "add", component="act_relu", x=0, y=0, wire="fc.y->cat.xs")
    (new,) = desk.selection
    assert [e.source for e in desk.graph.wires_into("cat", "xs")] == [new, "act"]


def test_a_card_that_does_not_fit_a_wire_just_lies_there(desk: Desk) -> None:
    do(desk, "add", component="data_iris", x=0, y=0, wire="fc.y->act.x")
    assert "fc.y -> act.x" in wires(desk)
    assert len(desk.graph) == 4


def test_a_wire_is_drawn(desk: Desk) -> None:
    do(desk, "add", component="linear", x=0, y=0)
    (new,) = desk.selection
    do(desk, "connect", source="act.y", target=f"{new}.x")
    assert f"act.y -> {new}.x" in wires(desk)


@pytest.mark.parametrize("ends", [("act", "target"), ("act.y", "target"), ("act", "target.x")])
def test_a_wire_dropped_on_a_node_finds_its_port(desk: Desk, ends: tuple[str, str]) -> None:
    desk.graph.place("target", "linear", position=(0, 0))
    do(desk, "connect", source=ends[0], target=ends[1])
    assert "act.y -> target.x" in wires(desk)


def test_a_wire_dropped_on_a_loss_takes_the_free_port_first(desk: Desk) -> None:
    desk.graph.place("loss", "loss_cross_entropy", position=(0, 0))
    do(desk, "connect", source="act.y", target="loss")
    do(desk, "connect", source="data.y", target="loss")
    assert "act.y -> loss.logits" in wires(desk)
    assert "data.y -> loss.target" in wires(desk)
    do(desk, "connect", source="fc.y", target="loss")
    assert desk.notices[-1].kind == "error"
    assert "act.y -> loss.logits" in wires(desk)


def test_a_refused_wire_says_why_and_changes_nothing(desk: Desk) -> None:
    before = wires(desk)
    do(desk, "connect", source="act.y", target="fc.x")
    assert "cycle" in desk.notices[-1].en
    assert "环" in desk.notices[-1].zh
    assert wires(desk) == before
    assert not desk.history.can_undo


def test_a_second_wire_takes_the_place_of_the_first(desk: Desk) -> None:
    do(desk, "connect", source="data.x", target="act.x")
    assert [str(e) for e in desk.graph.wires_into("act")] == ["data.x -> act.x"]


def test_moving_selecting_and_deleting(desk: Desk) -> None:
    do(desk, "move", positions={"fc": [5, 6], "gone": [1, 2]})
    assert desk.graph.nodes["fc"]["position"] == [5, 6]
    do(desk, "select", nodes=["fc", "gone"], edges=["data.x->fc.x", "nonsense"])
    assert desk.selection == ("fc",)
    assert desk.wires == (Edge("data", "x", "fc", "x"),)
    do(desk, "command", name="delete")
    assert list(desk.graph) == ["data", "act"]
    assert desk.selection == ()
    do(desk, "command", name="undo")
    assert list(desk.graph) == ["data", "fc", "act"]
    do(desk, "command", name="redo")
    assert list(desk.graph) == ["data", "act"]


def test_duplicating_selects_the_copies(desk: Desk) -> None:
    do(desk, "select", nodes=["fc", "act"], edges=[])
    do(desk, "command", name="duplicate")
    assert len(desk.graph) == 5
    assert set(desk.selection).isdisjoint({"fc", "act"})
    assert not any(edge.source == "data" and edge.target in desk.selection for edge in desk.graph.wires())
    do(desk, "select", nodes=["fc", "act"], edges=[])
    do(desk, "command", name="duplicate_wired")
    assert any(edge.source == "data" and edge.target in desk.selection for edge in desk.graph.wires())


def test_muting_and_bypassing_toggle_for_the_whole_selection_as_one_step(desk: Desk) -> None:
    do(desk, "select", nodes=["fc", "act"], edges=[])
    do(desk, "command", name="mute")
    do(desk, "command", name="bypass")
    assert [desk.graph.nodes[n]["settings"] for n in ("fc", "act")] == [{"mode": "bypass"}] * 2
    do(desk, "command", name="undo")
    assert [desk.graph.nodes[n]["settings"] for n in ("fc", "act")] == [{"mode": "mute"}] * 2
    do(desk, "command", name="mute")
    assert [desk.graph.nodes[n]["settings"] for n in ("fc", "act")] == [{}] * 2


def test_copying_and_pasting_into_another_graph(nested: Graph, desk: Desk) -> None:
    source = Desk(nested)
    do(source, "select", nodes=["one", "many"], edges=[])
    do(source, "command", name="copy")
    desk.clipboard = source.clipboard
    do(desk, "command", name="paste")
    assert set(desk.selection) == {"one", "many"}
    assert "one.y -> many.x" in wires(desk)
    assert "pair" in desk.blocks
    first = [desk.graph.nodes[n]["position"] for n in ("one", "many")]
    assert first == [[340, 40], [640, 40]]
    do(desk, "command", name="paste")
    assert len(desk.graph) == 7
    assert list(desk.blocks) == ["pair"]


def test_a_pasted_block_does_not_replace_another_of_its_name(nested: Graph) -> None:
    source = Desk(nested)
    do(source, "select", nodes=["one"], edges=[])
    do(source, "command", name="copy")
    target = Desk(Graph())
    target.graph.blocks["pair"] = Graph()
    target.clipboard = source.clipboard
    do(target, "command", name="paste")
    assert target.graph.nodes["one"]["component"] == "block:pair2"
    assert len(target.blocks["pair"]) == 0
    assert len(target.blocks["pair2"]) == 4


def test_cutting_and_pasting_shared_weights(desk: Desk) -> None:
    desk.graph.place("twin", "linear", settings={"weights": {"from": "shared", "node": "fc"}}, position=(0, 0))
    desk.record()
    do(desk, "select", nodes=["fc", "twin"], edges=[])
    do(desk, "command", name="copy")
    do(desk, "command", name="paste")
    new = {desk.graph.nodes[n]["settings"].get("weights", {}).get("node") for n in desk.selection}
    assert new - {None} <= set(desk.selection)
    do(desk, "command", name="cut")
    assert set(desk.graph) == {"data", "fc", "act", "twin"}


def test_pasting_nothing_or_in_the_wrong_place_says_so(nested: Graph) -> None:
    desk = Desk(nested)
    do(desk, "command", name="paste")
    assert "copied" in desk.notices[-1].en
    do(desk, "select", nodes=["one"], edges=[])
    do(desk, "command", name="copy")
    desk.enter("many")
    do(desk, "command", name="paste")
    assert "contain itself" in desk.notices[-1].en
    do(desk, "select", nodes=["x"], edges=[])
    do(desk, "command", name="copy")
    desk.leave(0)
    do(desk, "command", name="paste")
    assert "placed here" in desk.notices[-1].en


def test_a_block_goes_into_a_different_one_of_its_name(nested: Graph) -> None:
    source = Desk(nested)
    do(source, "select", nodes=["one"], edges=[])
    do(source, "command", name="copy")
    other = Graph()
    other.blocks["pair"] = Graph()
    other.place("use", "block:pair", position=(0, 0))
    desk = Desk(other, clipboard=source.clipboard)
    desk.enter("use")
    do(desk, "command", name="paste")
    assert desk.notices == []
    assert [data["component"] for _, data in desk.blocks["pair"].nodes(data=True)] == ["block:pair2"]


def test_a_command_without_a_selection_says_so(desk: Desk) -> None:
    do(desk, "command", name="duplicate")
    assert "Select" in desk.notices[-1].en


def test_grouping_opening_leaving_and_detaching(desk: Desk) -> None:
    do(desk, "select", nodes=["fc", "act"], edges=[])
    do(desk, "command", name="group")
    (use,) = desk.selection
    assert desk.graph.nodes[use]["component"] == "block:block1"
    do(desk, "open", node=use)
    assert desk.scope == (use,)
    assert {"fc", "act"} <= set(desk.open_graph)
    do(desk, "escape")
    assert desk.scope == ()
    assert desk.selection == (use,)
    actions.detach(desk, use)
    assert set(desk.graph) == {"data", "fc", "act"}
    assert set(desk.selection) == {"fc", "act"}


def test_escape_first_deselects(desk: Desk) -> None:
    do(desk, "select", nodes=["fc"], edges=[])
    do(desk, "escape")
    assert desk.selection == ()


def test_opening_a_node_that_is_no_block_does_nothing(desk: Desk) -> None:
    do(desk, "open", node="fc")
    assert desk.scope == ()


def test_a_block_cannot_be_placed_inside_itself(nested: Graph) -> None:
    desk = Desk(nested)
    desk.enter("one")
    do(desk, "add", component="block:pair", x=0, y=0)
    assert "contain itself" in desk.notices[-1].en
    assert len(desk.open_graph) == 4


def test_ports_are_placed_inside_blocks_only(nested: Graph) -> None:
    desk = Desk(nested)
    do(desk, "add", component="port_in", x=0, y=0)
    assert desk.notices[-1].kind == "error"
    desk.enter("one")
    do(desk, "add", component="port_in", x=0, y=0)
    assert desk.selection == ("x2",)


def test_renaming_a_block_keeps_its_uses(nested: Graph) -> None:
    desk = Desk(nested)
    desk.edit(lambda _: edit.rename_block(desk.graph, "pair", "couple"))
    assert list(desk.blocks) == ["couple"]
    assert desk.graph.nodes["one"]["component"] == "block:couple"
    with pytest.raises(GraphError, match="name"):
        desk.edit(lambda _: edit.rename_block(desk.graph, "couple", "no good"))
    assert list(desk.blocks) == ["couple"]


def test_events_are_taken_once_though_they_are_sent_again(desk: Desk) -> None:
    first = {"seq": 1, "type": "add", "component": "linear", "x": 0, "y": 0}
    second = {"seq": 2, "type": "add", "component": "act_relu", "x": 0, "y": 0}
    reactions.take(desk, events.parse({"client": "abcd", "events": [first]}))
    reactions.take(desk, events.parse({"client": "abcd", "events": [first, second]}))
    reactions.take(desk, events.parse({"client": "abcd", "events": [first, second]}))
    assert len(desk.graph) == 5
    assert desk.acks["abcd"] == 2


def test_only_a_few_pages_are_remembered(desk: Desk) -> None:
    for number in range(20):
        reactions.take(desk, events.parse({"client": f"page{number}", "events": [{"seq": 1, "type": "poll"}]}))
    assert len(desk.acks) == 8


@pytest.mark.parametrize(
    "event",
    [
        {"seq": 1, "type": "add", "component": "linear", "x": float("nan"), "y": 0},
        {"seq": 1, "type": "add", "component": "linear", "x": 1e300, "y": 0},
        {"seq": 1, "type": "connect", "source": "a.b.c", "target": "d"},
        {"seq": 1, "type": "command", "name": "format_disk"},
        {"seq": 1, "type": "open", "node": "../../etc"},
        {"seq": 1, "type": "explode"},
        {"seq": 1, "type": "select", "nodes": ["fc"], "edges": [], "extra": 1},
    ],
)
def test_an_unreadable_event_is_told_and_does_not_hold_up_the_next(desk: Desk, event: dict[str, Any]) -> None:
    good = {"seq": 2, "type": "select", "nodes": ["fc"], "edges": []}
    reactions.take(desk, events.parse({"client": "abcd", "events": [event, good]}))
    assert desk.selection == ("fc",)
    assert desk.acks["abcd"] == 2
    assert desk.notices[-1].kind == "error"


@pytest.mark.parametrize(
    "payload",
    [None, 3, [], {}, {"client": 5, "events": []}, {"client": "../x", "events": []}, {"client": "abcd", "events": 7}],
)
def test_a_payload_that_is_no_batch_changes_nothing(desk: Desk, payload: Any) -> None:
    reactions.take(desk, events.parse(payload))
    assert desk.acks == {}
    assert not desk.history.can_undo


def test_an_unknown_component_is_refused(desk: Desk) -> None:
    do(desk, "add", component="linaer", x=0, y=0)
    assert "linear" in desk.notices[-1].en
    assert len(desk.graph) == 3


def test_a_new_block_and_its_name_are_one_step(desk: Desk) -> None:
    before = desk.state
    desk.select(("fc", "act"))
    actions.group(desk)
    (made,) = desk.selection
    actions.rename_block(desk, made, "block1", "head")
    assert desk.selection == ("head",)
    assert desk.graph.nodes["head"]["component"] == "block:head"
    assert desk.history.undo_label == "group"
    desk.undo()
    assert desk.state is before
    desk.redo()
    assert list(desk.blocks) == ["head"]


def test_a_later_name_is_a_step_of_its_own_and_a_bad_one_changes_nothing(desk: Desk) -> None:
    desk.select(("fc", "act"))
    actions.group(desk)
    (made,) = desk.selection
    with pytest.raises(GraphError, match="no good"):
        actions.rename_block(desk, made, "block1", "no good")
    assert desk.selection == (made,)
    desk.edit(lambda graph: edit.move(graph, {made: (9, 9)}), "move")
    actions.rename_block(desk, made, "block1", "head")
    assert made in desk.graph
    desk.undo()
    assert list(desk.blocks) == ["block1"]

"""The desk as plain data: history, scope, selection."""

from __future__ import annotations

import json
import time

import pytest

from builder.graph import Edge, Graph, GraphError, edit
from builder.ui.desk import Desk


def test_an_edit_that_fails_halfway_leaves_nothing_behind(desk: Desk) -> None:
    def half(graph: Graph) -> None:
        edit.remove_nodes(graph, ["act"])
        raise GraphError("no", "不")

    with pytest.raises(GraphError):
        desk.edit(half)
    assert list(desk.graph) == ["data", "fc", "act"]
    assert not desk.history.can_undo
    assert not desk.dirty


def test_two_hundred_steps_back_and_forward(desk: Desk) -> None:
    for step in range(200):
        desk.edit(lambda graph, s=step: edit.set_param(graph, "fc", "out_features", s + 1))
    for _ in range(200):
        desk.undo()
    assert desk.graph.nodes["fc"]["params"] == {"out_features": 5}
    desk.undo()
    for _ in range(200):
        desk.redo()
    assert desk.graph.nodes["fc"]["params"] == {"out_features": 200}


def test_undo_leaves_a_block_that_is_no_more(desk: Desk) -> None:
    use = desk.edit(lambda graph: edit.make_block(graph, ["fc", "act"], "pair", desk.blocks))
    desk.enter(use)
    desk.undo()
    assert desk.scope == ()
    assert list(desk.open_graph) == ["data", "fc", "act"]


def test_undo_keeps_the_selection_that_still_exists(desk: Desk) -> None:
    desk.edit(lambda graph: edit.set_param(graph, "fc", "out_features", 9))
    desk.select(("fc",), (Edge("data", "x", "fc", "x"),))
    desk.undo()
    assert desk.selection == ("fc",)
    assert len(desk.wires) == 1


def test_only_blocks_open(desk: Desk) -> None:
    with pytest.raises(GraphError, match="not a block"):
        desk.enter("fc")


def test_showing_a_node_in_a_block_opens_the_way_to_it(nested: Graph) -> None:
    desk = Desk(nested)
    desk.show(("many", "fc"))
    assert desk.scope == ("many",)
    assert desk.selection == ("fc",)
    assert desk.focus == (1, ("fc",), True)


def test_undo_points_at_what_it_changed(desk: Desk) -> None:
    desk.edit(lambda graph: edit.set_param(graph, "fc", "out_features", 9))
    desk.undo()
    assert desk.focus == (1, ("fc",), False)


def test_dirty_until_saved_and_again_after_an_edit(desk: Desk) -> None:
    assert not desk.dirty
    desk.edit(lambda graph: edit.set_param(graph, "fc", "out_features", 9))
    assert desk.dirty
    desk.mark_saved("mine")
    assert not desk.dirty
    desk.undo()
    assert desk.dirty
    desk.redo()
    assert not desk.dirty


def test_a_copy_has_the_history_but_not_the_graph(desk: Desk) -> None:
    desk.edit(lambda graph: edit.set_param(graph, "fc", "out_features", 9))
    twin = desk.copy()
    twin.undo()
    assert twin.graph.nodes["fc"]["params"] == {"out_features": 5}
    assert desk.graph.nodes["fc"]["params"] == {"out_features": 9}
    assert twin.id != desk.id


def test_notices_are_few_and_numbered(desk: Desk) -> None:
    for number in range(9):
        desk.tell(str(number), str(number))
    assert [n.en for n in desk.notices] == ["5", "6", "7", "8"]
    ids = [n.id for n in desk.notices]
    assert ids == sorted(set(ids))


def test_old_notices_are_not_shown_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.tell("old", "旧")
    assert [n.en for n in desk.fresh_notices] == ["old"]
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert desk.fresh_notices == []
    other = Desk(Graph())
    other.tell("new", "新")
    assert other.notices[0].id > desk.notices[0].id


def test_a_title_in_the_language_that_there_is(desk: Desk) -> None:
    desk.graph.meta["title"] = "Chain"
    assert desk.titled("zh") == "Chain"
    desk.graph.meta["title_zh"] = "链"
    assert desk.titled("zh") == "链"
    assert desk.titled("en") == "Chain"


def test_the_data_of_a_desk_is_json(desk: Desk) -> None:
    assert json.loads(json.dumps(desk.to_data()))["graph"]["format"] == "layerloom-graph"

"""Undo and redo."""

from __future__ import annotations

import json

import pytest

from builder.graph import History
from builder.graph import edit as edits
from tests.compiler.build import graph


def test_steps_back_and_forth() -> None:
    made = graph({"a": "linear"})
    history = History(made)
    assert not history.can_undo
    assert not history.can_redo
    assert (history.undo_label, history.redo_label) == ("", "")
    edits.set_param(made, "a", "out_features", 3)
    assert history.push(made, "Set out_features")
    edits.rename_node(made, "a", "b")
    assert history.push(made, "Rename")
    assert (history.undo_label, history.redo_label) == ("Rename", "")
    assert list(history.undo()) == ["a"]
    assert (history.undo_label, history.redo_label) == ("Set out_features", "Rename")
    assert history.undo().nodes["a"]["params"] == {}
    assert list(history.undo()) == ["a"], "the first state stays"
    assert history.redo().nodes["a"]["params"] == {"out_features": 3}
    assert list(history.redo()) == ["b"]
    assert list(history.redo()) == ["b"], "the last state stays"


def test_nothing_changed_is_no_step() -> None:
    made = graph({"a": ("linear", {"out_features": 1})})
    history = History(made)
    assert not history.push(made, "nothing")
    assert not history.can_undo
    for value in (1.0, True, 1):  # equal in Python, but not in a file
        edits.set_param(made, "a", "out_features", value)
        assert history.push(made)
    assert repr(history.undo().nodes["a"]["params"]["out_features"]) == "True"


def test_an_edit_after_undo_forgets_what_was_undone() -> None:
    made = graph({"a": "linear"})
    history = History(made)
    for value in (1, 2, 3):
        edits.set_param(made, "a", "out_features", value)
        history.push(made, str(value))
    history.undo()
    made = history.undo()
    edits.set_param(made, "a", "out_features", 9)
    history.push(made, "9")
    assert not history.can_redo
    assert history.labels == ["", "1", "9"]
    assert history.undo().nodes["a"]["params"] == {"out_features": 1}


def test_states_do_not_follow_the_graph() -> None:
    made = graph({"a": ("op_reshape", {"shape": [1, 2]})})
    history = History(made)
    made.nodes["a"]["params"]["shape"].append(3)
    history.push(made)
    history.current().nodes["a"]["params"]["shape"].append(4)
    assert history.current().nodes["a"]["params"]["shape"] == [1, 2, 3]
    assert history.undo().nodes["a"]["params"]["shape"] == [1, 2]


def test_at_least_200_steps_and_a_limit() -> None:
    made = graph({"a": "linear"})
    history, short = History(made), History(made, limit=3)
    for value in range(1, 701):
        edits.set_param(made, "a", "out_features", value)
        history.push(made)
        short.push(made)
    steps = 0
    while history.can_undo:
        value = history.undo().nodes["a"]["params"]["out_features"]
        steps += 1
        assert value == 700 - steps
    assert steps == 500
    assert len(short.states) == 4


def test_states_share_what_did_not_change() -> None:
    made = graph(
        {f"n{i}": ("linear", {"out_features": i}) for i in range(50)}, [f"n{i}.y n{i + 1}.x" for i in range(49)]
    )
    history = History(made)
    edits.set_param(made, "n7", "bias", False)
    history.push(made)
    before, after = history.states
    assert [a is b for a, b in zip(before["nodes"], after["nodes"], strict=True)].count(False) == 1
    assert before["edges"] is after["edges"]


def test_lists_of_odd_values_are_shared_too() -> None:
    made = graph({"a": ("linear", {"x": [{"id": [1]}, {"id": {"b": 2}}, 3]})})
    history = History(made)
    edits.set_param(made, "a", "x", [{"id": [1]}, {"id": {"b": 2}}, 4])
    history.push(made)
    assert history.current().nodes["a"]["params"]["x"] == [{"id": [1]}, {"id": {"b": 2}}, 4]


def test_history_is_pure_data() -> None:
    made = graph({"a": "linear"})
    history = History(made)
    assert json.loads(json.dumps(history.states)) == history.states


@pytest.mark.parametrize("limit", [1, 2])
def test_a_short_history(limit: int) -> None:
    made = graph({"a": "linear"})
    history = History(made, limit=limit)
    for value in range(5):
        edits.set_param(made, "a", "out_features", value)
        history.push(made, str(value))
    assert history.cursor == limit
    assert history.undo().nodes["a"]["params"] == {"out_features": 3}

"""Undo and redo."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph import Document, Edge, Graph, GraphError, History, loads, to_document
from builder.graph import edit as edits
from tests.compiler.build import graph, image


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


# ------------------------------------------------------------------ random edits


def test_history_is_pure_data() -> None:
    made = graph({"a": "linear"})
    history = History(made)
    assert json.loads(json.dumps(history.states)) == history.states


def start() -> Graph:
    block = graph({"x": "port_in", "fc": "linear", "y": "port_out"}, ["x.y fc.x", "fc.y y.x"])
    nodes = {
        "data": image(4),
        "fc": "linear",
        "relu": "act_relu",
        "add": "op_add",
        "b": ("block:part", {}, {"repeat": 2}),
    }
    return graph(nodes, ["data.x fc.x", "fc.y relu.x b.x", "relu.y add.xs", "b.y add.xs"], {"part": block})


def random_edit(made: Graph, rng: random.Random) -> None:
    """One edit as a person might make it; some are refused."""
    nodes = list(made)
    node, other = rng.choice(nodes), rng.choice(nodes)
    scope = rng.choice([made, made, *made.blocks.values()])
    inner = rng.choice(list(scope))
    name = f"r{rng.randrange(30)}"
    choices: list[Any] = [
        lambda: edits.add_node(
            scope, rng.choice(("linear", "op_add", "act_relu", "block:part")), (1, 2), blocks=made.blocks
        ),
        lambda: edits.connect(made, Edge(node, "y", other, rng.choice(("x", "xs")))),
        lambda: edits.disconnect(made, rng.choice(list(made.wires()))),
        lambda: edits.set_param(scope, inner, "out_features", rng.randrange(9)),
        lambda: edits.reset_param(scope, inner, "out_features"),
        lambda: edits.set_setting(made, node, "frozen", rng.choice((True, None))),
        lambda: edits.set_setting(made, node, "weights", {"from": "shared", "node": other}),
        lambda: edits.move(scope, {inner: (rng.randrange(999), 3.5)}),
        lambda: edits.rename_node(scope, inner, name, root=made),
        lambda: edits.duplicate(made, rng.sample(nodes, min(2, len(nodes)))),
        lambda: edits.make_block(made, rng.sample(nodes, min(2, len(nodes))), name),
        lambda: edits.detach_block(made, node),
        lambda: edits.reorder(
            made, "add", "xs", [f"{e.source}.{e.source_port}" for e in made.wires_into("add", "xs")][::-1]
        ),
        lambda: edits.remove_nodes(made, [node]) if len(nodes) > 4 else None,
        lambda: made.training.update(epochs=rng.randrange(1, 9)),
    ]
    rng.choice(choices)()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_random_edits_undone_and_redone_give_equal_documents(seed: int) -> None:
    rng = random.Random(seed)
    made = start()
    history, seen = History(made), [to_document(made)]
    for _ in range(40):
        before = to_document(made)
        try:
            random_edit(made, rng)
        except (GraphError, IndexError):  # IndexError: there is nothing to choose from
            assert to_document(made) == before, "a refused edit changes nothing"
        if history.push(made):
            seen.append(to_document(made))
        assert _parsed(made) == to_document(made), "what an edit makes can be saved"
        if rng.random() < 0.2 and history.can_undo:
            made = history.undo()
            seen.pop()
            assert to_document(made) == seen[-1]
    steps = len(seen) - 1
    for index in range(steps - 1, -1, -1):
        assert to_document(history.undo()) == seen[index]
    assert not history.can_undo
    for index in range(1, steps + 1):
        assert to_document(history.redo()) == seen[index]


def _parsed(made: Graph) -> Document:
    return to_document(loads(json.dumps(to_document(made))))


@pytest.mark.parametrize("limit", [1, 2])
def test_a_short_history(limit: int) -> None:
    made = graph({"a": "linear"})
    history = History(made, limit=limit)
    for value in range(5):
        edits.set_param(made, "a", "out_features", value)
        history.push(made, str(value))
    assert history.cursor == limit
    assert history.undo().nodes["a"]["params"] == {"out_features": 3}

"""Repairs in the panel: a button for each way, all at once as one step to undo, and what training lacks."""

from __future__ import annotations

import pytest

from builder.graph import Edge, Graph, to_document
from builder.ui import inspector
from tests.ui.pages import desk_of, open_page, run, said


def broken() -> Graph:
    """Two linear layers of wrong sizes beside each other, with a loss and no optimizer."""
    graph = Graph()
    graph.place("data", "data_iris", position=(0, 0))
    graph.place("a", "linear", {"in_features": 9, "out_features": 3}, position=(300, 0))
    graph.place("b", "linear", {"in_features": 7}, position=(300, 200))
    graph.place("loss", "loss_cross_entropy", position=(600, 0))
    for edge in (Edge("data", "x", "a", "x"), Edge("data", "x", "b", "x"), Edge("a", "y", "loss", "logits")):
        graph.wire(edge)
    graph.wire(Edge("data", "y", "loss", "target"))
    return graph


def test_each_problem_has_its_button() -> None:
    app = open_page("build", broken())
    assert [app.button(key=f"fix_{n}").label for n in range(2)] == [r"Set in\_features to automatic"] * 2
    app.button(key="fix_0").click()
    run(app)
    assert desk_of(app).graph.nodes["a"]["params"] == {"out_features": 3}
    assert desk_of(app).graph.nodes["b"]["params"] == {"in_features": 7}


def test_repair_all_is_one_step_to_undo() -> None:
    app = open_page("build", broken())
    before = to_document(desk_of(app).graph)
    app.button(key="repair_all").click()
    run(app)
    desk = desk_of(app)
    assert [desk.graph.nodes[n]["params"].get("in_features") for n in "ab"] == [None, None]
    assert desk.notices[-1].en == "Repaired. a: Set in_features to automatic; b: Set in_features to automatic."
    desk.undo()
    assert to_document(desk.graph) == before


def test_a_sound_graph_is_offered_what_training_lacks() -> None:
    graph = broken()
    for node in "ab":
        del graph.nodes[node]["params"]["in_features"]
    app = open_page("build", graph)
    assert "To train it, add what is missing" in said(app)
    app.button(key="fix_training").click()
    run(app)
    assert [e.source for e in desk_of(app).graph.wires_into("adam1", "loss")] == ["loss"]
    assert "add what is missing" not in said(app)


def test_repairs_that_take_too_long_wait_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "LOOKING", -1.0)
    app = open_page("build", broken())
    assert not [button for button in app.button if str(button.key).startswith("fix_")]
    monkeypatch.setattr(inspector, "LOOKING", 60.0)
    assert app.run().button(key="fix_1").label

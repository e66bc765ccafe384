"""The health of nodes: on the canvas as colours and badges, in its legend, and on the page of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import Graph, edit, load
from builder.train import Run
from builder.train.health import FIGURES, FILE, HISTOGRAMS, Illness, Record
from builder.train.run import Status
from builder.ui import health_panel, health_store, run_store, workspace
from builder.ui.desk import COLOURINGS, Desk
from builder.ui.warm import WARMUP
from tests.ui.pages import component, desk_of, figure, open_page, run, said
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _ready(workspace: Path) -> None:
    WARMUP.wait()


def moment(gradient: float = 1.0, dead: float = 0.1) -> dict[str, Any]:
    well = {"dead": 0.0, "mean": -0.5, "std": 1.0, "rms": 1.0}
    return {
        "fc1": {**well, "gradient": gradient, "update": 1e-3}, "relu1": {**well, "dead": dead},
        "fc2": {**well, "gradient": 2.0, "update": 1e-3}, "elsewhere": {"rms": 1.0},
    }  # fmt: skip


def record(found: Run, moments: list[dict[str, Any]]) -> Run:
    """Lets a run have recorded these moments, one an epoch."""
    shape = {"weights": [-1.0, 1.0, [1] * 40], "gradients": [-0.1, 0.1, [2] * 40]}
    for name, nodes in ((FILE, moments), (HISTOGRAMS, [{"fc1": shape, "fc2": shape}] * len(moments))):
        lines = [json.dumps({"epoch": i + 1, "step": i + 1, "nodes": each}) for i, each in enumerate(nodes)]
        found.file(name).write_text("\n".join(lines) + "\n")
    return found


def mlp() -> Graph:
    return load(workspace.GALLERY / "mlp.json")


def coloured(name: str) -> AppTest:
    app = open_page("build", mlp())
    app.button(key=f"colour_choice_{name}").click()
    return run(app)


def paint(app: AppTest) -> str:
    return component(app, "paint")["css"]


# ------------------------------------------------------------------ the canvas


def test_every_figure_colours_the_canvas() -> None:
    record(fake_run("mine"), [moment(), moment(0.1)])
    app = open_page("build", mlp())
    for name in FIGURES:
        app.button(key=f"colour_choice_{name}").click()
        run(app)
        assert desk_of(app).colouring == name
        css = paint(app)
        assert '[data-id="fc1"]' in css, name
        assert "elsewhere" not in css
        assert "heat-steps" in said(app)
    app.button(key="colour_choice_family").click()
    run(app)
    assert not [e for e in app.get("bidi_component") if e.proto.id.endswith("-paint")]
    assert "heat-steps" not in said(app)


def test_a_slider_over_the_epochs_follows_the_latest() -> None:
    found = record(fake_run("mine"), [moment(), moment(dead=0.8)])
    app = coloured("dead")
    slider = app.select_slider(key="health_epoch_mine")
    assert (slider.options, slider.value) == (["epoch 1", "epoch 2"], 2)
    assert "80\\25 " in paint(app)
    slider.set_value(1)
    run(app)
    assert "80\\25 " not in paint(app)
    record(found, [moment(), moment(), moment()])
    run(app)
    assert app.select_slider(key="health_epoch_mine").value == 1  # a person looks back
    app.select_slider(key="health_epoch_mine").set_value(3)
    run(app)
    record(found, [moment()] * 4)
    run(app)
    assert app.select_slider(key="health_epoch_mine").value == 4


def test_an_edit_never_looks_into_the_folders_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing that is neither the first nor the clock's takes what was found before."""
    drawn: list[Any] = []
    looks: list[Desk] = []
    state: dict[str, Any] = {}
    desk = Desk(mlp())
    monkeypatch.setattr(health_panel.st, "session_state", state)
    monkeypatch.setattr(health_panel, "_find", lambda desk: looks.append(desk) or health_panel.Look(desk.state))
    monkeypatch.setattr(health_panel, "_draw", lambda *args: drawn.append(args))
    health_panel._legend(desk, "dead", first := object())
    assert len(looks) == 1
    edit.move(desk.graph, {"fc1": (5.0, 5.0)})
    desk.record()
    health_panel._legend(desk, "dead", second := object())
    assert len(looks) == 1
    health_panel._legend(desk, "dead", second)  # by the clock
    assert len(looks) == 2
    health_panel.arrive()
    health_panel._legend(desk, "dead", object())
    assert (len(looks), len(drawn)) == (3, 4)
    assert first is not second


def test_without_a_run_it_says_so() -> None:
    app = coloured("gradient")
    assert "No run of the graph as it is now" in said(app)
    assert paint(app) == ""


def test_a_run_of_another_graph_colours_nothing() -> None:
    record(fake_run("other", graph=load(workspace.GALLERY / "lenet5.json")), [moment()])
    assert "No run of the graph as it is now" in said(coloured("gradient"))


def test_a_run_that_has_only_begun_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run("mine", [], Status("running"))
    monkeypatch.setattr(Run, "status", lambda self: Status("running"))
    assert "only just begun" in said(coloured("gradient"))


def test_the_latest_run_that_has_looked_counts() -> None:
    old = record(fake_run("old", created=1.0), [moment()])
    fake_run("new", created=2.0)
    found = health_store.latest(mlp())
    assert found is not None
    assert found.name == old.name


def test_who_is_ill_is_listed_and_leads_to_the_node() -> None:
    record(fake_run("mine"), [moment(1e-9, 0.9)])
    app = coloured("gradient")
    assert "2 nodes are ill" in said(app)
    assert app.button(key="health_show_0").label == "fc1 ∇↓"
    assert "vanishing" in app.button(key="health_show_0").help
    app.button(key="health_show_1").click()
    run(app)
    assert desk_of(app).selection == ("relu1",)


def test_a_selected_node_leads_to_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    found = record(fake_run("mine"), [moment()])
    found.file("checkpoints/best.safetensors").write_bytes(b"")
    went: list[str] = []
    monkeypatch.setattr(health_panel.app_shell, "open_page", went.append)
    app = coloured("gradient")
    desk_of(app).select(("fc1",))
    run(app)
    assert 'title="Gradient norm"><i>‖∇‖</i>1</span>' in said(app)
    app.button(key="health_output").click()
    run(app)
    assert went == ["inspect"]
    assert [app.session_state[f"inspect_{k}"] for k in ("run", "node", "topic", "pick")] == [
        "mine",
        "fc1",
        "inside",
        "output",
    ]


# ------------------------------------------------------------------ its style sheet


def test_badges_of_blocks_name_what_is_inside() -> None:
    found = Record(1.0, 1, {"block/n0/a": {"dead": 0.9}, "block/n0/b": {"dead": 0.8}, "well": {"dead": 0.0}})
    paths = {"block": "block", "well": "well"}
    ills = health_store.ills(found, paths)
    assert list(ills) == ["block"]
    css = health_store.marks_css(ills, paths, "zh")
    assert '[data-id="block"]::after{content:"2\\20 \\21 "}' in css
    assert "block/n0/a\\3a" in css
    assert health_store.marks_css({}, paths, "en") == ""


def test_texts_stay_within_the_style_sheet() -> None:
    ill = Illness("dead", '"}x{', 'a"} body{display:none}\n', "b")
    css = health_store.marks_css({'n"]{': [('n"]{', ill)]}, {'n"]{': 'n"]{'}, "en")
    assert "display:none}\n" not in css.replace("display:none;left", "")
    assert css.count("{") == css.count("}") == 6


def test_colours_mean_the_same_throughout_a_run() -> None:
    records = [Record(1.0, 1, {"a": {"mean": -8.0, "dead": 0.1}}), Record(2.0, 2, {"a": {"mean": 0.5}})]
    scale = health_store.scale_of(records, "mean")
    assert scale is not None
    assert (scale.low, scale.high) == (0.5, 8.0)
    dead = health_store.scale_of(records, "dead")
    assert dead is not None
    assert (dead.low, dead.high, dead.linear) == (0.0, 1.0, True)
    assert health_store.figures(records[0], "mean", {"x": "a", "y": "none"}) == {"x": 8.0}
    assert COLOURINGS[-len(FIGURES) :] == FIGURES


# ------------------------------------------------------------------ the pages of runs


def test_the_page_of_a_run_shows_its_nodes_and_histograms() -> None:
    record(fake_run("mine"), [moment(), moment(1e-9)])
    app = open_page("runs")
    app.checkbox(key="run_pick_mine").check()
    run(app)
    drawn = figure(app, "health_nodes_mine")
    assert "Share of dead units" in drawn["layout"]["title"]["text"]
    app.selectbox(key="health_figure").set_value("gradient")
    run(app)
    drawn = figure(app, "health_nodes_mine")
    assert drawn["data"][0]["z"]["shape"] == "2, 2"
    assert "vanishing" in drawn["data"][1]["text"][0]
    assert app.selectbox(key="health_node").options == ["fc1", "fc2"]
    assert "Weights" in figure(app, "health_histograms_mine")["layout"]["title"]["text"]
    app.button_group(key="health_values").set_value("gradients")
    app.selectbox(key="health_node").set_value("fc2")
    run(app)
    assert figure(app, "health_histograms_mine")["layout"]["title"]["text"] == "Gradients · fc2"


def test_a_run_without_records_shows_none() -> None:
    fake_run("mine")
    app = open_page("runs")
    app.checkbox(key="run_pick_mine").check()
    run(app)
    assert "Health of nodes" not in said(app)


def test_it_is_turned_off_on_the_train_page() -> None:
    app = open_page("train", mlp())
    assert app.toggle(key="train_health").value is True
    app.toggle(key="train_health").set_value(False)
    run(app)
    assert desk_of(app).graph.training["health"] is False
    app.toggle(key="train_health").set_value(True)
    run(app)
    assert "health" not in desk_of(app).graph.training
    assert run_store.of_graph(desk_of(app).graph) == []

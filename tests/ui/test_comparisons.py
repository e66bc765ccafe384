"""Comparisons on the desk without a browser: what is offered, the form, the list, the table, and taking a choice over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.comparison import Choice, Comparison, ComparisonFolder, Plan, Progress, Row, home, parse_choices, plans
from builder.comparison.plan import PLACES
from builder.compiler import Compiled
from builder.graph import Graph, load
from builder.train import Run, TrainError, checkpoint
from builder.train.run import Best, Status
from builder.ui import app_shell, commands, comparison_dialog, comparison_store, comparison_view
from builder.ui import workspace as workspaces
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from builder.ui.warm import WARMUP
from tests.ui.pages import component, desk_of, open_page, run, said
from tests.ui.runs import fake_run

PLAN = Plan(("relu1",), parse_choices("act_relu,act_tanh"), seeds=2, epochs=3)


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The pages that were gone to."""
    pages: list[object] = []
    monkeypatch.setattr(app_shell, "open_page", lambda name, **address: pages.append((name, address)))
    return pages


def mlp() -> Graph:
    return load(workspaces.GALLERY / "mlp.json")


def made(name: str = "a", finished: bool = True, progress: Progress | None = None) -> ComparisonFolder:
    """A comparison on disk; where it is not finished, the second choice has not begun."""
    folder = ComparisonFolder(home() / name)
    folder.prepare(mlp(), PLAN)
    for number, (choice, seed) in enumerate(PLAN.runs(mlp())[: 4 if finished else 2]):
        done = Run.create(folder.run(choice, seed).path, mlp(), {})
        done.write_evaluation({"test": {"metrics": {"accuracy": 0.9 - number / 10}, "losses": {}}})
        done.write_status(Status("finished", epoch=3, epochs=3, seconds=6.0, best=Best(3, 0.8, "accuracy")))
    rows = (Row("act_relu", (0.9, 0.8), 100, 6.0), Row("act_tanh", (0.7, 0.6), 100, 6.0))
    if finished:
        result = Comparison(("relu1",), "accuracy", "test", True, (0, 1), rows)
        folder.file("comparison.json").write_text(json.dumps(result.to_json()))
    folder.write(progress or Progress("finished", done=4, total=4))
    return folder


# ------------------------------------------------------------------ the dialog


def test_the_command_asks_for_the_dialog_at_the_selected_nodes() -> None:
    desk = Desk(mlp())
    assert not commands.COMMANDS["compare_here"].possible(desk)
    desk.select(("relu1",))
    commands.attempt(desk, "compare_here")
    assert desk.dialog == comparison_dialog.DIALOG
    assert "node" in commands.COMMANDS["compare_here"].menus


def test_what_is_there_and_its_family_come_first(catalogue: Catalogue) -> None:
    graph = mlp()
    found = comparison_dialog.candidates(graph, ["relu1"], "component", catalogue)
    assert found[0] == Choice("act_relu") and found[-1] == Choice("none")
    assert catalogue[found[1].component].family == catalogue["act_relu"].family
    assert {catalogue[choice.component].kind for choice in found[:-1]} == {"layer", "op", "transform"}
    (optimizer,) = [node for node in graph if graph.nodes[node]["component"].startswith("opt_")]
    others = comparison_dialog.candidates(graph, [optimizer], "component", catalogue)
    assert {catalogue[choice.component].kind for choice in others[:-1]} == {"optimizer"}
    assert comparison_dialog.places_of(graph, ["relu1"], catalogue) == [
        "component",
        "init",
        "parametrize",
        "regularize",
    ]
    assert comparison_dialog.places_of(graph, [optimizer], catalogue) == ["component", "regularize"]
    inits = comparison_dialog.candidates(graph, ["relu1"], "init", catalogue)
    assert Choice("init_xavier") in inits and all(
        c.component.startswith(("init_", "norm_fixup", "none")) for c in inits
    )


def test_choices_are_called_by_what_people_read(catalogue: Catalogue) -> None:
    def named(name: str, place: str = "component", lang: str = "en") -> str:
        return comparison_dialog.named(name, place, catalogue, lang)  # type: ignore[arg-type]

    assert named("act_relu") == "ReLU" and named("opt_sgd:lr=0.1").endswith(" · lr=0.1")
    assert len({named("none", place) for place in PLACES}) == len(PLACES)
    assert named("none", lang="zh") == "无（直接通过）"
    assert named("half writ") == "half writ" and named("no_such") == "no_such"


DIALOG = """
from builder.ui import comparison_dialog, session
comparison_dialog._dialog(session.current(), {nodes!r})
"""


def dialog(graph: Graph, *nodes: str) -> AppTest:
    from builder.ui import session

    WARMUP.wait()
    app = AppTest.from_string(DIALOG.format(nodes=nodes), default_timeout=60)
    app.session_state["desk"] = session.fresh(graph)
    return run(app)


def test_the_form_starts_a_comparison(opened: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Plan] = []

    def begin(graph: Graph, plan: Plan) -> ComparisonFolder:
        begun.append(plan)
        return ComparisonFolder(home() / "new")

    monkeypatch.setattr(comparison_store, "begin", begin)
    fake_run("before", values=[0.5, 0.6])  # 3 s an epoch
    app = dialog(mlp(), "relu1")
    assert app.button(key="comparison_start").disabled, "one choice is no comparison"
    (choices,) = app.multiselect
    assert choices.value == ["act_relu"] and "conv_standard" not in choices.options
    choices.set_value(["act_relu", "act_tanh", "none"])
    app.number_input(key="comparison_epochs_").set_value(2)
    run(app)
    assert "9 trainings, about 54 s" in said(app)
    app.button(key="comparison_start").click()
    run(app)
    assert begun == [Plan(("relu1",), parse_choices("act_relu,act_tanh,none"), 3, 2)]
    assert opened == [("runs", {"view": "comparisons", "comparison": "new"})]


def test_what_a_graph_brings_along_is_proposed_at_its_place() -> None:
    graph = load(workspaces.GALLERY / "compare_layers.json")
    pooling = next(plan for plan in plans(graph) if plan.name == "pooling")
    app = dialog(graph, "stage2/pool")  # another use of the block than the plan names
    assert app.multiselect[0].value == [choice.name for choice in pooling.choices]
    assert not app.button(key="comparison_start").disabled
    app.multiselect[0].set_value(["pool_max"])
    run(app)
    assert app.button(key="comparison_start").disabled


def test_a_graph_that_cannot_be_trained_is_not_compared() -> None:
    graph = mlp()
    graph.remove_node("fc1")
    app = dialog(graph, "relu1")
    assert "cannot be trained" in said(app) and not app.multiselect


# ------------------------------------------------------------------ the Runs page


def test_nothing_was_compared_yet() -> None:
    assert "Nothing was compared yet" in said(open_page("runs", view="comparisons"))


def test_a_finished_comparison_shows_what_it_found(opened: list[object]) -> None:
    made()
    app = open_page("runs", mlp(), view="comparisons")
    shown = said(app)
    assert "Components at relu1" in shown and "0.8500 ±0.6353" in shown and "-0.2000 ±0.0000" in shown
    assert "accuracy on the Test data, higher is better" in shown
    figure = json.loads(component(app, "comparison_plot_a")["figure"])
    assert figure["data"][1]["y"] == ["Tanh", "ReLU"], "the best stands on top"
    app.button(key="comparison_use_act_tanh").click()
    run(app)
    desk = desk_of(app)
    (node,) = [n for n in desk.graph if desk.graph.nodes[n]["component"] == "act_tanh"]
    assert desk.selection == (node,) and opened == [("build", {})] and "is in its place" in desk.notices[-1].en
    desk.undo()
    assert desk.graph.nodes["relu1"]["component"] == "act_relu"


def test_a_training_opens_in_the_inspect_page_with_the_others_beside_it(opened: list[object]) -> None:
    folder = made()
    weights = checkpoint.weights_of(Compiled(mlp()).root)
    for choice, seed in PLAN.runs(mlp()):
        checkpoint.save(folder.run(choice, seed).file("checkpoints/best.safetensors"), weights, {"epoch": 3})
    app = open_page("runs", mlp(), view="comparisons")
    app.button(key="comparison_inspect_act_tanh").click()
    run(app)
    assert opened == [("inspect", {})] and app.session_state["inspect_run"] == "a/act_tanh/seed0"

    app = open_page("inspect", mlp(), run="a/act_tanh/seed0")
    chosen = app.selectbox(key="inspect_source")
    assert chosen.value == "a/act_tanh/seed0" and len(chosen.options) == 1 + 4
    assert chosen.options[3].startswith("Tanh, seed 0 · Components at relu1")
    chosen.set_value("a/act_relu/seed1")
    run(app)
    assert app.selectbox(key="inspect_source").value == "a/act_relu/seed1" and not app.error


@pytest.mark.parametrize(
    "address", ["a/act_tanh/seed9", "a/../../etc", "../a/act_tanh/seed0", "b/act_tanh/seed0", "a/"]
)
def test_a_training_that_is_none_leaves_the_graph_of_the_desk(address: str) -> None:
    made()
    assert open_page("inspect", mlp(), run=address).selectbox(key="inspect_source").value == ""


def test_a_choice_is_used_on_another_graph_with_a_warning_or_not_at_all() -> None:
    made()
    changed = mlp()
    changed.nodes["fc1"]["params"]["out_features"] = 7
    app = open_page("runs", changed, view="comparisons")
    app.button(key="comparison_use_act_tanh").click()
    run(app)
    assert "not the one that was compared" in desk_of(app).notices[-1].en
    app = open_page("runs", load(workspaces.GALLERY / "lenet5.json"), view="comparisons")
    app.button(key="comparison_use_act_tanh").click()
    run(app)
    assert "no node 'relu1'" in app.toast[0].value.replace("\\", "")
    assert not desk_of(app).history.can_undo


def test_one_that_goes_on_shows_each_training(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(finished=False, progress=Progress("running", "act_tanh", 0, 2, 4))
    lock = folder.lock()
    app = open_page("runs", view="comparisons")
    shown = said(app)
    assert "2 of 4 trainings" in shown and "Tanh, seed 0" in shown and "12 s" in shown
    assert app.button(key="comparison_delete").disabled
    app.button(key="comparison_stop").click()
    run(app)
    assert folder.asked_to_stop() and app.button(key="comparison_stop").disabled
    with pytest.raises(TrainError, match="still going on"):
        comparison_store.delete(comparison_store.entry(folder))

    os.close(lock)
    app = open_page("runs", view="comparisons")
    assert "ended without a word" in said(app)
    gone_on: list[str] = []
    monkeypatch.setattr(comparison_view, "go_on", lambda folder: gone_on.append(folder.name))
    app.button(key="comparison_go_on").click()
    run(app)
    assert gone_on == ["a"]


def test_deleting_can_be_taken_back() -> None:
    made("a")
    made("b")
    app = open_page("runs", view="comparisons", comparison="a")
    app.button(key="comparison_delete").click()
    run(app)
    assert [each.name for each in comparison_store.every()] == ["b"]
    app.button(key="notice_undo").click()
    run(app)
    assert {each.name for each in comparison_store.every()} == {"a", "b"}


def test_a_folder_that_cannot_be_read_is_said_and_others_are_shown() -> None:
    made("good")
    folder = made("bad")
    folder.file("plan.json").write_text('{"choices": 3}')
    app = open_page("runs", view="comparisons", comparison="bad")
    assert "cannot be read" in said(app)
    assert comparison_store.find("../good") is None and comparison_store.find("good") is not None

"""The Runs page without a browser: choosing, comparing, renaming, deleting, continuing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import load
from builder.train import train
from builder.train.run import Status
from builder.ui import app_shell, run_store
from builder.ui import workspace as workspaces
from builder.ui.pages import runs
from builder.ui.plots import Quantity
from tests.ui.pages import open_page, run, said
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that were gone to."""
    pages: list[str] = []
    monkeypatch.setattr(app_shell, "open_page", pages.append)
    return pages


def choose(app: AppTest, *names: str) -> AppTest:
    for name in names:
        app.checkbox(key=f"run_pick_{name}").check()
    return run(app)


def names(app: AppTest) -> list[str]:
    return [box.key.removeprefix("run_pick_") for box in app.checkbox if str(box.key).startswith("run_pick_")]


def test_no_runs_yet(opened: list[str]) -> None:
    app = open_page("runs")
    assert "Nothing was trained yet" in said(app)
    app.button(key="runs_to_train").click()
    run(app)
    assert opened == ["train"]


def test_runs_are_searched_and_ordered() -> None:
    fake_run("first", created=1.0, values=[0.9])
    fake_run("second", created=2.0, values=[0.3, 0.4])
    run_store.rename(fake_run("third", created=3.0, values=[0.5]), "Alpha")
    app = open_page("runs")
    assert names(app) == ["third", "second", "first"]
    app.selectbox(key="runs_sort").set_value("best").run()
    assert names(app) == ["third", "first", "second"]
    app.selectbox(key="runs_sort").set_value("longest").run()
    assert names(app)[0] == "second"
    app.text_input(key="runs_search").set_value("ALPHA").run()
    assert names(app) == ["third"]
    app.text_input(key="runs_search").set_value("nothing like it").run()
    assert names(app) == []


def test_very_many_runs_come_in_portions() -> None:
    for number in range(runs.STEP + 3):
        fake_run(f"r{number:02}", values=[0.5])
    app = open_page("runs")
    assert len(names(app)) == runs.STEP
    app.button(key="runs_more").click()
    run(app)
    assert len(names(app)) == runs.STEP + 3


def test_one_run_is_shown_and_opened_elsewhere(opened: list[str]) -> None:
    made = fake_run("a", values=[0.25, 0.5])
    made.file("checkpoints/best.safetensors").write_bytes(b"weights")
    app = choose(open_page("runs"), "a")
    assert "accuracy 0.5 (epoch 2)" in said(app)
    app.button(key="run_open_train").click()
    run(app)
    assert app.session_state["run"][1] == "a"
    app.button(key="run_open_inspect").click()
    run(app)
    assert app.session_state["inspect_run"] == "a"
    assert opened == ["train", "inspect"]


def test_without_a_checkpoint_there_is_nothing_to_take() -> None:
    fake_run("a")
    app = choose(open_page("runs"), "a")
    assert app.button(key="run_open_inspect").disabled
    assert app.button(key="run_export").disabled
    with pytest.raises(KeyError):
        app.button(key="run_evaluate")


def test_renaming_shows_at_once() -> None:
    fake_run("a")
    app = choose(open_page("runs"), "a")
    app.text_input(key="run_label_a").set_value("My <b>best</b>").run()
    assert run_store.every()[0].title("en") == "My <b>best</b>"
    assert "My &lt;b&gt;best" in said(app)


def test_deleting_can_be_undone() -> None:
    fake_run("a")
    fake_run("b")
    app = choose(open_page("runs"), "a", "b")
    app.button(key="runs_delete_many").click()
    run(app)
    assert names(app) == []
    assert "Deleted 2 runs" in said(app)
    app.button(key="runs_undo").click()
    run(app)
    assert sorted(names(app)) == ["a", "b"]


def test_the_notice_of_a_deletion_can_be_closed() -> None:
    fake_run("a")
    app = choose(open_page("runs"), "a")
    app.button(key="run_delete").click()
    run(app)
    app.button(key="runs_forget").click()
    run(app)
    assert "Deleted" not in said(app)
    assert run_store.bring_back("a") is not None


def test_two_runs_are_compared_with_what_differs() -> None:
    other = load(workspaces.GALLERY / "mlp.json")
    other.nodes["optimizer"]["params"]["lr"] = 0.5
    fake_run("a", values=[0.2, 0.9])
    fake_run("b", values=[0.3, 0.4], graph=other, seed=4)
    app = choose(open_page("runs"), "a", "b")
    assert app.selectbox(key="runs_quantity").value == Quantity("valid", "accuracy")
    text = said(app)
    assert "2 runs compared" in text
    assert "optimizer.lr" in text
    assert "0.5" in text
    app.toggle(key="runs_by_time").set_value(True).run()
    assert not app.exception
    app.button(key="runs_clear").click()
    run(app)
    assert "compared" not in said(app)


def test_a_stopped_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str] = []
    monkeypatch.setattr(runs, "resume", lambda run: resumed.append(run.name))
    fake_run("a", status=Status("stopped", epoch=1, epochs=4))
    app = choose(open_page("runs"), "a")
    app.button(key="run_resume").click()
    run(app)
    assert resumed == ["a"]


def test_a_run_is_evaluated_on_held_out_data() -> None:
    train(workspaces.GALLERY / "logistic_regression.json", run_store.folder() / "iris", epochs=2)
    app = choose(open_page("runs"), "iris")
    app.button(key="run_evaluate").click()
    run(app)
    assert "Evaluating" in said(app)
    deadline = time.monotonic() + 60
    while "Evaluating" in said(app) and time.monotonic() < deadline:
        time.sleep(0.3)
        run(app)
    assert not app.error
    accuracy = run_store.every()[0].run.evaluation()["test"]["metrics"]["accuracy"]
    assert f"accuracy {accuracy:.4g}" in said(app)


def test_a_failed_evaluation_is_one_sentence() -> None:
    made = fake_run("a")
    made.file("checkpoints/best.safetensors").write_bytes(b"not a checkpoint")
    app = choose(open_page("runs"), "a")
    app.button(key="run_evaluate").click()
    run(app)
    for _ in range(200):
        time.sleep(0.3)
        run(app)
        if app.error:
            break
    assert len(app.error) == 1
    assert "Traceback" not in app.error[0].value


def test_a_damaged_run_does_not_break_the_page() -> None:
    made = fake_run("a")
    fake_run("b")
    made.file("graph.json").write_text("{ broken")
    made.file("metrics.jsonl").write_text('{"event":"epoch","epoch":"x","train":5}\nnot json\n[]\n')
    made.file("status.json").write_text("[]")
    app = choose(open_page("runs"), "a", "b")
    assert "2 runs compared" in said(app)
    app.checkbox(key="run_pick_b").uncheck()
    run(app)
    assert "Unreadable" in said(app)
    assert not app.error


def test_chinese_throughout() -> None:
    fake_run("a")
    app = open_page("runs")
    app.session_state["ui_language"] = "zh"
    choose(app, "a")
    assert app.button(key="run_delete").label == "删除"
    assert "手写数字多层感知机" in said(app)

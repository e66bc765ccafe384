"""The Train page without a browser: settings, start, states of a run, data and uploads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import Graph
from builder.train import Run
from builder.train.loader import DEFAULT_BATCH_SIZE
from builder.train.run import Status
from builder.ui import app_shell, data_look, run_store, uploads
from builder.ui.form.common import DEFAULT_BATCH
from builder.ui.pages import train
from components import registry
from components.data._base import DataUnavailableError, Progress
from components.data.mnist import Mnist
from tests.ui.pages import desk_of, open_page, run, said
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


def shown_run(app: AppTest) -> str:
    found = app.query_params["run"]
    return found if isinstance(found, str) else found[0]


# ------------------------------------------------------------------ settings


def test_the_first_visit_shows_settings_and_data() -> None:
    app = open_page("train")
    assert app.number_input(key="train_epochs").value == 30
    assert app.number_input(key="train_seed").value == 0
    assert app.number_input(key="train_batch_data").value == 64
    assert not app.button(key="start").disabled
    text = said(app)
    assert "61.7 K parameters" in text
    assert "4,000" in text
    assert text.count("data:image/png") == 40


def test_settings_are_part_of_the_graph_and_can_be_undone() -> None:
    app = open_page("train")
    app.number_input(key="train_epochs").set_value(7).run()
    app.number_input(key="train_batch_data").set_value(16).run()
    desk = desk_of(app)
    assert desk.graph.training["epochs"] == 7
    assert desk.graph.nodes["data"]["settings"]["batch_size"] == 16
    desk.undo()
    run(app)
    assert app.number_input(key="train_batch_data").value == 64
    desk.undo()
    run(app)
    assert app.number_input(key="train_epochs").value == 30


def test_a_graph_with_problems_cannot_be_started(opened: list[str]) -> None:
    app = open_page("train")
    desk = desk_of(app)
    desk.edit(lambda graph: graph.nodes["fc1"]["params"].update(in_features=3), "break")
    run(app)
    assert app.button(key="start").disabled
    assert "fc1" in said(app)
    app.button(key="to_build_page").click()
    run(app)
    assert opened == ["build"]


def test_strange_settings_of_a_file_do_no_harm() -> None:
    app = open_page("train")
    desk = desk_of(app)
    desk.graph.training.update(epochs="many", seed=-5)
    desk.graph.nodes["data"]["settings"]["batch_size"] = True
    desk.record()
    run(app)
    assert app.number_input(key="train_epochs").value == train.EPOCHS
    assert app.number_input(key="train_seed").value == 0
    assert app.number_input(key="train_batch_data").value == DEFAULT_BATCH


def test_start_makes_a_run_and_the_address_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(graph: object) -> Run:
        return fake_run("fresh", values=[], status=Status("starting", epochs=30, activity="Reading the data"))

    monkeypatch.setattr(run_store, "begin", begin)
    app = open_page("train")
    app.button(key="start").click()
    run(app)
    assert shown_run(app) == "fresh"
    assert app.segmented_control(key="train_show").value == "run"


# ------------------------------------------------------------------ a run


def alive(name: str, state: str, **status: object) -> int:
    """A run whose worker is alive: this process holds its lock until the file is closed."""
    made = fake_run(name, status=Status(state, epochs=4, step=20, steps_per_epoch=10, epoch=2, **status))  # type: ignore[arg-type]
    return made.lock()


def test_a_run_is_found_by_its_address() -> None:
    fake_run("mine", values=[0.5, 0.75])
    app = open_page("train", run="mine")
    text = said(app)
    assert "mine" in text
    assert "Finished" in text
    assert "best accuracy 0.75 (epoch 2)" in text
    assert app.button(key="longer")
    assert app.button(key="open_run_graph")  # the desk holds another graph


@pytest.mark.parametrize("name", ["../../etc", "gone", "x" * 300])
def test_a_strange_address_shows_no_run(name: str) -> None:
    app = open_page("train", run=name)
    assert "run" not in app.query_params


def test_a_running_training_can_be_paused_and_stopped() -> None:
    lock = alive("live", "running", eta=12.0)
    try:
        app = open_page("train", run="live")
        assert "12 s left" in said(app)
        app.button(key="pause").click()
        run(app)
        assert Run(run_store.folder() / "live").requested() == "pause"
        assert app.button(key="pause").disabled
        app.button(key="stop").click()
        run(app)
        assert Run(run_store.folder() / "live").requested() == "stop"
        assert app.button(key="stop").label == "Stopping"
    finally:
        os.close(lock)


def test_a_paused_training_goes_on() -> None:
    lock = alive("live", "paused")
    try:
        app = open_page("train", run="live")
        app.button(key="resume").click()
        run(app)
        assert Run(run_store.folder() / "live").requested() == "resume"
    finally:
        os.close(lock)


def test_a_worker_that_does_not_answer_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.ui import run_view

    monkeypatch.setattr(run_view, "PATIENCE", -1.0)
    ended: list[str] = []
    monkeypatch.setattr(run_view, "kill", lambda run: ended.append(run.name))
    lock = alive("live", "running")
    try:
        Run(run_store.folder() / "live").request("stop")
        app = open_page("train", run="live")
        app.button(key="end_now").click()
        run(app)
        assert ended == ["live"]
    finally:
        os.close(lock)


def test_an_error_names_its_node_and_leads_to_it(opened: list[str]) -> None:
    app = open_page("train")
    graph = desk_of(app).graph
    error = {"node": "fc2", "message": "The loss is not a number.", "message_zh": "损失不是数字。"}
    fake_run("bad", graph=graph, status=Status("failed", epochs=4, error=error))
    app.query_params["run"] = "bad"
    app.session_state["train_show"] = "run"
    run(app)
    assert "**fc2**" in app.error[0].value
    assert "The loss is not a number" in app.error[0].value
    app.button(key="show_error").click()
    run(app)
    assert opened == ["build"]
    assert desk_of(app).selection == ("fc2",)


def test_an_error_in_another_graph_opens_that_graph(opened: list[str]) -> None:
    error = {"node": "fc1", "message": "Bad.", "message_zh": "坏。"}
    fake_run("bad", status=Status("failed", epochs=4, error=error))  # of the multi-layer perceptron
    app = open_page("train", run="bad")
    first = desk_of(app).id
    app.button(key="show_error").click()
    run(app)
    assert opened == ["build"]
    assert desk_of(app).id != first
    assert desk_of(app).title == "Multi-layer perceptron on digits"


def test_a_crash_can_be_resumed_and_early_stopping_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from builder.ui import run_view

    resumed: list[tuple[str, int | None]] = []
    monkeypatch.setattr(run_view, "resume", lambda run, epochs: resumed.append((run.name, epochs)))
    fake_run("crashed", status=Status("running", epoch=1, epochs=4))
    app = open_page("train", run="crashed")
    assert "Ended unexpectedly" in said(app)
    assert app.error
    app.button(key="resume").click()
    run(app)
    assert resumed == [("crashed", None)]
    fake_run("early", status=Status("finished", epoch=2, epochs=9, ended_by="stopping"))
    app = open_page("train", run="early")
    assert "after epoch 2 of 9" in app.info[0].value
    fake_run("whole", values=[0.1, 0.2])
    app = open_page("train", run="whole")
    app.number_input(key="longer_epochs").set_value(5)
    app.button(key="longer").click()
    run(app)
    assert resumed[-1] == ("whole", 7)


def test_titles_of_runs_stay_text() -> None:
    made = fake_run("evil")
    run_store.rename(made, "<img src=x onerror=alert(1)>")
    app = open_page("train", run="evil")
    assert "<img src=x" not in said(app)


# ------------------------------------------------------------------ data


def own(app: AppTest, name: str, content: bytes) -> AppTest:
    """Stores a file as an upload would and chooses it."""
    kept = uploads.keep(name, content)
    app.session_state["train_show"] = "data"
    app.session_state["own_file_table"] = kept
    return run(app)


ROWS = b"size,colour,kind\n" + b"".join(
    b"%d,%s,%s\n" % (i, b"red" if i % 2 else b"blue", b"ab"[i % 3 > 0 :][:1]) for i in range(60)
)


def test_a_table_of_ones_own_takes_the_place_of_the_data() -> None:
    app = open_page("train")
    own(app, "mine.csv", ROWS)
    assert app.selectbox(key="own_target_mine.csv").value == "kind"
    app.button(key="own_use").click()
    run(app)
    node = desk_of(app).graph.nodes["data"]
    assert node["component"] == "data_csv"
    assert node["params"] == {"file": "mine.csv", "target": "kind"}
    assert len(list(desk_of(app).graph.wires_from("data"))) == 3
    assert app.button(key="own_use").disabled
    assert app.button(key="start").disabled  # a table does not fit a convolution
    app.button(key="data_undo").click()
    run(app)
    assert desk_of(app).graph.nodes["data"]["component"] == "data_mnist_5k"
    assert not app.button(key="start").disabled


def test_columns_are_chosen() -> None:
    app = open_page("train")
    own(app, "mine.csv", ROWS)
    app.selectbox(key="own_target_mine.csv").set_value("size").run()
    app.multiselect(key="own_features_mine.csv_size").set_value(["colour"]).run()
    app.selectbox(key="own_task_mine.csv").set_value("regression").run()
    app.button(key="own_use").click()
    run(app)
    params = desk_of(app).graph.nodes["data"]["params"]
    assert params == {"file": "mine.csv", "target": "size", "features": ["colour"], "task": "regression"}
    assert app.selectbox(key="own_target_mine.csv").value == "size"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"a,b\n1,2\n3\n", "line 3"),
        (b"", "empty"),
        (b"\x80\x05\x95cos\nsystem\n", "not text in utf-8"),
        (b"PK\x03\x04" + b"\0" * 60, "zero bytes"),
        (b"only one column\n1\n2\n", "two columns"),
    ],
)
def test_a_bad_table_is_one_message(content: bytes, part: str) -> None:
    app = open_page("train")
    own(app, "bad.csv", content)
    assert len(app.error) == 1
    assert part in app.error[0].value.replace("\\", "")
    assert desk_of(app).graph.nodes["data"]["component"] == "data_mnist_5k"


def test_a_node_that_waits_for_a_file_says_so() -> None:
    app = open_page("train")
    desk = desk_of(app)
    desk.graph.nodes["data"].update(component="data_csv", params={})
    desk.record("data")
    app.session_state["train_show"] = "data"
    run(app)
    assert "upload" in app.info[0].value


def test_downloads_are_offered_not_begun() -> None:
    app = open_page("train")
    desk = desk_of(app)
    desk.graph.nodes["data"].update(component="data_mnist", params={})
    desk.record("data")
    app.session_state["train_show"] = "data"
    run(app)
    assert app.button(key="data_fetch")


def test_downloads_that_lie_here_are_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mnist, "present", lambda self: True)  # as after a restart
    monkeypatch.setattr(data_look, "look", lambda component, params: PREVIEW)
    app = open_page("train", data_only("data_mnist"))
    app.session_state["train_show"] = "data"
    run(app)
    assert "12,345" in said(app)
    assert not [button for button in app.button if button.key == "data_fetch"]


def test_chinese_throughout() -> None:
    app = open_page("train")
    app.session_state["ui_language"] = "zh"
    run(app)
    assert app.button(key="start").label == "开始训练"
    assert "61.7 K 个参数" in said(app)


def test_a_download_shows_its_progress_and_what_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Mnist, progress: Progress | None = None) -> None:
        assert progress is not None
        progress(1_000_000, 4_000_000)
        progress(3_000_000, 0)  # a server that does not say how much there is
        raise DataUnavailableError("It could not be downloaded.", "无法下载。")

    monkeypatch.setattr(Mnist, "prepare", refuse)
    app = open_page("train", data_only("data_mnist"))
    app.session_state["train_show"] = "data"
    run(app)
    app.button(key="data_fetch").click()
    run(app)
    assert "could not be downloaded" in app.error[0].value

    fetched: list[str] = []
    monkeypatch.setattr(Mnist, "prepare", lambda self, progress=None: fetched.append("now"))
    monkeypatch.setattr(Mnist, "present", lambda self: bool(fetched))
    monkeypatch.setattr(data_look, "look", lambda component, params: PREVIEW)
    run(app)
    app.button(key="data_fetch").click()
    run(app)
    assert fetched == ["now"]
    assert "12,345" in said(app)
    run(app)
    assert fetched == ["now"]
    assert "12,345" in said(app)


PREVIEW = {
    "modality": "tensor", "sizes": {"train": 12345, "valid": 1, "test": 1}, "ports": {}, "ranges": {}, "balance": None,
    "samples": [],
}  # fmt: skip


def data_only(component: str) -> Graph:
    graph = Graph()
    graph.place("data", component, position=(0, 0))
    return graph


def test_a_graph_without_data_says_so() -> None:
    graph = Graph()
    graph.place("fc", "linear", position=(0, 0))
    app = open_page("train", graph)
    assert "no data" in said(app)
    assert app.button(key="start").disabled


HERE = [
    entry.id
    for entry in registry.all_components().values()
    if entry.kind == "dataset" and entry.id != "data_input" and not {"download", "upload"} & set(entry.tags)
]


@pytest.mark.parametrize("component", HERE)
def test_every_data_set_is_shown(component: str) -> None:
    app = open_page("train", data_only(component))
    app.session_state["train_show"] = "data"
    run(app)
    assert not app.error, app.error[0].value
    assert "data-sizes" in said(app)


def test_an_input_without_data_says_what_to_do() -> None:
    app = open_page("train", data_only("data_input"))
    app.session_state["train_show"] = "data"
    run(app)
    assert "put a data set in its place" in app.error[0].value


# ------------------------------------------------------------------ what holds where the graph says nothing


def test_the_pages_say_the_batch_size_that_training_takes() -> None:
    assert DEFAULT_BATCH == DEFAULT_BATCH_SIZE


def test_a_graph_without_an_optimizer_fits_but_is_not_trained() -> None:
    app = open_page("train", data_only("data_iris"))
    assert app.button(key="start").disabled
    assert "add a loss and an optimizer" in said(app)

"""Taking a model away: the file is checked before it is offered, kept while the model stays the same, and errors are words."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import load
from builder.train import Run
from builder.ui import export_panel
from builder.ui import workspace as workspaces
from builder.ui.jobs import Jobs, Result
from tests.ui.pages import run, said
from tests.ui.runs import fake_run


class FakeJobs(Jobs):
    """Commands that a test ends: ``finish`` writes the file and gives the result."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.results: dict[str, Result] = {}

    def start(self, key: str, arguments: list[str]) -> None:  # type: ignore[override]
        self.started.append(arguments)
        self.results[key] = Result({}, "")
        self.key, self.ended = key, False

    def running(self, key: str) -> bool:
        return key in self.results and not self.ended

    def take(self, key: str) -> Result | None:
        return self.results.pop(key) if key in self.results and self.ended else None

    def finish(self, content: bytes = b"", error: str = "", **answer: object) -> None:
        if content:
            Path(self.started[-1][-1]).write_bytes(content)
        self.results[self.key] = Result(dict(answer), error, f"{error}（中文）" if error else "")
        self.ended = True


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> FakeJobs:
    made = FakeJobs()
    monkeypatch.setattr(export_panel, "jobs", lambda: made)
    return made


def panel() -> AppTest:
    """The inside of the dialog for a gallery graph."""
    script = """
from builder.graph import load
from builder.ui import export_panel, workspace
export_panel._panel(*export_panel._place(load(workspace.GALLERY / "mlp.json")))
"""
    return run(AppTest.from_string(script, default_timeout=60))


def test_python_is_written_checked_shown_and_offered(jobs: FakeJobs) -> None:
    app = panel()
    assert "Writing, and checking" in said(app)
    (command,) = jobs.started
    assert command[0] == "export"
    assert command[2:4] == ["--format", "python"]
    assert not app.get("download_button")
    run(app)
    assert len(jobs.started) == 1
    jobs.finish(b"import torch\n", max_difference=0.0)
    run(app)
    assert "identical to the model in the app; maximal difference 0" in said(app)
    assert app.code[0].value == "import torch"
    (button,) = app.get("download_button")
    assert "model.py" in button.proto.label
    again = panel()  # a new page: nothing is written again
    assert len(jobs.started) == 1
    assert again.get("download_button")


def test_differences_and_random_models_are_said(jobs: FakeJobs) -> None:
    app = panel()
    app.button_group(key="export_format").set_value("onnx")
    run(app)
    jobs.finish(b"onnx", max_difference=1.9e-06)
    run(app)
    assert "maximal difference 1.9e-06" in said(app)
    app.button_group(key="export_format").set_value("pt2")
    run(app)
    jobs.finish(b"pt2", max_difference=None)
    run(app)
    assert "random numbers" in said(app)


def test_a_failure_is_words_and_can_be_tried_again(jobs: FakeJobs) -> None:
    app = panel()
    jobs.finish(error="The model <b>cannot</b> be written so.")
    run(app)
    assert "cannot" in app.error[0].value
    assert not app.get("download_button")
    app.session_state["ui_language"] = "zh"
    run(app)
    assert "中文" in app.error[0].value
    app.session_state["ui_language"] = "en"
    run(app)
    app.button(key="export_again").click()
    run(app)
    assert len(jobs.started) == 2
    jobs.finish(b"x = 1\n", max_difference=0.0)
    run(app)
    assert app.get("download_button")


def test_what_is_kept_belongs_to_the_weights(workspace: Path) -> None:
    made = fake_run("a")
    best = made.file("checkpoints/best.safetensors")
    best.write_bytes(b"one")
    first, argument = export_panel._place(made)
    assert argument == made.path
    assert export_panel._place(Run(made.path))[0] == first
    time.sleep(0.01)
    best.write_bytes(b"two")
    assert export_panel._place(made)[0] != first


def test_what_is_kept_belongs_to_the_graph_and_its_seed(workspace: Path) -> None:
    graph = load(workspaces.GALLERY / "mlp.json")
    first, file = export_panel._place(graph)
    assert load(file).meta["title"] == graph.meta["title"]
    graph.training["seed"] = 5
    second, _ = export_panel._place(graph)
    graph.nodes["optimizer"]["params"]["lr"] = 0.7
    third, _ = export_panel._place(graph)
    assert len({first, second, third}) == 3
    assert all(folder.is_relative_to(workspace / "cache" / "exports") for folder in (first, second, third))


def test_a_damaged_note_is_written_again(jobs: FakeJobs) -> None:
    panel()
    jobs.finish(b"x = 1\n", max_difference=0.0)
    app = panel()
    assert app.get("download_button")
    note = Path(jobs.started[-1][-1]).with_name("python.json")
    note.write_text(json.dumps(["odd"]))
    panel()
    assert len(jobs.started) == 2


def test_a_format_of_two_files_comes_as_a_zip(tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"graph")
    assert export_panel._download(out) == ("model.onnx", b"graph")
    (tmp_path / "model.onnx.data").write_bytes(b"weights")
    name, content = export_panel._download(out)
    assert name == "model.onnx.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == {
            "model.onnx": b"graph",
            "model.onnx.data": b"weights",
        }

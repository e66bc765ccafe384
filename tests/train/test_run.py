"""The run folder: what readers see, also where files are half written or the worker has died."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.graph import to_document
from builder.train import Best, Run, Status, TrainError, runs
from builder.train.lock import locked
from tests.train.graphs import classifier


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", classifier(epochs=4), {"seed": 7})


def test_a_new_run_holds_its_graph_and_options(run: Run) -> None:
    assert to_document(run.graph()) == to_document(classifier(epochs=4))
    assert run.info()["seed"] == 7
    assert run.info()["created"] > 1e9
    assert run.name == "run"


def test_a_folder_takes_one_run(run: Run) -> None:
    with pytest.raises(TrainError, match="already holds a run") as caught:
        Run.create(run.path, classifier(), {})
    assert "已有" in caught.value.message_zh


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="Cannot make the run folder"):
        Run(tmp_path / "file" / "run").lock()


def test_status_is_read_back(run: Run) -> None:
    written = Status("finished", epoch=3, epochs=4, step=30, steps_per_epoch=10, best=Best(2, 0.5, "accuracy"))
    run.write_status(written)
    assert run.status() == written
    assert run.status().progress == 0.75
    assert not run.status().alive


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "fin', '{"best": {"nonsense": 1}}'])
def test_a_damaged_status_is_unknown(run: Run, content: str) -> None:
    run.file("status.json").write_text(content)
    assert run.status().state == "unknown"


def test_a_status_of_a_later_version_is_read(run: Run) -> None:
    run.file("status.json").write_text('{"state": "finished", "invented_later": 1}')
    assert run.status().state == "finished"


def test_an_empty_folder_is_no_run(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert not run.exists
    assert run.status().state == "unknown"
    assert (run.info(), run.events(), run.requested(), run.log(), run.checkpoint()) == ({}, [], None, "", None)
    assert runs(tmp_path / "missing") == []


def test_history_leaves_out_a_line_that_is_still_written(run: Run) -> None:
    events = [{"event": "step", "step": 5}, {"event": "epoch", "epoch": 1, "step": 10}]
    text = "".join(json.dumps(event) + "\n" for event in events)
    run.file("metrics.jsonl").write_text(text + '{"event": "epoch", "epo')
    history = run.history()
    assert history.steps == events[:1]
    assert history.epochs == events[1:]
    run.file("metrics.jsonl").write_bytes(text.encode() + '{"a": "训'.encode()[:-1])
    assert len(run.events()) == 2


def test_requests_are_heard(run: Run) -> None:
    for word in ("pause", "resume", "stop"):
        run.request(word)
        assert run.requested() == word
    run.file("control.json").write_text('{"request"')
    assert run.requested() is None
    run.clear_request()
    run.clear_request()
    assert run.requested() is None


def test_the_lock_shows_who_lives(run: Run) -> None:
    run.write_status(Status("running"))
    handle = run.lock()
    assert run.status().state == "running"
    with pytest.raises(TrainError, match="trained by another process"):
        run.lock()
    os.close(handle)
    assert run.status().state == "crashed"


def test_a_killed_worker_is_recognised(run: Run) -> None:
    run.write_status(Status("running", pid=1))
    code = f"from builder.train import Run; Run({str(run.path)!r}).lock(); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"held\n"
        assert run.status().state == "running"
        worker.kill()
        worker.wait()
    status = run.status()
    assert status.state == "crashed"
    assert not status.alive
    assert status.error is not None
    assert "killed" in status.error["message"]
    assert "检查点" in status.error["message_zh"]


def test_states_that_are_an_end_need_no_worker(run: Run) -> None:
    for state in ("stopped", "finished", "failed"):
        run.write_status(Status(state))
        assert run.status().state == state


def test_no_lock_file_means_no_worker(tmp_path: Path) -> None:
    assert not locked(tmp_path / "lock")


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").write_text("")
    for name in ("b", "a"):
        Run.create(tmp_path / name, classifier(), {})
    assert [run.name for run in runs(tmp_path)] == ["a", "b"]


def test_the_end_of_the_log(run: Run) -> None:
    for i in range(100):
        run.add_to_log(f"line {i}\n")
    assert run.log(2) == "line 98\nline 99"


def test_reading_runs_imports_no_torch() -> None:
    code = "import sys, builder.train; builder.train.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0

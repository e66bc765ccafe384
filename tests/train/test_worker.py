"""Trainings in a process of their own, through the run folder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.graph import Graph, GraphError
from builder.train import Run, Status, TrainError, checkpoint, evaluate, kill, resume, runs, start, train
from tests.train.graphs import Node, assert_equal, classifier, weights

LAYERS: dict[str, Node] = {
    "flat": ("op_flatten", {}),
    "fc1": ("linear", {"out_features": 256}),
    "drop": ("drop_dropout", {}),
    "fc2": ("linear", {"out_features": 10}),
}


def long_run(**training: Any) -> Graph:
    """Minutes of training, if nobody stops it."""
    return classifier("data_digits", LAYERS, ("opt_adam", {}), batch_size=32, **{"epochs": 3000, **training})


@pytest.fixture
def workers() -> Iterator[list[Run]]:
    """Whatever is started here is ended behind the test."""
    started: list[Run] = []
    yield started
    for run in started:
        kill(run)


def wait(run: Run, until: Callable[[Status], Any], seconds: float = 120) -> Status:
    deadline = time.monotonic() + seconds
    while not until(status := run.status()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{status}\n{run.log()}")
        if status.state in ("failed", "crashed") and not until(status):
            raise AssertionError(f"{status}\n{run.log()}")
        time.sleep(0.05)
    return status


def test_start_pause_go_on_stop_resume(tmp_path: Path, workers: list[Run]) -> None:
    graph = long_run()
    run = start(graph, tmp_path / "run", seed=3)
    workers.append(run)
    assert run.status().state in ("starting", "running")
    assert run.info()["seed"] == 3
    status = wait(run, lambda s: s.state == "running" and s.epoch >= 2)
    assert status.eta is not None
    assert status.eta > 0
    assert 0 < status.progress < 1
    assert status.pid != os.getpid()
    with pytest.raises(TrainError, match="another process"):
        resume(run)
    with pytest.raises(TrainError, match="another process"):
        train(graph, run.path, resume=True)

    run.request("pause")
    paused = wait(run, lambda s: s.state == "paused")
    time.sleep(0.5)
    assert run.status().step == paused.step
    assert run.status().seconds == pytest.approx(paused.seconds, abs=0.05)
    run.request("resume")
    wait(run, lambda s: s.state == "running" and s.step > paused.step)
    run.request("stop")
    stopped = wait(run, lambda s: s.state == "stopped")
    assert stopped.step > paused.step
    assert run.history().epochs
    assert run.history().epochs[-1]["epoch"] == stopped.epoch

    resume(run, epochs=stopped.epoch + 2)
    finished = wait(run, lambda s: s.state == "finished")
    assert finished.epoch == stopped.epoch + 2
    assert [e["epoch"] for e in run.history().epochs] == list(range(1, finished.epoch + 1))
    assert evaluate(run)["metrics"]["accuracy"] > 0.8
    # The same without any interruption, in this process.
    train(graph, tmp_path / "whole", seed=3, epochs=finished.epoch)
    assert_equal(weights(run), weights(Run(tmp_path / "whole")))


def test_a_killed_worker_is_recognised_and_its_run_goes_on(tmp_path: Path, workers: list[Run]) -> None:
    run = start(long_run(), tmp_path / "run")
    workers.append(run)
    wait(run, lambda s: s.epoch >= 1 and run.checkpoint("last") is not None)
    kill(run)
    status = wait(run, lambda s: s.state == "crashed")
    assert status.error is not None
    assert "checkpoint" in status.error["message"]
    kill(run)  # nobody is there
    resume(run)
    status = wait(run, lambda s: s.state == "running" and s.epoch >= 1)
    assert status.error is None
    os.kill(status.pid, signal.SIGTERM)  # as when the machine shuts down: with a checkpoint
    stopped = wait(run, lambda s: s.state == "stopped")
    assert stopped.step >= status.step
    assert stopped.error is None
    _, state = checkpoint.load(run.file("checkpoints/last.safetensors"))
    assert state["step"] == stopped.step


def test_a_worker_reports_its_failure(tmp_path: Path, workers: list[Run]) -> None:
    run = start(classifier(layers={"fc": ("linear", {"in_features": 7})}), tmp_path / "run")
    workers.append(run)
    status = wait(run, lambda s: s.state == "failed" and not s.alive)
    assert status.error is not None
    assert status.error["node"] == "fc"
    assert "in_features" in run.log()


def test_what_cannot_start_is_said_at_once(tmp_path: Path) -> None:
    train(classifier(epochs=1), tmp_path / "run")
    with pytest.raises(TrainError, match="already holds a run"):
        start(classifier(), tmp_path / "run")
    with pytest.raises(GraphError, match="no node"):
        start(classifier(), tmp_path / "other", overrides=["nothing.lr=1"])
    with pytest.raises(TrainError, match="no run"):
        resume(tmp_path / "other")
    assert [run.name for run in runs(tmp_path)] == ["run"]

"""What a run tells: few events however long it is, JSON without NaN, TensorBoard files, and no event twice."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from builder.train import Run, event_line, journal, train
from builder.train.journal import Journal
from tests.train.graphs import classifier


class Clock:
    """A performance counter that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(journal.time, "perf_counter", clock)
    return clock


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", classifier(), {})


def event(step: int, **more: Any) -> dict[str, Any]:
    return {"epoch": step / 10, "step": step, "train": {"loss": 1.0}, **more}


def test_step_events_come_ever_more_rarely(run: Run, clock: Clock) -> None:
    written = Journal(run)
    for step in range(1, 40_000):  # a day, in steps of about two seconds
        clock.now += 2.16
        if written.due(clock()):
            written.step(event(step))
    written.close()
    steps = run.history().steps
    assert 2000 < len(steps) < 6000
    gaps = [b["step"] - a["step"] for a, b in itertools.pairwise(steps)]
    assert gaps == sorted(gaps)


def test_a_million_fast_epochs_leave_a_small_file(run: Run, clock: Clock) -> None:
    written = Journal(run)
    for epoch in range(1, 100_001):
        clock.now += 0.001
        written.epoch({**event(epoch), "epoch": epoch}, last=epoch == 100_000)
    written.close()
    epochs = run.history().epochs
    assert 2000 < len(epochs) < 2200
    assert [e["epoch"] for e in epochs[:2000]] == list(range(1, 2001))
    assert epochs[-1]["epoch"] == 100_000


def test_events_are_written_soon(run: Run, clock: Clock) -> None:
    written = Journal(run)
    written.step(event(1))
    clock.now += 1
    written.step(event(2))
    assert [e["step"] for e in run.history().steps] == [1, 2]
    written.close()


def test_what_is_not_finite_becomes_null(run: Run) -> None:
    written = Journal(run)
    written.epoch(event(1, valid={"r2": float("nan"), "mse": float("inf"), "mae": 2.0}))
    written.close()
    text = run.file("metrics.jsonl").read_text()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["valid"] == {
        "r2": None,
        "mse": None,
        "mae": 2.0,
    }


def test_a_run_that_goes_on_forgets_what_it_makes_again(run: Run) -> None:
    written = Journal(run)
    for step in (1, 2, 3):
        written.step(event(step))
    written.close()
    with run.file("metrics.jsonl").open("a") as file:
        file.write('{"event": "step", "st')
    again = Journal(run, step=2)
    again.step(event(5))
    again.close()
    assert [e["step"] for e in run.history().steps] == [1, 2, 5]


def test_every_event_is_reported(run: Run) -> None:
    told: list[dict[str, Any]] = []
    written = Journal(run, told.append)
    written.step(event(1))
    written.epoch(event(10))
    written.close()
    assert [e["event"] for e in told] == ["step", "epoch"]


def test_tensorboard_reads_the_run(tmp_path: Path) -> None:
    train(classifier(epochs=3), tmp_path / "run")
    train(classifier(epochs=3), tmp_path / "run", resume=True, epochs=5)
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    tags = board.Tags()["scalars"]
    assert {"train/loss", "valid/loss", "valid/accuracy", "rate/optimizer", "gradient_norm/optimizer"} <= set(tags)
    accuracy = board.Scalars("valid/accuracy")
    assert [e.step for e in accuracy] == [6, 12, 18, 24, 30]
    history = Run(tmp_path / "run").history()
    assert [e.value for e in accuracy] == pytest.approx([e["valid"]["accuracy"] for e in history.epochs])


def test_an_event_as_a_line() -> None:
    line = event_line({**event(10), "valid": {"accuracy": None, "loss": 0.123456}, "best": True})
    assert line == "epoch 1        train: loss 1  valid: accuracy nan  loss 0.1235  (best)"

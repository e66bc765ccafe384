"""The runs of a workspace: finding, naming, renaming, deleting and bringing back. No worker runs here."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from builder.graph import load
from builder.train import Run, TrainError
from builder.train.plan import describe, plan
from builder.train.run import Best, Status
from builder.ui import run_store, times
from builder.ui import workspace as workspaces
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def test_runs_are_listed_newest_first_with_what_they_reached() -> None:
    fake_run("old", created=1000.0, values=[0.2, 0.4])
    fake_run("new", created=2000.0, values=[0.5, 0.9, 0.8], seed=7)
    new, old = run_store.every()
    assert (new.name, old.name) == ("new", "old")
    assert new.seed == 7
    assert new.status.best == Best(2, 0.9, "accuracy")
    assert [e["valid"]["accuracy"] for e in run_store.history(new.run).epochs] == [0.5, 0.9, 0.8]


def test_folders_that_are_no_runs_are_left_out() -> None:
    fake_run("good")
    fake_run("a name with spaces")
    (run_store.folder() / "empty").mkdir()
    assert [s.name for s in run_store.every()] == ["good"]


@pytest.mark.parametrize("name", ["../outside", "/etc", "", None, ".hidden", "a/b", "x" * 200, "nothing-here"])
def test_a_strange_name_finds_nothing(name: str | None) -> None:
    fake_run("good")
    outside = Run(run_store.folder().parent / "outside")
    Run.create(outside.path, load(workspaces.GALLERY / "mlp.json"), {})
    assert run_store.find(name) is None
    assert run_store.find("good") is not None


def test_history_is_read_again_when_the_file_grows() -> None:
    run = fake_run("r", values=[0.5])
    assert len(run_store.history(run).epochs) == 1
    kept = run_store.history(run)
    assert run_store.history(run) is kept
    with run.file("metrics.jsonl").open("a") as file:
        file.write('{"event":"epoch","epoch":2,"step":20,"train":{},"valid":{"accuracy":0.6}}\n{"event":"ep')
    assert [e["epoch"] for e in run_store.history(run).epochs] == [1, 2]


def test_the_runs_of_a_graph_are_told_by_what_it_computes() -> None:
    graph = load(workspaces.GALLERY / "mlp.json")
    fake_run("same", graph=graph)
    fake_run("other", graph=load(workspaces.GALLERY / "logistic_regression.json"))
    graph.meta["title"] = "Renamed"
    graph.training["epochs"] = 99
    assert [s.name for s in run_store.of_graph(graph)] == ["same"]
    graph.nodes["optimizer"]["params"]["lr"] = 0.123
    assert run_store.of_graph(graph) == []


def test_a_label_replaces_the_title_and_an_empty_one_gives_it_back() -> None:
    run = fake_run("r")
    assert run_store.summary(run).title("en") == "Multi-layer perceptron on digits"
    assert run_store.summary(run).title("zh") != run_store.summary(run).title("en")
    run_store.rename(run, "  my   best\nrun " + "x" * 200)
    assert run_store.summary(run).title("zh").startswith("my best run x")
    assert len(run_store.summary(run).title("en")) == run_store.MAX_LABEL
    run_store.rename(run, "   ")
    assert run_store.summary(run).title("en") == "Multi-layer perceptron on digits"


def test_a_deleted_run_comes_back_whole() -> None:
    run = fake_run("r", values=[0.5, 0.6])
    before = sorted(p.name for p in run.path.rglob("*"))
    run_store.delete(run)
    assert run_store.every() == []
    back = run_store.bring_back("r")
    assert back is not None
    assert sorted(p.name for p in back.path.rglob("*")) == before
    assert [s.name for s in run_store.every()] == ["r"]
    assert run_store.bring_back("r") is None
    assert run_store.bring_back("../r") is None


def test_a_run_that_is_being_trained_is_not_deleted() -> None:
    run = fake_run("r", status=Status("running"))
    lock = run.lock()
    try:
        with pytest.raises(TrainError, match="stop it"):
            run_store.delete(run)
    finally:
        os.close(lock)
    assert run.exists
    run_store.delete(run)  # its worker has gone
    assert not run.exists


def test_only_the_latest_deleted_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_store, "KEPT_DELETED", 2)
    for name in ("a", "b", "c"):
        run_store.delete(fake_run(name))
        time.sleep(0.02)
    assert run_store.bring_back("a") is None
    assert run_store.bring_back("b") is not None
    assert run_store.bring_back("c") is not None


def test_new_runs_get_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []

    def start(graph: object, path: Path) -> Run:
        started.append(path)
        path.mkdir(parents=True)
        return Run(path)

    monkeypatch.setattr(run_store, "start", start)
    graph = load(workspaces.GALLERY / "lenet5.json")
    graph.meta["title"] = "../LeNet <b>5</b> 数字"
    for _ in range(3):
        run_store.begin(graph)
    assert len(set(started)) == 3
    assert all(path.parent == run_store.folder() and run_store.NAME.fullmatch(path.name) for path in started)
    assert started[0].name.startswith("lenet-b-5-b-")


def test_early_stopping_is_seen() -> None:
    early = fake_run("early", status=Status("finished", epoch=4, epochs=10, ended_by="stopping"))
    in_the_last_epoch = fake_run("last", status=Status("finished", epoch=10, epochs=10, ended_by="stopping"))
    whole = fake_run("whole", status=Status("finished", epoch=10, epochs=10))
    stopped = fake_run("stopped", status=Status("stopped", epoch=4, epochs=10))
    assert [run_store.summary(r).ended_early for r in (early, in_the_last_epoch)] == [True, True]
    assert [run_store.summary(r).ended_early for r in (whole, stopped)] == [False, False]


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.84, "0.8 s", "0.8 秒"),
        (9.97, "10 s", "10 秒"),
        (59.6, "1 min 00 s", "1 分 00 秒"),
        (200, "3 min 20 s", "3 分 20 秒"),
        (3900, "1 h 05 min", "1 小时 05 分"),
        (183600, "2 d 3 h", "2 天 3 小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert times.duration(seconds, "en") == english
    assert times.duration(seconds, "zh") == chinese


def test_moments() -> None:
    now = time.mktime((2026, 3, 14, 15, 0, 0, 0, 0, -1))
    assert times.moment(now - 3600, "en", now) == "today 14:00"
    assert times.moment(now - 3600, "zh", now) == "今天 14:00"
    assert times.moment(now - 86400 * 2, "en", now) == "03-12 15:00"
    assert times.moment(now - 86400 * 400, "en", now).startswith("2025-")
    assert times.moment(0, "en", now) == ""


def test_what_a_run_says_comes_from_the_command_line_too() -> None:
    graph = load(workspaces.GALLERY / "mlp.json")
    path = run_store.folder() / "cli"
    planned = plan(graph, 3, 5, ["optimizer.lr=0.5"])
    Run.create(path, planned, describe(planned, graph, {"overrides": ["optimizer.lr=0.5"]}))
    (found,) = run_store.every()
    assert found.seed == 5
    assert found.info["overrides"] == ["optimizer.lr=0.5"]
    assert [s.name for s in run_store.of_graph(graph)] == ["cli"]

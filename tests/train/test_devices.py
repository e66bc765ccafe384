"""Several processes and other precisions do what one process in full precision does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from builder.graph import Graph, save
from builder.train import Run, evaluate, train
from builder.train.loop import Trainer
from tests.train.graphs import Node, assert_equal, classifier, weights

ROOT = Path(__file__).resolve().parents[2]
LAYERS: dict[str, Node] = {
    "flat": ("op_flatten", {}),
    "fc1": ("linear", {"out_features": 16}),
    "relu": ("act_relu", {}),
    "fc2": ("linear", {"out_features": 10}),
}


def digits(**training: Any) -> Graph:
    optimizer: Node = ("opt_momentum", {"lr": 0.1}, {"clip_norm": 1.0})
    return classifier("data_digits", LAYERS, optimizer, batch_size=200, **training)


def test_the_reading_processes_of_a_data_set_change_nothing(tmp_path: Path) -> None:
    graph = digits(epochs=2)
    train(graph, tmp_path / "alone")
    train(graph, tmp_path / "helped", overrides=["data.settings.workers=1"])
    assert_equal(weights(Run(tmp_path / "alone")), weights(Run(tmp_path / "helped")))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16-mixed", torch.float32), ("64-true", torch.float64)])
def test_other_precisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str, dtype: torch.dtype) -> None:
    graph = digits(epochs=2)
    whole = train(graph, tmp_path / "whole", precision=precision)
    plain = train(graph, tmp_path / "plain")
    assert whole["train"]["loss"] == pytest.approx(plain["train"]["loss"], rel=0.02)
    assert whole["train"]["loss"] != plain["train"]["loss"]
    found = weights(Run(tmp_path / "whole"))
    assert found["fc1.weight"].dtype == dtype
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_look", lambda self: self.step != 3)
        assert train(graph, tmp_path / "parts", precision=precision)["state"] == "stopped"
    train(graph, tmp_path / "parts", precision=precision, resume=True)
    assert_equal(found, weights(Run(tmp_path / "parts")))
    assert evaluate(tmp_path / "whole", "valid")["losses"]["loss"] == pytest.approx(whole["valid"]["loss"], rel=0.02)


def command(graph: Path, out: Path, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "builder", "train", str(graph), "--out", str(out), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("state: finished") == 1


@pytest.mark.slow
def test_two_devices_train_as_one(tmp_path: Path) -> None:
    save(digits(epochs=2), tmp_path / "graph.json")
    one = train(tmp_path / "graph.json", tmp_path / "one")
    command(tmp_path / "graph.json", tmp_path / "two", "--devices", "2")
    run = Run(tmp_path / "two")
    assert run.status().state == "finished"
    assert run.status().step == one["steps"]
    alone, shared = weights(Run(tmp_path / "one")), weights(run)
    for name, tensor in alone.items():
        torch.testing.assert_close(shared[name], tensor, rtol=1e-4, atol=1e-5)
    last = run.history().epochs[-1]
    assert last["train"]["loss"] == pytest.approx(one["train"]["loss"], rel=1e-4)
    assert last["valid"] == pytest.approx(one["valid"], rel=1e-4)
    assert len(run.history().epochs) == 2
    command(tmp_path / "graph.json", tmp_path / "two", "--devices", "2", "--resume", "--epochs", "3")
    more = train(tmp_path / "graph.json", tmp_path / "one", resume=True, epochs=3)
    assert run.history().epochs[-1]["valid"] == pytest.approx(more["valid"], rel=1e-3)

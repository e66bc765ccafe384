"""A real run, looked into."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from builder.inspect import Inspector, compute
from builder.train import train
from builder.train.run import Run
from tests.train.graphs import build


def test_a_runs_accuracy_is_that_of_its_confusion_matrix(tmp_path: Path) -> None:
    nodes = {
        "data": ("data_iris", {}, {"batch_size": 16}),
        "standardize": ("dnorm_standardize", {}),
        "fc": ("linear", {"out_features": 3}),
        "loss": ("loss_cross_entropy", {}),
        "accuracy": ("metric_accuracy", {}),
        "optimizer": ("opt_sgd", {"lr": 0.2}),
    }
    wires = [
        "data.x standardize.x", "standardize.y fc.x", "fc.y loss.logits", "data.y loss.target",
        "fc.y accuracy.logits", "data.y accuracy.target", "loss.loss optimizer.loss",
    ]  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        result = train(build(nodes, wires), tmp_path / "run", epochs=3, seed=0)
    inspector = Inspector(Run(tmp_path / "run"), "last")
    _, confusion = compute(inspector, "confusion", split="valid")
    assert confusion.accuracy == pytest.approx(result["valid"]["accuracy"])
    _, mistakes = compute(inspector, "mistakes", split="valid")
    assert mistakes.evaluation.loss.mean() == pytest.approx(result["valid"]["loss"], rel=1e-4)
    mean = inspector.root.get_submodule("standardize").get_buffer("mean")
    torch.testing.assert_close(mean, inspector.batch("train", range(inspector.size("train")))["data", "x"].mean(0))

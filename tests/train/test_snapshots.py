"""The weights of some epochs are kept, evenly spread."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from builder.train import Run, checkpoint, snapshots, train
from builder.train.snapshots import Snapshots
from tests.train.graphs import assert_equal, classifier, weights


def test_a_run_keeps_its_first_weights_and_those_of_its_epochs(tmp_path: Path) -> None:
    train(classifier(), tmp_path / "run")
    run = Run(tmp_path / "run")
    assert list(run.snapshots()) == [0, 1, 2, 3]
    assert_equal(checkpoint.load(run.snapshots()[3])[0], weights(run))
    first, state = checkpoint.load(run.snapshots()[0])
    assert state == {"epoch": 0} and not torch.equal(first["fc.weight"], weights(run)["fc.weight"])


@pytest.mark.parametrize(("epochs", "every"), [(15, 1), (16, 2), (40, 4), (1000, 64)])
def test_few_are_kept_however_long_a_run_is(tmp_path: Path, epochs: int, every: int) -> None:
    run = Run(tmp_path)
    keeper = Snapshots(run, nn.Linear(2, 1))
    for epoch in range(epochs + 1):
        keeper.take(epoch)
    assert list(run.snapshots()) == list(range(0, epochs + 1, every))
    assert Snapshots(run, nn.Linear(2, 1)).every == every  # a run that goes on


def test_a_model_too_large_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "ROOM", 40)
    keeper = Snapshots(Run(tmp_path), nn.Linear(3, 1))  # 16 bytes: two would fit
    keeper.take(0)
    assert not Run(tmp_path).snapshots()


def test_what_is_no_snapshot_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("epoch-x", "epoch-", "epoch-7", "best", ".epoch-3"):
        (tmp_path / "checkpoints" / f"{name}.safetensors").touch()
    assert list(Run(tmp_path).snapshots()) == [7]

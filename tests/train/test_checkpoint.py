"""Checkpoints: what is written comes back, and a run that goes on equals one that was never interrupted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from builder.graph import Edge, Graph
from builder.train import Run, TrainError, checkpoint, train
from builder.train.loop import Trainer
from tests.train.graphs import Node, assert_equal, classifier, weights

NOISY: dict[str, Node] = {
    "noise": ("aug_gaussian_noise", {}),
    "flip": ("aug_random_flip", {}),
    "flat": ("op_flatten", {}),
    "fc1": ("linear", {"out_features": 16}),
    "norm": ("norm_batch", {}),
    "relu": ("act_relu", {}),
    "drop": ("drop_dropout", {"p": 0.3}),
    "fc2": ("linear", {"out_features": 10}),
}
OPTIMIZERS: dict[str, Node] = {
    "momentum": ("opt_momentum", {"lr": 0.05}),
    "adam": ("opt_adam", {"lr": 0.01}),
    "rmsprop": ("opt_rmsprop", {"lr": 0.001}),
    "adagrad": ("opt_adagrad", {"lr": 0.01}),
}


def noisy(optimizer: str = "adam", **training: Any) -> Graph:
    """A digits classifier with every kind of state: augmentation, dropout, batch statistics, schedule, stopping."""
    graph = classifier("data_digits", NOISY, OPTIMIZERS[optimizer], batch_size=200, **{"epochs": 3, **training})
    graph.place("cosine", "sched_cosine")
    graph.place("stop", "reg_early_stopping", {"patience": 20})
    graph.wire(Edge("cosine", "schedule", "optimizer", "schedule"))
    graph.wire(Edge("accuracy", "value", "stop", "metric"))
    return graph


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The next training is asked to stop when it has done this step."""

    def look(self: Trainer) -> bool:
        return self.step != step

    monkeypatch.setattr(Trainer, "_look", look)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 9, 14])
def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, step: int
) -> None:
    graph = noisy(optimizer)
    whole = train(graph, tmp_path / "whole")
    assert whole["steps"] == 21  # 7 steps an epoch: 9 is within the second, 14 at its end
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        stopped = train(graph, tmp_path / "parts")
    assert (stopped["state"], stopped["steps"]) == ("stopped", step)
    random.random(), np.random.rand(), torch.rand(3)
    resumed = train(graph, tmp_path / "parts", resume=True)
    for figure in ("state", "epochs", "steps", "best", "train", "valid"):
        assert resumed[figure] == whole[figure]
    for which in ("last", "best"):
        assert_equal(*(weights(Run(tmp_path / name), which) for name in ("whole", "parts")))
    (own, own_state), (other, other_state) = (
        checkpoint.load(tmp_path / name / "checkpoints" / "last.safetensors") for name in ("whole", "parts")
    )
    assert_equal(own, other)
    assert {**own_state, "seconds": 0} == {**other_state, "seconds": 0}
    histories = [
        [
            {k: e[k] for k in ("epoch", "step", "train", "valid", "best", "rate")}
            for e in Run(tmp_path / n).history().epochs
        ]
        for n in ("whole", "parts")
    ]
    assert histories[0] == histories[1]


def test_a_run_that_died_goes_on_from_its_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = noisy()
    train(graph, tmp_path / "whole")

    class Died(BaseException):
        pass

    def look(self: Trainer) -> bool:
        if self.step == 17:  # the last checkpoint was written behind the first epoch
            raise Died
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_look", look)
        with pytest.raises(Died):
            train(graph, tmp_path / "parts")
    run = Run(tmp_path / "parts")
    assert run.status().state == "crashed"
    assert [e["epoch"] for e in run.history().epochs] == [1, 2]
    train(graph, tmp_path / "parts", resume=True)
    assert [e["epoch"] for e in run.history().epochs] == [1, 2, 3]
    assert_equal(weights(Run(tmp_path / "whole")), weights(run))


def test_a_run_that_died_before_its_first_checkpoint_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = noisy()
    train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        train(graph, tmp_path / "parts")
    run = Run(tmp_path / "parts")
    run.file("checkpoints/last.safetensors").unlink()
    train(graph, tmp_path / "parts", resume=True)
    assert_equal(weights(Run(tmp_path / "whole")), weights(run))


def test_a_finished_run_goes_on_to_more_epochs(tmp_path: Path) -> None:
    graph = classifier(epochs=2)
    train(graph, tmp_path / "run")
    assert train(graph, tmp_path / "run", resume=True)["epochs"] == 2
    more = train(graph, tmp_path / "run", resume=True, epochs=4)
    train(graph, tmp_path / "whole", epochs=4)
    assert more["epochs"] == 4
    assert Run(tmp_path / "run").info()["epochs"] == 4
    assert_equal(weights(Run(tmp_path / "run")), weights(Run(tmp_path / "whole")))


def test_only_the_same_graph_goes_on(tmp_path: Path) -> None:
    graph = classifier(epochs=1)
    train(graph, tmp_path / "run", overrides=["optimizer.lr=0.2"])
    graph.nodes["fc"]["position"] = [3, 4]
    graph.meta["title"] = "Moved"
    assert train(graph, tmp_path / "run", resume=True)["state"] == "finished"
    graph.nodes["fc"]["params"]["bias"] = False
    with pytest.raises(TrainError, match="graph has changed"):
        train(graph, tmp_path / "run", resume=True)
    assert Run(tmp_path / "run").status().state == "finished"


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04\x95\x00\x00\x00\x00", b"\xff" * 200])
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    graph = classifier(epochs=1)
    train(graph, tmp_path / "run")
    run = Run(tmp_path / "run")
    run.file("checkpoints/last.safetensors").write_bytes(content)
    with pytest.raises(TrainError, match="cannot be read") as caught:
        train(graph, tmp_path / "run", resume=True, epochs=2)
    assert "检查点" in caught.value.message_zh
    assert run.status().state == "failed"


def test_weights_of_another_graph_do_not_fit(tmp_path: Path) -> None:
    train(classifier(epochs=1), tmp_path / "run")
    other = nn.Module()
    other.fc = nn.Linear(5, 3)
    with pytest.raises(TrainError, match="does not fit"):
        checkpoint.load_weights(other, weights(Run(tmp_path / "run")))


def test_shared_weights_are_written_once(tmp_path: Path) -> None:
    module = nn.Module()
    module.a = nn.Linear(3, 3)
    module.b = module.a
    module.view = nn.Parameter(torch.arange(6.0)[:3])
    found = checkpoint.weights_of(module)
    assert found.keys() == {"a.weight", "a.bias", "view"}
    checkpoint.save(tmp_path / "file", found, {})
    with torch.no_grad():
        module.a.weight.zero_()
        module.view.zero_()
    checkpoint.load_weights(module, checkpoint.load(tmp_path / "file")[0])
    assert module.b.weight.abs().sum() > 0
    assert module.view.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, 0.1),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.Adam(p, 0.1, (0.8, 0.9), amsgrad=True),
        lambda p: torch.optim.AdamW(p, 0.1),
        lambda p: torch.optim.NAdam(p, 0.1),
        lambda p: torch.optim.Adadelta(p, 0.1),
        lambda p: torch.optim.Rprop(p, 0.1),
    ],
)
def test_optimizer_state_comes_back(tmp_path: Path, make: Any) -> None:
    def problem() -> tuple[nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = nn.Linear(3, 2)
        return layer, make(layer.parameters())

    def steps(layer: nn.Linear, optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            layer(torch.ones(4, 3)).square().sum().backward()
            optimizer.step()

    layer, optimizer = problem()
    steps(layer, optimizer, 3)
    tensors, state = checkpoint.optimizer_state("opt", optimizer)
    checkpoint.save(tmp_path / "file", tensors, {"opt": state, "weights": layer.weight.tolist()})
    copy, again = problem()
    copy.load_state_dict(layer.state_dict())
    read, header = checkpoint.load(tmp_path / "file")
    checkpoint.load_optimizer_state("opt", again, read, header["opt"])
    assert again.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    steps(layer, optimizer, 5)
    steps(copy, again, 5)
    assert torch.equal(layer.weight, copy.weight)


def test_random_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    cpu = torch.device("cpu")

    def draw() -> list[float]:
        return [random.random(), random.gauss(), np.random.rand(), np.random.randn(), torch.rand(()).item()]

    before = checkpoint.random_state(cpu)
    try:
        draw()
        checkpoint.save(tmp_path / "file", checkpoint.random_state(cpu), {})
        first = draw()
        checkpoint.set_random_state(checkpoint.load(tmp_path / "file")[0], cpu)
        assert draw() == first
    finally:
        checkpoint.set_random_state(before, cpu)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "file", {"x": torch.ones(2)}, {"n": 1})
    with pytest.raises(TypeError):
        checkpoint.save(tmp_path / "file", {"x": torch.zeros(2)}, {"n": object()})
    assert checkpoint.load(tmp_path / "file")[0]["x"].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["file"]

"""Everything that a step can be made of goes on exactly where it was stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.graph import Edge, Graph
from builder.train import Run, checkpoint, train
from tests.train.graphs import assert_equal
from tests.train.test_checkpoint import stop_after
from tests.train.test_steps import adversarial, byol


def gathering() -> Graph:
    """A GAN whose critic gathers gradients of three batches and whose generator acts at every second step."""
    graph = adversarial(critic={"accumulate": 3, "clip_norm": 1.0}, generator={"every": 2, "epochs": [1, 2]}, epochs=3)
    graph.nodes["data"]["settings"]["subset"] = {"count": 28, "per_class": True}
    return graph


def together() -> Graph:
    return adversarial(updates="simultaneous", epochs=3)


def penalised() -> Graph:
    graph = adversarial("gan_wgan", critic={"order": 1}, generator={"order": 2, "every": 4}, epochs=3)
    graph.place("penalty", "gan_wgan_gp", {"critic": {"node": "real"}})
    for source, target in (("data.x", "penalty.x_real"), ("gen.y", "penalty.x_fake"), ("penalty.loss", "opt_d.loss")):
        graph.wire(Edge(*source.split("."), *target.split(".")))
    return graph


def averaged() -> Graph:
    """BYOL with updates of two batches each, and a sampler."""
    graph = byol()
    graph.nodes["opt"]["settings"]["accumulate"] = 2
    sampler = {"component": "sampler_m_per_class", "params": {"per_class": 4}}
    graph.nodes["data"]["settings"] |= {"batch_size": 12, "sampler": sampler}
    return graph


def regularized() -> Graph:
    """Weights that pay, under a norm whose vectors go on with each look at them."""
    graph = adversarial(critic={"accumulate": 3, "regularize": [{"component": "reg_weissi"}]}, epochs=3)
    graph.nodes["real"]["settings"] = {
        "parametrize": [{"component": "norm_spectral"}], "regularize": [{"component": "reg_elastic_net"}]
    }  # fmt: skip
    return graph


@pytest.mark.parametrize("make", [gathering, together, penalised, averaged, regularized])
@pytest.mark.parametrize("step", [1, 8, 10])
def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Graph], step: int
) -> None:
    graph = make()
    whole = train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        assert train(graph, tmp_path / "parts")["steps"] == step
    resumed = train(graph, tmp_path / "parts", resume=True)
    assert [resumed[k] for k in ("steps", "best", "train", "valid")] == [
        whole[k] for k in ("steps", "best", "train", "valid")
    ]
    files = [checkpoint.load(tmp_path / name / "checkpoints" / "last.safetensors") for name in ("whole", "parts")]
    assert_equal(files[0][0], files[1][0])
    assert {**files[0][1], "seconds": 0} == {**files[1][1], "seconds": 0}


def test_gathered_gradients_are_in_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(monkeypatch, 5)
    train(gathering(), tmp_path / "run")
    tensors, state = checkpoint.load(tmp_path / "run" / "checkpoints" / "last.safetensors")
    assert state["optimizers"]["opt_d"]["held"] == {"samples": 32, "batches": 2}
    assert sum(name.startswith("gradient/opt_d/") for name in tensors) == 4
    assert not any(name.startswith("gradient/opt_g/") for name in tensors)


def test_an_optimizer_outside_its_window_is_not_logged(tmp_path: Path) -> None:
    train(gathering(), tmp_path / "run")
    epochs = Run(tmp_path / "run").history().epochs
    assert [sorted(event["train"]) for event in epochs] == [["gan.loss_d", "gan.loss_g"]] * 2 + [["gan.loss_d"]]
    assert all(event["valid"].keys() == {"gan.loss_d", "gan.loss_g"} for event in epochs)

"""Training without a backward pass: what the loop does for optimizers that look at the loss several times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from builder.export import ExportError, export
from builder.graph import Graph
from builder.train import Run, TrainError, checkpoint, train
from tests.train.graphs import Node, assert_equal, classifier
from tests.train.test_checkpoint import stop_after
from tests.train.test_steps import Engine, adversarial

NET: dict[str, Node] = {
    "fc1": ("linear", {"out_features": 8}),
    "norm": ("norm_batch", {}),
    "act": ("act_tanh", {}),
    "drop": ("drop_dropout", {"p": 0.2}),
    "fc2": ("linear", {"out_features": 3}),
}


def drawn(shapes: list[torch.Size], draw: int) -> list[Tensor]:
    """The directions of a draw of seed 0."""
    generator = torch.Generator().manual_seed(draw)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@pytest.mark.parametrize("component, tolerance", [("opt_forward_gradient", 1e-5), ("opt_zeroth_order", 5e-3)])
def test_a_step_is_the_slope_along_a_direction_by_hand(component: str, tolerance: float) -> None:
    engine = Engine(classifier(optimizer=(component, {"lr": 0.02}), metric=False))
    weights = engine.run(5)
    weight, bias = engine.start["fc.weight"].clone(), engine.start["fc.bias"].clone()

    def step(batch: Any, number: int, *_: Any) -> None:
        parts = [weight.requires_grad_(), bias.requires_grad_()]
        loss = F.cross_entropy(F.linear(batch.values["data", "x"], weight, bias), batch.values["data", "y"])
        gradients = torch.autograd.grad(loss, parts)
        directions = drawn([part.shape for part in parts], number)
        slope = sum((g * v).sum() for g, v in zip(gradients, directions, strict=True))
        with torch.no_grad():
            for part, v in zip(parts, directions, strict=True):
                part -= 0.02 * slope * v

    engine.by_hand(step, 5)
    torch.testing.assert_close(weights["fc.weight"], weight.detach(), atol=tolerance, rtol=0)
    torch.testing.assert_close(weights["fc.bias"], bias.detach(), atol=tolerance, rtol=0)


def test_looks_leave_no_trace_in_running_statistics() -> None:
    engine = Engine(classifier(layers=NET, optimizer=("opt_zeroth_order", {"samples": 3, "lr": 1e-9})))
    reference = Engine(classifier(layers=NET, optimizer=("opt_sgd", {"lr": 1e-9})))
    found, expected = engine.run(4), reference.run(4)
    assert found["norm.num_batches_tracked"] == 4
    torch.testing.assert_close(found["norm.running_mean"], expected["norm.running_mean"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        ("opt_forward_gradient", {"samples": 2}, {"accumulate": 2, "clip_norm": 1.0}),
        ("opt_zeroth_order", {"method": "descent", "samples": 3}),
    ],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: Node
) -> None:
    graph = classifier(layers=NET, optimizer=optimizer, epochs=2)
    train(graph, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        train(graph, tmp_path / "parts")
    train(graph, tmp_path / "parts", resume=True)
    files = [checkpoint.load(tmp_path / name / "checkpoints" / "last.safetensors") for name in ("whole", "parts")]
    assert_equal(files[0][0], files[1][0])


@pytest.mark.parametrize(
    "optimizer",
    [
        ("opt_forward_gradient", {"lr": 0.05, "samples": 4}),
        ("opt_zeroth_order", {"lr": 0.05, "samples": 4}),
        ("opt_zeroth_order", {"lr": 1.0, "samples": 6, "method": "descent"}),
    ],
)
def test_the_loss_falls(tmp_path: Path, optimizer: Node) -> None:
    first = train(classifier(optimizer=optimizer, epochs=1), tmp_path / "short")["train"]["loss"]
    last = train(classifier(optimizer=optimizer, epochs=12), tmp_path / "long")["train"]["loss"]
    assert last < 0.8 * first


def moved(graph: Graph) -> dict[str, Tensor]:
    """By how much a step moves the weights of the generator."""
    engine = Engine(graph)
    weights = engine.run(1)
    return {name: weights[name] - engine.start[name] for name in weights if name.startswith("gen.")}


@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_beside_an_optimizer_with_a_backward_pass_it_sees_through_its_own_weights(updates: str) -> None:
    graph = adversarial(updates=updates)
    graph.nodes["opt_g"].update(component="opt_forward_gradient", params={"lr": 1.0})
    found = moved(graph)
    graph.nodes["opt_g"]["component"] = "opt_sgd"
    gradient = {name: -step for name, step in moved(graph).items()}
    directions = drawn([step.shape for step in found.values()], 1)
    slope = sum((g * v).sum() for g, v in zip(gradient.values(), directions, strict=True))
    assert abs(slope) > 1e-4
    # The looks draw noise of their own, so the slope differs, but the way is along the direction.
    flat, way = (torch.cat([part.flatten() for part in parts]) for parts in (found.values(), directions))
    assert abs(F.cosine_similarity(flat, way, dim=0)) > 0.9999


def test_a_layer_without_forward_mode_is_named(tmp_path: Path) -> None:
    layers: dict[str, Node] = {
        "axis": ("op_reshape", {"shape": [1, 4]}),
        "cell": ("rnn_lstm", {"hidden_size": 5}),
        "last": ("op_select", {"dim": 1, "index": 0}),
        "fc": ("linear", {"out_features": 3}),
    }
    with pytest.raises(TrainError, match="forward AD") as caught:
        train(classifier(layers=layers, optimizer=("opt_forward_gradient", {})), tmp_path / "run")
    assert caught.value.node == "cell"


def test_a_training_script_is_refused_at_the_optimizer(tmp_path: Path) -> None:
    train(classifier(optimizer=("opt_zeroth_order", {}), epochs=1), tmp_path / "run")
    with pytest.raises(ExportError, match="'optimizer' computes the loss several times a step") as caught:
        export(Run(tmp_path / "run").path, "project", tmp_path / "out")
    assert caught.value.node == "optimizer"

"""Small graphs to train, and runs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from builder.graph import Edge, Graph
from builder.train import checkpoint
from builder.train.run import Run

Node = tuple[str, Mapping[str, Any]] | tuple[str, Mapping[str, Any], Mapping[str, Any]]


def build(nodes: Mapping[str, Node], wires: Sequence[str], **training: Any) -> Graph:
    """A graph of ``id: (component, params, settings)`` and ``"a.y b.x"`` wires."""
    graph = Graph()
    for id, (component, params, *settings) in nodes.items():
        graph.place(id, component, params, settings[0] if settings else {})
    for wire in wires:
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    graph.training.update(training)
    return graph


def classifier(
    data: str = "data_iris",
    layers: Mapping[str, Node] | None = None,
    optimizer: Node = ("opt_sgd", {"lr": 0.1}),
    batch_size: int = 16,
    metric: bool = True,
    **training: Any,
) -> Graph:
    """A chain of layers from ``data.x`` to cross entropy (``loss``), accuracy and one ``optimizer``."""
    layers = layers or {"fc": ("linear", {"out_features": 3})}
    nodes: dict[str, Node] = {"data": (data, {}, {"batch_size": batch_size}), **layers}
    chain = ["data.x", *(f"{id}.y" for id in layers)]
    wires = [f"{source} {id}.x" for source, id in zip(chain, layers)]
    nodes["loss"] = ("loss_cross_entropy", {})
    wires += [f"{chain[-1]} loss.logits", "data.y loss.target"]
    if metric:
        nodes["accuracy"] = ("metric_accuracy", {})
        wires += [f"{chain[-1]} accuracy.logits", "data.y accuracy.target"]
    nodes["optimizer"] = optimizer
    wires.append("loss.loss optimizer.loss")
    return build(nodes, wires, **{"epochs": 3, "seed": 0, **training})


def weights(run: Run | str, which: str = "last") -> dict[str, Tensor]:
    """The weights of a run's checkpoint."""
    run = run if isinstance(run, Run) else Run(run)
    tensors, _ = checkpoint.load(run.file(f"checkpoints/{which}.safetensors"))
    return {name: tensor for name, tensor in tensors.items() if "/" not in name}


def assert_equal(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> None:
    """Both hold the same tensors, bit for bit."""
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name

"""How good features are: measured by what little is learned on top of them, a linear classifier or the nearest neighbour."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

import components
from builder.compiler import Compiled
from builder.graph import load
from builder.train import checkpoint
from builder.train.run import Run

Labelled = tuple[Tensor, Tensor]


def model(graph: Path, run: Path | None = None) -> Compiled:
    """The graph with the best weights of a run, or as it is before any training; in evaluation mode."""
    compiled = Compiled(load(graph))
    if run is not None:
        best = Run(run).checkpoint("best")
        assert best is not None
        checkpoint.load_weights(compiled.root, checkpoint.load(best)[0])
    compiled.root.eval()
    return compiled


@functools.cache
def digits() -> dict[str, Labelled]:
    """Images and labels of the splits of MNIST-5k."""
    data = components.create("data_mnist_5k")
    found = {}
    for name in ("train", "test"):
        split = data.load(name)
        batch = split.__getitems__(range(len(split)))
        found[name] = batch["x"], batch["y"]
    return found


@torch.no_grad()
def of(compiled: Compiled, node: str) -> dict[str, Labelled]:
    """The values (N, D) that a node gives for the clean images of the splits, with their labels."""
    program = compiled.program([(node, "y")])
    return {name: (program(x)[0], y) for name, (x, y) in digits().items()}


def pixels() -> dict[str, Labelled]:
    """The images themselves as features."""
    return {name: (x.flatten(1), y) for name, (x, y) in digits().items()}


def linear_probe(features: dict[str, Labelled], labels: int | None = None) -> float:
    """Test accuracy of a linear classifier trained on the features; ``labels`` limits how many labels it sees."""
    (x, y), (test_x, test_y) = features["train"], features["test"]
    chosen = np.arange(len(x))
    if labels is not None:
        chosen = np.random.default_rng(0).permutation(chosen)[:labels]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifier.fit(x.numpy()[chosen], y.numpy()[chosen])
    return float(classifier.score(test_x.numpy(), test_y.numpy()))


def nearest_neighbour(features: dict[str, Labelled]) -> float:
    """Test accuracy of the label of the nearest training sample."""
    (x, y), (test_x, test_y) = features["train"], features["test"]
    return float(KNeighborsClassifier(1).fit(x.numpy(), y.numpy()).score(test_x.numpy(), test_y.numpy()))


def recall(features: dict[str, Labelled]) -> float:
    """The share of test samples whose nearest other test sample is of the same class."""
    x, y = features["test"]
    distance = torch.cdist(x, x).fill_diagonal_(torch.inf)
    return float((y[distance.argmin(1)] == y).float().mean())

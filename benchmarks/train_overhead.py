"""What the training engine costs beside a hand-written PyTorch loop: same model, data and work, paired in one process.

    python benchmarks/train_overhead.py [--pairs 200] [--threads 1] [--cpu]

Both loops train on batches of the same size, look at every loss for NaN, and measure loss and accuracy of the
validation split after each epoch. The engine also logs, and writes status and checkpoints. The two take turns, epoch by
epoch: the hand-written one runs where the engine reports its epoch. Printed is the median of the ratios of these pairs,
which must be at most 1.05. On a machine that does other work, --cpu counts the processor's time in place of the clock's.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builder.graph import Graph, loads
from builder.train import train
from components import create

LIMIT = 1.05
BATCH_SIZE = 64
EVALUATION_SIZE = 1024
Layers = tuple[tuple[str, str, str], ...]


def lenet5() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


LENET5 = (
    ("conv1", "conv_standard", '{"out_channels": 6, "kernel_size": 5, "padding": 2}'),
    ("tanh1", "act_tanh", "{}"),
    ("pool1", "pool_avg", "{}"),
    ("conv2", "conv_standard", '{"out_channels": 16, "kernel_size": 5}'),
    ("tanh2", "act_tanh", "{}"),
    ("pool2", "pool_avg", "{}"),
    ("flatten", "op_flatten", "{}"),
    ("fc1", "linear", '{"out_features": 120}'),
    ("tanh3", "act_tanh", "{}"),
    ("fc2", "linear", '{"out_features": 84}'),
    ("tanh4", "act_tanh", "{}"),
    ("fc3", "linear", '{"out_features": 10}'),
)
MLP = (
    ("flatten", "op_flatten", "{}"),
    ("fc1", "linear", '{"out_features": 128}'),
    ("relu1", "act_relu", "{}"),
    ("fc2", "linear", '{"out_features": 64}'),
    ("relu2", "act_relu", "{}"),
    ("fc3", "linear", '{"out_features": 10}'),
)


def classifier(data: str, layers: Layers) -> Graph:
    """A chain of layers with cross entropy, accuracy and Adam."""
    nodes = [f'{{"id": "data", "component": "{data}", "settings": {{"batch_size": {BATCH_SIZE}}}}}']
    nodes += [f'{{"id": "{id}", "component": "{component}", "params": {params}}}' for id, component, params in layers]
    nodes += [
        '{"id": "loss", "component": "loss_cross_entropy"}',
        '{"id": "accuracy", "component": "metric_accuracy"}',
        '{"id": "adam", "component": "opt_adam"}',
    ]
    chain = ["data.x", *(f"{id}.y" for id, *_ in layers)]
    wires = [(source, f"{id}.x") for source, (id, *_) in zip(chain, layers)]
    for head in ("loss", "accuracy"):
        wires += [(chain[-1], f"{head}.logits"), ("data.y", f"{head}.target")]
    wires.append(("loss.loss", "adam.loss"))
    edges = [f'{{"from": "{a}", "to": "{b}"}}' for a, b in wires]
    return loads(
        f'{{"format": "layerloom-graph", "version": 1, "nodes": [{", ".join(nodes)}], "edges": [{", ".join(edges)}]}}'
    )


def by_hand(model: nn.Module, train_set: dict[str, Tensor], valid: dict[str, Tensor]) -> Iterator[None]:
    """The loop that a person writes; it stops behind each epoch."""
    optimizer = torch.optim.Adam(model.parameters())
    x, y = train_set["x"], train_set["y"]
    generator = torch.Generator().manual_seed(0)
    while True:
        model.train()
        total = 0.0
        for indices in torch.randperm(len(x), generator=generator).split(BATCH_SIZE):
            loss = F.cross_entropy(model(x[indices]), y[indices])
            value = loss.item()
            if not math.isfinite(value):
                raise ValueError("The loss is not finite.")
            total += value * len(indices)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        valid_loss, right = 0.0, 0
        with torch.no_grad():
            for inputs, targets in zip(valid["x"].split(EVALUATION_SIZE), valid["y"].split(EVALUATION_SIZE)):
                logits = model(inputs)
                valid_loss += F.cross_entropy(logits, targets).item() * len(inputs)
                right += int((logits.argmax(1) == targets).sum())
        yield


def measure(name: str, data: str, layers: Layers, model: nn.Module, pairs: int, clock: Callable[[], float]) -> float:
    dataset = create(data)
    splits = [dataset.load(s).__getitems__(torch.arange(len(dataset.load(s)))) for s in ("train", "valid")]
    hand = by_hand(model, *splits)
    moments: list[tuple[float, float]] = []  # the engine's epoch has ended, the hand-written one has ended

    def turn(event: dict[str, Any]) -> None:
        if event["event"] == "epoch":
            ended = clock()
            next(hand)
            moments.append((ended, clock()))

    with tempfile.TemporaryDirectory() as folder:
        train(classifier(data, layers), Path(folder) / "run", epochs=pairs + 3, report=turn)
    moments = moments[2:]  # both have warmed up
    engine = [ended - before for (_, before), (ended, _) in itertools.pairwise(moments)]
    by_person = [after - ended for ended, after in moments[1:]]
    ratio = statistics.median(a / b for a, b in zip(engine, by_person))
    print(
        f"{name}: {ratio:.3f} times the hand-written loop (median of {len(engine)} pairs; all epochs together "
        f"{sum(engine) / sum(by_person):.3f}; the fastest tenth of each {fastest(engine) / fastest(by_person):.3f}; "
        f"an epoch by hand {1000 * statistics.median(by_person):.1f} ms)"
    )
    return ratio


def fastest(times: list[float]) -> float:
    """The mean of the fastest tenth: what is left of them on a machine that does other work."""
    return statistics.fmean(sorted(times)[: max(1, len(times) // 10)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.cpu else time.perf_counter
    worst = max(
        measure("MLP on digits", "data_digits", MLP, mlp(), arguments.pairs, clock),
        measure("LeNet-5 on MNIST-5k", "data_mnist_5k", LENET5, lenet5(), max(arguments.pairs // 8, 5), clock),
    )
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

"""What the training engine costs beside a hand-written PyTorch loop: same model, data and work, paired in one process.

    python benchmarks/train_overhead.py [--pairs 200] [--threads 1] [--cpu]

Two classifiers, a GAN (two optimizers) and BYOL (a twin that is a moving average). Both loops train on batches of the
same size, look at every loss for NaN, and measure losses (and accuracy) of the validation split after each epoch. The
engine also logs, and writes status and checkpoints. The two take turns, epoch by epoch: the hand-written one runs where
the engine reports its epoch. Printed is the median of the ratios of these pairs, which must be at most 1.05. On a
machine that does other work, --cpu counts the processor's time in place of the clock's.
"""

from __future__ import annotations

import argparse
import copy
import functools
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

from builder.graph import Edge, Graph, loads
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


Split = dict[str, Tensor]
Hand = Callable[[Split, Split], Iterator[None]]


def checked(loss: Tensor) -> float:
    """The value of a loss, where it is finite."""
    value = loss.item()
    if not math.isfinite(value):
        raise ValueError("The loss is not finite.")
    return value


def classifier_by_hand(model: nn.Module, train_set: Split, valid: Split) -> Iterator[None]:
    """The loop that a person writes; it stops behind each epoch."""
    optimizer = torch.optim.Adam(model.parameters())
    x, y = train_set["x"], train_set["y"]
    generator = torch.Generator().manual_seed(0)
    while True:
        model.train()
        total = 0.0
        for indices in torch.randperm(len(x), generator=generator).split(BATCH_SIZE):
            loss = F.cross_entropy(model(x[indices]), y[indices])
            total += checked(loss) * len(indices)
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


# ------------------------------------------------------------------ a GAN


GENERATOR, DISCRIMINATOR, LATENT = (128, 128, 64), (128, 128, 1), 32


def chain(graph: Graph, name: str, *sizes: int) -> None:
    """A block of linear layers with ReLU between them."""
    body = graph.blocks[name] = Graph()
    body.place("x", "port_in")
    last = "x"
    for number, size in enumerate(sizes, 1):
        steps = [(f"relu{number}", "act_relu", {})] if number > 1 else []
        for id, component, params in [*steps, (f"fc{number}", "linear", {"out_features": size})]:
            body.place(id, component, params)
            body.wire(Edge(last, "y", id, "x"))
            last = id
    body.place("y", "port_out")
    body.wire(Edge(last, "y", "y", "x"))


def wire(graph: Graph, *wires: str) -> None:
    for text in wires:
        source, target = text.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))


def gan() -> Graph:
    """A GAN of digits, with one step of each network on every batch."""
    graph = Graph()
    chain(graph, "generator", *GENERATOR)
    chain(graph, "discriminator", *DISCRIMINATOR)
    graph.place("data", "data_digits", {}, {"batch_size": BATCH_SIZE})
    graph.place("flat", "op_flatten")
    graph.place("noise", "noise_normal", {"size": LATENT})
    graph.place("gen", "block:generator")
    graph.place("real", "block:discriminator")
    graph.place("fake", "block:discriminator", {}, {"weights": {"from": "shared", "node": "real"}})
    graph.place("gan", "gan_nonsaturating")
    graph.place("opt_d", "opt_adam", {"lr": 2e-4}, {"parameters": ["real"], "order": 1})
    graph.place("opt_g", "opt_adam", {"lr": 2e-4}, {"parameters": ["gen"], "order": 2})
    wire(
        graph, "data.x flat.x", "data.x noise.x", "noise.z gen.x", "flat.y real.x", "gen.y fake.x", "real.y gan.d_real",
        "fake.y gan.d_fake", "gan.loss_d opt_d.loss", "gan.loss_g opt_g.loss",
    )  # fmt: skip
    return graph


def relu_mlp(*sizes: int) -> nn.Sequential:
    layers = [layer for pair in itertools.pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def gan_by_hand(train_set: Split, valid: Split) -> Iterator[None]:
    generator, discriminator = relu_mlp(LATENT, *GENERATOR), relu_mlp(64, *DISCRIMINATOR)
    opt_g = torch.optim.Adam(generator.parameters(), 2e-4)
    opt_d = torch.optim.Adam(discriminator.parameters(), 2e-4)
    order = torch.Generator().manual_seed(0)

    def loss_of_d(real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake)).mean()

    def loss_of_g(fake: Tensor) -> Tensor:
        return F.softplus(-discriminator(fake)).mean()

    while True:
        generator.train()
        discriminator.train()
        total_d = total_g = 0.0
        for indices in torch.randperm(len(train_set["x"]), generator=order).split(BATCH_SIZE):
            real = train_set["x"][indices].flatten(1)
            fake = generator(torch.randn(len(real), LATENT))
            loss = loss_of_d(real, fake.detach())
            total_d += checked(loss) * len(real)
            opt_d.zero_grad()
            loss.backward()
            opt_d.step()
            loss = loss_of_g(fake)
            total_g += checked(loss) * len(real)
            opt_g.zero_grad()
            loss.backward()
            opt_g.step()
        generator.eval()
        discriminator.eval()
        total_valid = [0.0, 0.0]
        with torch.no_grad():
            for x in valid["x"].split(EVALUATION_SIZE):
                real = x.flatten(1)
                fake = generator(torch.randn(len(real), LATENT))
                figures = loss_of_d(real, fake).item(), loss_of_g(fake).item()
                total_valid = [a + b * len(x) for a, b in zip(total_valid, figures)]
        yield


# ------------------------------------------------------------------ BYOL


ENCODER, HEAD, DECAY = (128, 64), (128, 64), 0.99


def byol() -> Graph:
    """BYOL on digits, with noise for its views, each compared with the other."""
    graph = Graph()
    chain(graph, "encoder", *ENCODER)
    chain(graph, "head", *HEAD)
    graph.place("data", "data_digits", {}, {"batch_size": BATCH_SIZE})
    graph.place("flat", "op_flatten")
    average = {"from": "average", "node": "online1", "decay": DECAY}
    for i in "12":
        other = {"1": "2", "2": "1"}[i]
        graph.place(f"view{i}", "aug_gaussian_noise", {"std": 0.2})
        shared = {} if i == "1" else {"weights": {"from": "shared", "node": "online1"}}
        graph.place(f"online{i}", "block:encoder", {}, shared)
        shared = {} if i == "1" else {"weights": {"from": "shared", "node": "predictor1"}}
        graph.place(f"predictor{i}", "block:head", {}, shared)
        shared = {"weights": average if i == "1" else {"from": "shared", "node": "target1"}}
        graph.place(f"target{i}", "block:encoder", {}, shared)
        graph.place(f"loss{i}", "ssl_byol")
        wire(graph, f"flat.y view{i}.x", f"view{i}.y online{i}.x", f"online{i}.y predictor{i}.x")
        wire(graph, f"view{i}.y target{i}.x", f"predictor{i}.y loss{i}.prediction")
        if other == "1":
            wire(graph, "target1.y loss2.target", "target2.y loss1.target")
    graph.place("opt", "opt_adam")
    wire(graph, "data.x flat.x", "loss1.loss opt.loss", "loss2.loss opt.loss")
    return graph


def byol_by_hand(train_set: Split, valid: Split) -> Iterator[None]:
    online, predictor = relu_mlp(64, *ENCODER), relu_mlp(ENCODER[-1], *HEAD)
    target = copy.deepcopy(online).requires_grad_(False)
    optimizer = torch.optim.Adam([*online.parameters(), *predictor.parameters()])
    order = torch.Generator().manual_seed(0)

    def losses(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
        pairs = ((one, two), (two, one))
        first, second = (2 - 2 * F.cosine_similarity(predictor(online(a)), target(b)).mean() for a, b in pairs)
        return first, second

    while True:
        online.train()
        total = [0.0, 0.0, 0.0]
        for indices in torch.randperm(len(train_set["x"]), generator=order).split(BATCH_SIZE):
            x = train_set["x"][indices].flatten(1)
            one, two = x + 0.2 * torch.randn_like(x), x + 0.2 * torch.randn_like(x)
            found = losses(one, two)
            loss = found[0] + found[1]
            for i, value in enumerate((checked(loss), found[0].item(), found[1].item())):
                total[i] += value * len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for slow, fast in zip(target.parameters(), online.parameters(), strict=True):
                    slow.lerp_(fast, 1 - DECAY)
        online.eval()
        total_valid = [0.0, 0.0, 0.0]
        with torch.no_grad():
            for x in valid["x"].split(EVALUATION_SIZE):
                one, two = losses(x.flatten(1), x.flatten(1))
                total_valid = [a + b.item() * len(x) for a, b in zip(total_valid, (one + two, one, two))]
        yield


# ------------------------------------------------------------------ side by side


def measure(name: str, data: str, graph: Graph, hand: Hand, pairs: int, clock: Callable[[], float]) -> float:
    dataset = create(data)
    splits = [dataset.load(s).__getitems__(torch.arange(len(dataset.load(s)))) for s in ("train", "valid")]
    loop = hand(splits[0], splits[1])
    moments: list[tuple[float, float]] = []  # the engine's epoch has ended, the hand-written one has ended

    def turn(event: dict[str, Any]) -> None:
        if event["event"] == "epoch":
            ended = clock()
            next(loop)
            moments.append((ended, clock()))

    with tempfile.TemporaryDirectory() as folder:
        train(graph, Path(folder) / "run", epochs=pairs + 3, report=turn)
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
    parser.add_argument("--only", default="", help="a part of the name of what to measure")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.cpu else time.perf_counter
    few = max(arguments.pairs // 8, 5)
    hand_mlp, hand_lenet = (functools.partial(classifier_by_hand, model) for model in (mlp(), lenet5()))
    cases: list[tuple[str, str, Graph, Hand, int]] = [
        ("MLP on digits", "data_digits", classifier("data_digits", MLP), hand_mlp, arguments.pairs),
        ("LeNet-5 on MNIST-5k", "data_mnist_5k", classifier("data_mnist_5k", LENET5), hand_lenet, few),
        ("GAN on digits", "data_digits", gan(), gan_by_hand, arguments.pairs),
        ("BYOL on digits", "data_digits", byol(), byol_by_hand, arguments.pairs),
    ]
    chosen = [case for case in cases if arguments.only.lower() in case[0].lower()]
    return int(max(measure(*case, clock) for case in chosen) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())

"""How good generated images are: measured by a small classifier of the same data, which no generator has seen.

A generator is judged by three numbers. The *Fréchet distance* compares the means and covariances of the classifier's
features on samples and on held-out images: 0 for equal ones. The *confidence* is the classifier's mean probability of
its own answer: low where images look like no class. The *coverage* is the entropy of its answers over the samples, as
a share of the largest possible: 1 where all classes come equally often, 0 where there is one class.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import components
from builder.compiler import Compiled
from builder.train import Run, checkpoint

FEATURES = 32
SAMPLES = 1000

Splits = Mapping[str, tuple[Tensor, Tensor]]


@functools.cache
def splits(dataset: str) -> Splits:
    """Images (N, 1, H, W) and labels (N,) of each split of a data set."""
    data = components.create(dataset)
    found = {}
    for name in ("train", "valid", "test"):
        split = data.load(name)
        batch = split.__getitems__(list(range(len(split))))
        found[name] = (batch["x"], batch["y"])
    return found


def held_out(dataset: str) -> tuple[Tensor, Tensor]:
    """Images and labels of the validation and the test split together."""
    (x, y), (more_x, more_y) = splits(dataset)["valid"], splits(dataset)["test"]
    return torch.cat((x, more_x)), torch.cat((y, more_y))


def trained(run: Path) -> Compiled:
    """The graph of a run with the weights of its last epoch: a generator has no best one."""
    compiled = Compiled(Run(run).graph())
    path = Run(run).checkpoint("last")
    if path is None:
        raise ValueError(f"The run {run} has no checkpoint.")
    checkpoint.load_weights(compiled.root, checkpoint.load(path)[0])
    compiled.root.eval()
    return compiled


@torch.no_grad()
def values(compiled: Compiled, ends: list[tuple[str, str]], images: Tensor, seed: int = 0) -> tuple[Tensor, ...]:
    """Values of the graph for these images, as the visualizers see them; the random numbers follow from the seed."""
    program = compiled.program(ends, phase="generate")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return program(images)


def samples(compiled: Compiled, dataset: str, view: str = "samples") -> Tensor:
    """Generated images in [0, 1], as a visualizer shows them; the data give nothing but their number."""
    (shown,) = values(compiled, [(view, "y")], splits(dataset)["train"][0][:SAMPLES])
    return shown


def normal_images(dataset: str) -> Tensor:
    """Images from the normal distribution with the mean and covariance of the training images: a simple baseline."""
    x = splits(dataset)["train"][0]
    flat = x.flatten(1)
    law = torch.distributions.MultivariateNormal(flat.mean(0), flat.T.cov() + 1e-4 * torch.eye(flat.shape[1]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return law.sample((SAMPLES,)).reshape(-1, *x.shape[1:]).clamp(0, 1)


def noise_images(dataset: str) -> Tensor:
    """Images of independent uniform pixels."""
    shape = splits(dataset)["train"][0].shape[1:]
    return torch.rand((SAMPLES, *shape), generator=torch.Generator().manual_seed(0))


@functools.cache
def judge(dataset: str) -> Judge:
    """The judge of a data set, trained on its training split; it is right for at least 96% of the held-out images."""
    found = Judge(*splits(dataset)["train"], epochs=40 if dataset == "data_digits" else 8)
    accuracy = found.accuracy(*held_out(dataset))
    if accuracy < 0.96:
        raise ValueError(f"The judge of {dataset} is right for {accuracy:.3f} of the held-out images: too few.")
    return found


@dataclass(frozen=True)
class Quality:
    """What the classifier says of a set of images."""

    frechet: float
    confidence: float
    coverage: float


class Judge(nn.Module):
    """A convolutional classifier of grey images with 32 features, trained on images and labels that it is given.

    Args:
        images: (N, 1, H, W) in [0, 1], with H and W divisible by 4.
        labels: (N,) integers from 0 to 9.
        epochs: over the images.
    """

    def __init__(self, images: Tensor, labels: Tensor, epochs: int = 30, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            size = images.shape[-1] // 4
            self.features = nn.Sequential(
                nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * size * size, FEATURES), nn.Tanh(),
            )  # fmt: skip
            self.classes = nn.Linear(FEATURES, 10)
            self._fit(images, labels, epochs)
        self.eval()

    def _fit(self, images: Tensor, labels: Tensor, epochs: int) -> None:
        steps = epochs * math.ceil(len(images) / 64)
        optimizer = torch.optim.Adam(self.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(epochs):
            for index in torch.randperm(len(images)).split(64):
                optimizer.zero_grad()
                F.cross_entropy(self(images[index]), labels[index]).backward()
                optimizer.step()
                schedule.step()

    def forward(self, images: Tensor) -> Tensor:
        return self.classes(self.features(images))

    @torch.no_grad()
    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        return (self(images).argmax(1) == labels).float().mean().item()

    @torch.no_grad()
    def quality(self, samples: Tensor, held_out: Tensor) -> Quality:
        """Judges images (N, 1, H, W) in [0, 1] against images of the data that nothing was trained on."""
        probabilities = self(samples).softmax(1)
        answers = probabilities.argmax(1).bincount(minlength=10) / len(samples)
        entropy = torch.special.entr(answers).sum().item() / math.log(10)
        distance = frechet_distance(self.features(samples), self.features(held_out))
        return Quality(distance, probabilities.amax(1).mean().item(), entropy)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The squared 2-Wasserstein distance of the normal distributions with the moments of two sets of features (N, D)."""
    a, b = a.double(), b.double()
    mean = (a.mean(0) - b.mean(0)).square().sum()
    first, second = a.T.cov(), b.T.cov()
    root = _square_root(first)
    return (mean + first.trace() + second.trace() - 2 * _square_root(root @ second @ root).trace()).item()


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T

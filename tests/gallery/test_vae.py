"""The variational autoencoder of the gallery: the bound on held-out digits, samples, and ways between codes.

Measured (seed 0): the negative evidence lower bound is 116.4 nats for an image of the test split, where independent pixels
need 206.1. The Fréchet distance of 1,000 samples to held-out images (see tests/gallery/_generators.py) is 1.45. It is 0.21 for
training images, 4.08 for a normal distribution of the same mean and covariance, and 33.3 for noise.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from builder.compiler import Compiled
from builder.train import Run, train
from tests.gallery import _generators as measure

GRAPH = Path(__file__).parents[2] / "graphs" / "vae.json"
DATA = "data_mnist_5k"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vae") / "run"
    train(GRAPH, folder)
    return folder


@pytest.fixture(scope="module")
def model(run: Path) -> Compiled:
    return measure.trained(run)


def test_bound_on_held_out_digits(model: Compiled) -> None:
    images = measure.splits(DATA)["test"][0]
    rec, kl = measure.values(model, [("rec", "loss"), ("kl", "loss")], images)
    pixels = measure.splits(DATA)["train"][0].mean(0).clamp(1e-3, 1 - 1e-3).expand_as(images)
    independent = F.binary_cross_entropy(pixels, images, reduction="sum") / len(images)
    assert rec + kl < 122
    assert rec + kl < 0.6 * independent
    assert kl > 10, "the code carries information"


def test_the_divergence_is_warmed_up(run: Path) -> None:
    """Its weight rises over ten epochs; while it is low, the code says more than at the end."""
    weighted = [event["train"]["kl"] for event in Run(run).events() if event["event"] == "epoch"]
    assert all(weighted[epoch] / ((epoch + 0.5) / 10) > 1.1 * weighted[-1] for epoch in range(5))
    assert weighted[0] < weighted[4] < weighted[9]


def test_samples_are_close_to_the_data(model: Compiled) -> None:
    judge, (held_out, _) = measure.judge(DATA), measure.held_out(DATA)
    ours = judge.quality(measure.samples(model, DATA), held_out)
    assert ours.frechet < 2
    assert ours.frechet < judge.quality(measure.normal_images(DATA), held_out).frechet / 2
    assert ours.frechet < judge.quality(measure.noise_images(DATA), held_out).frechet / 15
    assert ours.confidence > 0.68 and ours.coverage > 0.96


def test_ways_lead_from_sample_to_sample(model: Compiled) -> None:
    images = measure.splits(DATA)["valid"][0][:8]
    ways, shown = measure.values(model, [("interpolation", "y"), ("samples", "y")], images)
    ways = ways.unflatten(0, (8, 8))  # (ways, points, 1, 28, 28)
    torch.testing.assert_close(ways[:, 0], shown, atol=1e-4, rtol=0)
    torch.testing.assert_close(ways[:, -1], shown.roll(-1, 0), atol=1e-4, rtol=0)
    steps = (ways[:, 1:] - ways[:, :-1]).square().mean((2, 3, 4))
    jump = (ways[:, -1] - ways[:, 0]).square().mean((1, 2, 3))
    assert (steps.amax(1) < 0.6 * jump).all(), "no step of a way is the whole way"


def test_held_out_digits_come_back(model: Compiled) -> None:
    images = measure.splits(DATA)["test"][0]
    (logits,) = measure.values(model, [("decoder/image", "y")], images)
    mean_digit = measure.splits(DATA)["train"][0].mean(0).expand_as(images)
    assert F.mse_loss(logits.sigmoid(), images) < 0.35 * F.mse_loss(mean_digit, images)

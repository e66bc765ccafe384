"""The WGAN with gradient penalty of the gallery: a critic of slope 1, and samples close to the digits.

Measured (seed 0; see tests/gallery/_generators.py): the Fréchet distance of 1,000 samples to held-out images is 0.55. It is
0.06 for training images, 1.53 for a normal distribution of the same mean and covariance, and 8.58 for noise. The slope of the
critic between real and generated images is 0.98 on average.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from builder.compiler import Compiled
from builder.train import train
from tests.gallery import _generators as measure

GRAPH = Path(__file__).parents[2] / "graphs" / "wgan_gp.json"
DATA = "data_digits"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    run = tmp_path_factory.mktemp("wgan_gp") / "run"
    train(GRAPH, run)
    return measure.trained(run)


def critic(model: Compiled, x: torch.Tensor) -> torch.Tensor:
    """The scores (B, 1) of images from -1 to 1, by the layers of the block."""
    for name in ("conv1", "relu1", "conv2", "relu2"):
        layer = model.module(f"real/{name}")
        assert layer is not None
        x = layer(x)
    last = model.module("real/fc")
    assert last is not None
    return last(x.flatten(1))


def slopes(model: Compiled) -> torch.Tensor:
    """The norm of the critic's gradient halfway between held-out and generated images."""
    images = measure.splits(DATA)["test"][0]
    real, fake, score = measure.values(model, [("scale", "y"), ("generator/tanh", "y"), ("real/fc", "y")], images)
    torch.testing.assert_close(critic(model, real).detach(), score)
    point = ((real + fake) / 2).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(model, point).sum(), point)
    return gradient.flatten(1).norm(dim=1)


def test_the_critic_has_slope_one(model: Compiled) -> None:
    assert slopes(model).mean().item() == pytest.approx(1.0, abs=0.2)


def test_the_critic_still_tells_real_from_generated(model: Compiled) -> None:
    images = measure.splits(DATA)["test"][0]
    real, fake = measure.values(model, [("real/fc", "y"), ("fake/fc", "y")], images)
    assert real.mean() > fake.mean()


def test_samples_are_close_to_the_data(model: Compiled) -> None:
    judge, (held_out, _) = measure.judge(DATA), measure.held_out(DATA)
    ours = judge.quality(measure.samples(model, DATA), held_out)
    assert ours.frechet < 1.0
    assert ours.frechet < judge.quality(measure.normal_images(DATA), held_out).frechet / 1.5
    assert ours.frechet < judge.quality(measure.noise_images(DATA), held_out).frechet / 10
    assert ours.confidence > 0.75 and ours.coverage > 0.95

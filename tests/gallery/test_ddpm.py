"""The diffusion model of the gallery: DDIM samples that a classifier of the digits takes for digits.

Measured (seed 0; see tests/gallery/_generators.py): the Fréchet distance of 1,000 samples to held-out images is 0.22. It is
0.06 for training images, 1.53 for a normal distribution of the same mean and covariance, and 8.58 for noise.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from builder.compiler import Compiled
from builder.train import train
from tests.gallery import _generators as measure

GRAPH = Path(__file__).parents[2] / "graphs" / "ddpm.json"
DATA = "data_digits"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    run = tmp_path_factory.mktemp("ddpm") / "run"
    train(GRAPH, run)
    assert (run / "generated" / "samples" / "epoch-0100.safetensors").is_file()
    return measure.trained(run)


def test_samples_are_close_to_the_data(model: Compiled) -> None:
    judge, (held_out, _) = measure.judge(DATA), measure.held_out(DATA)
    ours = judge.quality(measure.samples(model, DATA), held_out)
    assert ours.frechet < 0.4
    assert ours.frechet < judge.quality(measure.normal_images(DATA), held_out).frechet / 3
    assert ours.frechet < judge.quality(measure.noise_images(DATA), held_out).frechet / 15
    assert ours.confidence > 0.85
    assert ours.coverage > 0.97


def test_samples_are_not_copies(model: Compiled) -> None:
    """The nearest training image is about as far from a sample as from a held-out image."""
    train_images, (held_out, _) = measure.splits(DATA)["train"][0].flatten(1), measure.held_out(DATA)
    nearest = [
        torch.cdist(images.flatten(1), train_images).amin(1).mean()
        for images in (measure.samples(model, DATA), held_out)
    ]
    assert nearest[0] > 0.8 * nearest[1]


def test_ddim_follows_the_noise_alone(model: Compiled) -> None:
    images = measure.splits(DATA)["train"][0][:4]
    first, again, other = (measure.values(model, [("ddim", "x0")], images, seed)[0] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.allclose(first, other)

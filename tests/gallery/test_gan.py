"""The GAN of the gallery: samples that a classifier of the digits takes for digits of all kinds.

Measured (seed 0; see tests/gallery/_generators.py): the Fréchet distance of 1,000 samples to held-out images is 2.46. It is
0.21 for training images, 4.08 for a normal distribution of the same mean and covariance, and 33.3 for noise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.compiler import Compiled
from builder.train import train
from tests.gallery import _generators as measure

GRAPH = Path(__file__).parents[2] / "graphs" / "gan.json"
DATA = "data_mnist_5k"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    run = tmp_path_factory.mktemp("gan") / "run"
    train(GRAPH, run)
    return measure.trained(run)


def test_samples_are_close_to_the_data(model: Compiled) -> None:
    judge, (held_out, _) = measure.judge(DATA), measure.held_out(DATA)
    ours = judge.quality(measure.samples(model, DATA), held_out)
    assert ours.frechet < 3.2
    assert ours.frechet < judge.quality(measure.normal_images(DATA), held_out).frechet / 1.25
    assert ours.frechet < judge.quality(measure.noise_images(DATA), held_out).frechet / 10
    assert ours.confidence > 0.68 and ours.coverage > 0.92

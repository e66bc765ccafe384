"""Dropout: what is dropped, how often, and that the mean stays."""

from __future__ import annotations

import pytest
import torch

from components import create

SHAPES = {1: (400, 50, 3), 2: (400, 50, 3, 2), 3: (400, 50, 3, 2, 2)}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_dropout_keeps_a_share_and_the_mean(p):
    x = torch.rand(400, 500) + 0.5
    y = create("drop_dropout", p=p)(x)
    kept = y != 0
    assert kept.float().mean().item() == pytest.approx(1 - p, abs=0.005)
    torch.testing.assert_close(y[kept], x[kept] / (1 - p))
    assert y.mean().item() == pytest.approx(x.mean().item(), abs=0.03)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_spatial_drops_whole_channels(dims, p):
    x = torch.rand(SHAPES[dims]) + 0.5
    y = create("drop_spatial", p=p, dims=dims)(x)
    kept = (y != 0).flatten(2)
    assert torch.equal(kept.all(2), kept.any(2)), "a channel is dropped in part"
    assert kept.any(2).float().mean().item() == pytest.approx(1 - p, abs=0.015)
    torch.testing.assert_close(y[y != 0], x[y != 0] / (1 - p))


@pytest.mark.parametrize("id, shape", [("drop_dropout", (3, 4)), ("drop_spatial", (3, 4, 5, 6))])
def test_evaluation_is_the_identity(id, shape):
    x = torch.randn(shape)
    assert torch.equal(create(id, p=0.7).eval()(x), x)

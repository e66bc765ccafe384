"""Structured and weighted dropouts: what is dropped, how often, and what evaluation does."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torchvision
from torch.nn import functional as F

from components import create
from components.errors import InputError


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("p", [0.0, 0.2, 0.6])
def test_gaussian_noise_has_the_variance_of_dropout(p):
    y = create("drop_gaussian", p=p)(torch.full((500, 500), 3.0)) / 3
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    assert y.var().item() == pytest.approx(p / (1 - p), rel=0.02, abs=1e-9)


BLOCK_SHAPES = {1: (300, 20, 12), 2: (100, 20, 12, 9), 3: (50, 8, 8, 7, 6)}


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_blocks_have_their_size(dims):
    size = 3
    y = create("drop_block", p=0.1, block_size=size, dims=dims)(torch.ones(BLOCK_SHAPES[dims]))
    dropped = y == 0
    # Each value that is dropped lies in some block of the full size that is dropped as a whole.
    windows = dropped
    for axis in range(2, 2 + dims):
        windows = windows.unfold(axis, size, 1)
    whole = windows.flatten(2 + dims).all(-1)
    covered = torch.zeros_like(dropped)
    for start in itertools.product(range(size), repeat=dims):
        part = (..., *(slice(s, s + n) for s, n in zip(start, whole.shape[2:], strict=True)))
        covered[part] |= whole
    assert torch.equal(covered, dropped) and dropped.any()
    assert y.mean().item() == pytest.approx(1, abs=1e-4), "the mean has to stay"
    assert len(y.unique()) == 2


def test_blocks_of_one_value_are_dropout():
    y = create("drop_block", p=0.3, block_size=1)(torch.ones(200, 10, 9, 7))
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)


def test_blocks_are_dropped_as_often_as_by_torchvision():
    x = torch.ones(400, 10, 14, 9)
    shares = [
        (layer.train()(x) == 0).float().mean().item()
        for layer in (create("drop_block", p=0.15, block_size=5), torchvision.ops.DropBlock2d(0.15, 5))
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.004)


def test_a_block_larger_than_the_map_drops_maps():
    y = create("drop_block", p=0.25, block_size=9)(torch.ones(3000, 1, 3, 3))
    kept = (y != 0).flatten(1)
    assert torch.equal(kept.all(1), kept.any(1))
    assert kept.all(1).float().mean().item() == pytest.approx(0.75, abs=0.03)


def test_standout_keeps_units_as_their_input_says():
    layer = create("drop_standout", in_features=4, out_features=6, alpha=1.5, beta=-0.3)
    x = torch.randn(1, 4).expand(20_000, 4)
    a = x[:1] @ layer.linear.weight.T + layer.linear.bias
    probability = 1 / (1 + torch.exp(-(1.5 * a - 0.3)))
    y = layer(x)
    active = (a > 0)[0]
    assert active.any() and not y[:, ~active].any()
    kept = y[:, active] != 0
    torch.testing.assert_close(kept.float().mean(0), probability[0, active], rtol=0, atol=0.012)
    torch.testing.assert_close(y[:, active][kept], a[:, active].expand_as(kept)[kept])
    torch.testing.assert_close(layer.eval()(x[:1]), probability * a.clamp(min=0))


def test_standout_without_influence_is_dropout_of_a_half():
    layer = create("drop_standout", in_features=4, out_features=6, alpha=0.0, beta=0.0)
    x = torch.randn(5, 4)
    torch.testing.assert_close(layer.eval()(x), layer.linear(x).relu() / 2)


@pytest.mark.parametrize("shape", [(40_000, 3), (40_000, 2, 3)])
def test_connect_is_linear_on_average(shape):
    layer = create("drop_connect", in_features=3, out_features=2, p=0.4)
    x = torch.randn(*shape[1:]).expand(shape)
    y, expected = layer(x), F.linear(x[0], layer.linear.weight, layer.linear.bias)
    torch.testing.assert_close(y.mean(0), expected, rtol=0, atol=0.03)
    # The variance of a sum of independent weights that are dropped or enlarged.
    spread = 0.4 / 0.6 * F.linear(x[0].square(), layer.linear.weight.square())
    torch.testing.assert_close(y.var(0), spread, rtol=0.05, atol=1e-3)
    torch.testing.assert_close(layer.eval()(x)[0], expected)


def test_connect_drops_single_weights_and_shares_them_within_a_sample():
    layer = create("drop_connect", in_features=3, out_features=2, p=0.5, bias=False)
    masked = layer(torch.eye(3).expand(200, 3, 3)) / layer.linear.weight.T  # (200, in, out): 0 or 2
    torch.testing.assert_close(masked, 2.0 * (masked > 1))
    patterns = (masked > 1).flatten(1).unique(dim=0)
    assert len(patterns) > 50, "six weights that are dropped alone have 64 patterns"


def test_connect_without_drops_is_linear():
    layer = create("drop_connect", in_features=3, out_features=2, p=0.0)
    x = torch.randn(5, 3)
    assert torch.equal(layer(x), layer.linear(x))


def test_weighted_channels_are_drawn_by_their_mean():
    means = torch.tensor([1.0, 2.0, 3.0, 6.0])
    x = means[:, None].expand(30_000, 4, 5)
    y = create("drop_weighted_channel", ratio=0.25)(x)
    kept = (y != 0).any(2)
    assert torch.equal(kept.sum(1), torch.ones(30_000, dtype=torch.int64))
    torch.testing.assert_close(kept.float().mean(0), means / 12, rtol=0, atol=0.01)
    torch.testing.assert_close(y.sum((1, 2)), x.sum((1, 2)))


def test_weighted_channels_are_drawn_one_after_the_other():
    means = torch.tensor([1.0, 2.0, 5.0])
    y = create("drop_weighted_channel", ratio=0.67)(means[:, None].expand(30_000, 3, 2))
    dropped = (y == 0).all(2).float().mean(0)
    total, expected = 8.0, []
    for last in range(3):  # the one that is left out after two draws without putting back
        first = [i for i in range(3) if i != last]
        expected.append(sum(means[a] / total * means[b] / (total - means[a]) for a, b in itertools.permutations(first)))
    torch.testing.assert_close(dropped, torch.stack(expected), rtol=0, atol=0.01)


def test_weighted_channels_may_be_dropped_all_the_same():
    x = torch.rand(3000, 10, 4) + 0.5
    y = create("drop_weighted_channel", ratio=1.0, p=0.3)(x)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("p", [0.3, 0.6])
def test_max_pool_takes_each_value_as_often_as_the_law_says(p):
    values = torch.tensor([4.0, 1.0, 3.0, 2.0])
    y = create("drop_max_pool", kernel_size=4, p=p, dims=1)(values.expand(60_000, 1, 4)).flatten()
    law = {float(i): (1 - p) * p ** (4 - i) for i in range(1, 5)} | {0.0: p**4}
    assert sum(law.values()) == pytest.approx(1)
    for value, probability in law.items():
        assert (y == value).float().mean().item() == pytest.approx(probability, abs=0.008)
    evaluated = create("drop_max_pool", kernel_size=4, p=p, dims=1).eval()(values[None, None])
    assert evaluated.item() == pytest.approx(sum(v * q for v, q in law.items()), rel=1e-5)


@pytest.mark.parametrize(
    "dims, options", [(1, {"kernel_size": 3}), (2, {"kernel_size": (3, 2), "stride": 2}), (3, {"kernel_size": 2})]
)
def test_max_pool_without_drops_is_max_pooling(dims, options):
    x = torch.rand(2, 3, *(9, 8, 7)[:dims])
    expected = create("pool_max", dims=dims, **options)(x)
    layer = create("drop_max_pool", p=0.0, dims=dims, **options)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.eval()(x), expected)


def test_maxdropout_drops_only_the_top_of_the_range():
    x = torch.linspace(-1, 3, 401).expand(2000, 401)
    y = create("drop_maxdropout", p=0.4)(x)
    dropped = (y == 0) & (x != 0)
    part = (x + 1) / 4
    assert not dropped[part < 0.6 - 1e-4].any()
    assert torch.equal(dropped.sort(1).values, dropped), "what is dropped lies above what is kept"
    assert dropped.float().mean().item() == pytest.approx(0.2, abs=0.01)  # the bound is uniform
    torch.testing.assert_close(y[~dropped], x[~dropped])


def test_max_drop_drops_the_largest_of_a_map():
    x = torch.rand(3000, 2, 3, 4) + 0.5
    dropped = create("drop_maxdropout", p=0.3, mode="map")(x).flatten(2) == 0
    assert (dropped.sum(2) <= 1).all()
    assert dropped.any(2).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(dropped.int().argmax(2)[dropped.any(2)], x.flatten(2).argmax(2)[dropped.any(2)])


@pytest.mark.parametrize("id", ["drop_gaussian", "drop_block", "drop_weighted_channel", "drop_maxdropout"])
def test_evaluation_is_the_identity(id):
    x = torch.rand(3, 4, 5, 6)
    assert torch.equal(create(id, p=0.7).eval()(x), x)


def r_drop_by_hand(first, second, target, alpha):
    total = 0.0
    for one, two, right in zip(first.softmax(1).tolist(), second.softmax(1).tolist(), target.tolist(), strict=True):
        total -= math.log(one[right]) + math.log(two[right])
        total += alpha / 2 * sum(a * math.log(a / b) + b * math.log(b / a) for a, b in zip(one, two, strict=True))
    return total / len(target)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_r_drop(draw, alpha):
    first, second, target = draw(5, 3), draw(5, 3), torch.tensor([0, 2, 1, 1, 0])
    loss = create("drop_r_drop", alpha=alpha)
    assert loss(first, second, target).item() == pytest.approx(r_drop_by_hand(first, second, target, alpha))
    assert loss(second, first, target).item() == pytest.approx(loss(first, second, target).item())
    torch.testing.assert_close(loss(first, first, target), 2 * F.cross_entropy(first, target))


def test_r_drop_leaves_unknown_targets_out_of_the_cross_entropy(draw):
    first, second = draw(4, 3), draw(4, 3)
    loss = create("drop_r_drop", alpha=0.0)
    known = loss(first[:2], second[:2], torch.tensor([0, 2]))
    torch.testing.assert_close(loss(first, second, torch.tensor([0, 2, -100, -100])), known)


def test_r_drop_refuses_predictions_of_different_shapes(draw):
    with pytest.raises(InputError, match=r"logits1 and logits2 must have the same shape. Got \(4, 3\) and \(4, 1\)"):
        create("drop_r_drop")(draw(4, 3), draw(4, 1), torch.tensor([0, 2, 1, 1]))

"""Pooling of windows that weighs, draws or norms: against loops over the windows and known limits."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from components import create
from components.pooling._nd import weighted_pool
from components.spec import ParameterError

SIZES = (11, 8, 7)
SETTINGS = [{}, {"kernel_size": 3, "stride": 2}, {"kernel_size": 2, "stride": 1}]
AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def each_window(x, reduce, kernel_size=2, stride=None):
    """``reduce`` of every window (of one sample's channel), one after the other."""
    stride = stride or kernel_size
    counts = [(size - kernel_size) // stride + 1 for size in x.shape[2:]]
    y = x.new_empty(*x.shape[:2], *counts)
    for place in product(*map(range, y.shape)):
        cut = [slice(i * stride, i * stride + kernel_size) for i in place[2:]]
        y[place] = reduce(x[(*place[:2], *cut)])
    return y


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_soft_pool_equals_the_formula(draw, dims, settings):
    x = draw(1, 2, *SIZES[:dims])
    expected = each_window(x, lambda w: (w.exp() * w).sum() / w.exp().sum(), **settings)
    torch.testing.assert_close(create("pool_soft", dims=dims, **settings)(x), expected)


def test_soft_pool_lies_between_mean_and_maximum_and_follows_a_shift(draw):
    x, layer = draw(2, 3, 8, 9), create("pool_soft", kernel_size=3, stride=2)
    y = layer(x)
    assert (y >= F.avg_pool2d(x, 3, 2) - 1e-12).all() and (y <= F.max_pool2d(x, 3, 2) + 1e-12).all()
    torch.testing.assert_close(layer(x + 5), y + 5)
    torch.testing.assert_close(layer(x * 1e4), F.max_pool2d(x * 1e4, 3, 2))  # no overflow


def test_soft_pool_does_not_count_its_border(draw):
    x = draw(1, 2, 5)
    y = create("pool_soft", kernel_size=3, stride=1, padding=1, dims=1)(x)
    torch.testing.assert_close(y[..., 1:-1], create("pool_soft", kernel_size=3, stride=1, dims=1)(x))
    torch.testing.assert_close(y[..., :1], create("pool_soft", kernel_size=2, stride=1, dims=1)(x[..., :2]))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_weighted_pool_of_constant_logits_is_the_mean_and_of_sharp_ones_the_maximum(draw, dims):
    x = draw(1, 2, *SIZES[:dims])
    flat = weighted_pool(x, torch.full_like(x, 3.0), 3, 2, 1)
    torch.testing.assert_close(flat, average_without_border(x, dims))
    torch.testing.assert_close(weighted_pool(x, 1e6 * x, 3, 2, 1), MAX[dims](x, 3, 2, 1))


def average_without_border(x, dims):
    return AVERAGE[dims](x, 3, 2, 1, count_include_pad=False)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_local_importance_equals_the_ratio_of_two_average_pools(draw, dims):
    layer = create("pool_lip", in_channels=2, dims=dims, scale=3.0).double()
    x = draw(2, 2, *SIZES[:dims])
    logits = torch.einsum("oc,nc...->no...", layer.projection.weight.flatten(1), x)
    mean = logits.flatten(2).mean(2).reshape(2, 2, *[1] * dims)
    deviation = logits.flatten(2).var(2, unbiased=False).add(1e-5).sqrt().reshape(2, 2, *[1] * dims)
    weight = (3.0 / (1 + ((mean - logits) / deviation).exp())).exp()
    expected = average_without_border(x * weight, dims) / average_without_border(weight, dims)
    torch.testing.assert_close(layer(x), expected)


def test_local_importance_of_a_constant_logit_is_the_average(draw):
    layer = create("pool_lip", in_channels=3).double()
    nn.init.zeros_(layer.norm.weight)
    x = draw(2, 3, 7, 9)
    torch.testing.assert_close(layer(x), average_without_border(x, 2))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("power", [1.0, 2.0, 3.0, 2.5])
def test_lp_equals_torch_on_positive_maps(draw, dims, power):
    x = draw(2, 3, *SIZES[:dims]).abs() + 0.1
    peer = {1: nn.LPPool1d, 2: nn.LPPool2d, 3: nn.LPPool3d}[dims](power, 3, 2)
    torch.testing.assert_close(create("pool_lp", norm_type=power, kernel_size=3, stride=2, dims=dims)(x), peer(x))


def test_lp_takes_magnitudes(draw):
    x = draw(2, 3, 8, 8)
    for power in (1.0, 2.0, 3.0):
        expected = each_window(x, lambda w, q=power: sum(abs(v) ** q for v in w.flatten().tolist()) ** (1 / q))
        torch.testing.assert_close(create("pool_lp", norm_type=power)(x), expected)
    torch.testing.assert_close(create("pool_lp", norm_type=1.0)(x.abs()), 4 * F.avg_pool2d(x.abs(), 2))
    largest = F.max_pool2d(x.abs(), 2)
    assert (create("pool_lp", norm_type=100.0)(x) / largest - 1).abs().max() < 0.02


def test_lp_of_a_window_of_zeros_has_a_gradient_of_zero():
    x = torch.zeros(1, 1, 4, requires_grad=True)
    create("pool_lp", dims=1)(x).sum().backward()
    assert x.grad.tolist() == [[[0, 0, 0, 0]]]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_stochastic_evaluates_to_the_weighted_mean(draw, settings):
    x = draw(2, 3, 7, 8).abs()
    expected = each_window(x, lambda w: w.square().sum() / w.sum(), **settings)
    torch.testing.assert_close(create("pool_stochastic", **settings).eval()(x), expected)


def test_stochastic_draws_a_value_by_its_size():
    layer = create("pool_stochastic").train()
    window = torch.tensor([[1.0, 2.0], [3.0, -4.0]])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(window.expand(40_000, 1, 2, 2)).flatten()
    assert set(y.tolist()) == {1.0, 2.0, 3.0}
    for value in (1.0, 2.0, 3.0):
        assert (y == value).float().mean().item() == pytest.approx(value / 6, abs=0.01)
    assert y.mean().item() == pytest.approx(layer.eval()(window[None, None]).item(), abs=0.02)


def test_stochastic_sends_the_gradient_to_the_drawn_value_and_zeros_stay_zero():
    x = torch.tensor([[[1.0, 3.0, 0.0, -2.0]]], requires_grad=True)
    layer = create("pool_stochastic", dims=1).train()
    y = layer(x)
    y.sum().backward()
    assert y[0, 0, 1] == 0 and layer.eval()(x)[0, 0, 1] == 0
    assert x.grad[0, 0].tolist() == [float(y[0, 0, 0] == 1), float(y[0, 0, 0] == 3), 0, 0]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", [{}, {"kernel_size": 3, "stride": 2, "padding": 1}], ids=str)
def test_mixed_of_probability_one_is_max_and_of_zero_is_average(draw, dims, settings):
    x = draw(2, 3, *SIZES[:dims])
    given = {"kernel_size": 2, **settings}
    expected = {1.0: MAX[dims](x, **given), 0.0: AVERAGE[dims](x, **given, count_include_pad=False)}
    for p, y in expected.items():
        layer = create("pool_mixed", in_channels=3, p=p, dims=dims, **settings)
        torch.testing.assert_close(layer.train()(x), y)
        torch.testing.assert_close(layer.eval()(x), y)


def test_mixed_draws_for_each_channel_and_evaluates_by_what_came_more_often(draw):
    layer = create("pool_mixed", in_channels=3, p=0.4)
    x = draw(2, 3, 6, 8)
    largest, mean = F.max_pool2d(x, 2), F.avg_pool2d(x, 2)
    torch.testing.assert_close(layer.eval()(x), mean)  # untrained, and the mean is more likely
    layer.train()
    taken = torch.zeros(3, dtype=torch.long)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(300):
            y = layer(x)
            is_max = (y == largest).flatten(2).all(2)
            assert (is_max | (y == mean).flatten(2).all(2)).all() and (is_max[0] == is_max[1]).all()
            taken += is_max[0]
    assert layer.max_draws.equal(taken) and (layer.max_draws + layer.mean_draws == 300).all()
    assert (taken.double() / 300 - 0.4).abs().max() < 0.1
    layer.max_draws[:] = torch.tensor([9, 3, 5])
    layer.mean_draws[:] = torch.tensor([4, 8, 5])
    y = layer.eval()(x)
    for channel, expected in enumerate((largest, mean, largest)):
        torch.testing.assert_close(y[:, channel], expected[:, channel])


@pytest.mark.parametrize("id", ["pool_soft", "pool_lip", "pool_mixed", "pool_max_indices", "pool_max_unpool"])
def test_more_padding_than_half_a_window_is_refused(id):
    channels = {"in_channels": 2} if id in ("pool_lip", "pool_mixed") else {}
    with pytest.raises(ParameterError, match=f"'padding' parameter of {id} must be at most half of kernel_size"):
        create(id, kernel_size=3, padding=2, **channels)

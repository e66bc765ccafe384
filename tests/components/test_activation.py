"""Activations against torch's functions, their formulas and their known points."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from components import create

PEERS = [
    ("act_relu", {}, F.relu),
    ("act_relu6", {}, F.relu6),
    ("act_leaky_relu", {}, lambda x: F.leaky_relu(x, 0.01)),
    ("act_leaky_relu", {"negative_slope": 0.3}, lambda x: F.leaky_relu(x, 0.3)),
    ("act_elu", {}, F.elu),
    ("act_elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
    ("act_celu", {"alpha": 0.7}, lambda x: F.celu(x, 0.7)),
    ("act_selu", {}, F.selu),
    ("act_gelu", {}, F.gelu),
    ("act_gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("act_swish", {}, F.silu),
    ("act_hard_swish", {}, F.hardswish),
    ("act_mish", {}, F.mish),
    ("act_sigmoid", {}, torch.sigmoid),
    ("act_tanh", {}, torch.tanh),
    ("act_softplus", {}, F.softplus),
    ("act_softplus", {"beta": 2.0, "threshold": 5.0}, lambda x: F.softplus(x, 2.0, 5.0)),
    ("act_softmax", {}, lambda x: F.softmax(x, -1)),
    ("act_softmax", {"dim": 0}, lambda x: F.softmax(x, 0)),
]

FORMULAS = [
    ("act_relu", {}, lambda x: max(0.0, x)),
    ("act_relu6", {}, lambda x: min(max(0.0, x), 6.0)),
    ("act_leaky_relu", {"negative_slope": 0.3}, lambda x: x if x >= 0 else 0.3 * x),
    ("act_elu", {"alpha": 0.7}, lambda x: x if x >= 0 else 0.7 * math.expm1(x)),
    ("act_celu", {"alpha": 0.7}, lambda x: x if x >= 0 else 0.7 * math.expm1(x / 0.7)),
    ("act_selu", {}, lambda x: 1.0507009873554805 * (x if x >= 0 else 1.6732632423543772 * math.expm1(x))),
    ("act_gelu", {}, lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2)))),
    ("act_swish", {"beta": 1.7}, lambda x: x / (1 + math.exp(-1.7 * x))),
    ("act_hard_swish", {}, lambda x: x * min(max(x + 3, 0), 6) / 6),
    ("act_mish", {}, lambda x: x * math.tanh(math.log1p(math.exp(x)))),
    ("act_sigmoid", {}, lambda x: 1 / (1 + math.exp(-x))),
    ("act_tanh", {}, lambda x: 2 / (1 + math.exp(-2 * x)) - 1),
    ("act_softplus", {"beta": 2.0}, lambda x: math.log1p(math.exp(2 * x)) / 2),
    ("act_step", {}, lambda x: float(x >= 0)),
    ("act_step", {"straight_through": False}, lambda x: float(x >= 0)),
    ("act_hard_sigmoid", {}, lambda x: min(max(x + 3, 0), 6) / 6),
    ("act_hard_sigmoid", {"slope": 0.5}, lambda x: min(max((x + 1) / 2, 0), 1)),
    ("act_hard_tanh", {}, lambda x: min(max(x, -1), 1)),
    ("act_hard_tanh", {"low": -0.5, "high": 2.0}, lambda x: min(max(x, -0.5), 2)),
    ("act_squareplus", {}, lambda x: 0.5 * (x + math.sqrt(x * x + 4))),
    ("act_squareplus", {"curvature": 0.3}, lambda x: 0.5 * (x + math.sqrt(x * x + 0.3))),
    ("act_squareplus", {"curvature": 0.0}, lambda x: max(0.0, x)),
    ("act_isru", {"alpha": 2.0}, lambda x: x / math.sqrt(1 + 2 * x * x)),
    ("act_isru", {"alpha": 2.0, "rectified": True}, lambda x: x if x >= 0 else x / math.sqrt(1 + 2 * x * x)),
    ("act_elish", {}, lambda x: (x if x >= 0 else math.exp(x) - 1) / (1 + math.exp(-x))),
    ("act_elish", {"hard": True}, lambda x: (x if x >= 0 else math.exp(x) - 1) * max(0, min(1, (x + 1) / 2))),
]


@pytest.mark.parametrize("id, params, peer", PEERS, ids=lambda v: str(v) if not callable(v) else "")
def test_equals_the_function(draw, id, params, peer):
    x = draw(4, 5, 6) * 4
    torch.testing.assert_close(create(id, **params)(x), peer(x))


@pytest.mark.parametrize("id, params, formula", FORMULAS, ids=lambda v: str(v) if not callable(v) else "")
def test_equals_the_formula(id, params, formula):
    points = [-8.0, -3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0, 8.0]
    y = create(id, **params)(torch.tensor(points, dtype=torch.float64))
    torch.testing.assert_close(y, torch.tensor([formula(p) for p in points], dtype=torch.float64))


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (4, 3, 5, 6)])
def test_prelu_has_a_slope_for_each_channel(draw, shape):
    layer = create("act_prelu", num_parameters=3, init=0.1).double()
    assert layer.weight.tolist() == pytest.approx([0.1] * 3)
    layer.weight.data = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    x = draw(*shape)
    slope = layer.weight.detach().reshape(1, 3, *[1] * (len(shape) - 2))
    torch.testing.assert_close(layer(x), torch.where(x > 0, x, slope * x))


def test_prelu_slope_learns_from_the_negative_inputs(draw):
    layer = create("act_prelu", num_parameters=3).double()
    x = draw(4, 3, 5)
    layer(x).sum().backward()
    torch.testing.assert_close(layer.weight.grad, x.clamp(max=0).sum((0, 2)))


def test_prelu_can_share_one_slope():
    assert create("act_prelu", num_parameters=3, shared=True).weight.shape == (1,)


def test_tanh_form_of_gelu_is_close(draw):
    x = draw(1000) * 3
    exact, closed = create("act_gelu")(x), create("act_gelu", approximate="tanh")(x)
    assert 0 < (exact - closed).abs().max() < 5e-4


def test_swish_limits(draw):
    x = draw(100)
    torch.testing.assert_close(create("act_swish", beta=0.0)(x), x / 2)
    torch.testing.assert_close(create("act_swish", beta=1e4)(x), x.relu(), atol=1e-4, rtol=0)


def test_elu_of_unit_alpha_and_celu_agree(draw):
    x = draw(100)
    torch.testing.assert_close(create("act_celu")(x), create("act_elu")(x))


def test_celu_has_no_jump_in_its_slope():
    x = torch.tensor([-1e-6, 1e-6], dtype=torch.float64, requires_grad=True)
    create("act_celu", alpha=0.3)(x).sum().backward()
    torch.testing.assert_close(x.grad[0], x.grad[1], rtol=0, atol=1e-5)


def test_selu_keeps_mean_and_variance(draw):
    y = create("act_selu")(draw(400_000))
    assert abs(y.mean().item()) < 0.01
    assert abs(y.var().item() - 1) < 0.01


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_softmax_is_a_distribution(draw, dim, temperature):
    layer = create("act_softmax", dim=dim, temperature=temperature)
    x = draw(3, 4, 5)
    y = layer(x)
    torch.testing.assert_close(y.sum(dim), torch.ones_like(y.sum(dim)))
    torch.testing.assert_close(layer(x + 7), y)
    ratio = (y.select(dim, 0) / y.select(dim, 1)).log()
    torch.testing.assert_close(ratio, (x.select(dim, 0) - x.select(dim, 1)) / temperature)

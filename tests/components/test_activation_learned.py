"""Activations that learn their shape or read it off the input: against their formulas and what they reduce to."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.polynomial import chebyshev, hermite_e, laguerre, legendre, polynomial
from timm.layers import SwiGLU
from torch import nn
from torch.nn import functional as F

from components import create

VALUE_OF = {
    "monomial": polynomial.polyval,
    "chebyshev": chebyshev.chebval,
    "legendre": legendre.legval,
    "laguerre": laguerre.lagval,
    "hermite": hermite_e.hermeval,
}


@pytest.mark.parametrize("basis", VALUE_OF)
@pytest.mark.parametrize("degree, below", [(5, 4), (2, 3), (1, 1)])
def test_pade_is_the_ratio_of_two_polynomials(draw, basis, degree, below):
    layer = create("act_pau", basis=basis, degree=degree, denominator_degree=below).double()
    layer.numerator.data, layer.denominator.data = draw(degree + 1), draw(below)
    x = draw(3, 4, 5) * 2
    value = VALUE_OF[basis]
    above = value(x.numpy(), layer.numerator.detach().numpy())
    weights = layer.denominator.detach().numpy()
    if basis == "monomial":
        divisor = 1 + np.abs(value(x.numpy(), [0, *weights]))
    else:
        divisor = 1 + sum(abs(w) * np.abs(value(x.numpy(), [0] * k + [1])) for k, w in enumerate(weights, 1))
    torch.testing.assert_close(layer(x), torch.from_numpy(above / divisor))


@pytest.mark.parametrize("basis", VALUE_OF)
def test_pade_without_a_denominator_is_the_polynomial_and_it_never_has_poles(draw, basis):
    layer = create("act_pau", basis=basis).double()
    x = draw(1000) * 5
    expected = torch.from_numpy(VALUE_OF[basis](x.numpy(), layer.numerator.detach().numpy()))
    layer.denominator.data = draw(4) * 100
    assert (layer(x).abs() <= expected.abs() + 1e-9).all()
    nn.init.zeros_(layer.denominator)
    torch.testing.assert_close(layer(x), expected)


def test_pade_starts_as_a_leaky_relu():
    x = torch.linspace(-3, 3, 100)
    for slope in (0.01, 0.3):
        assert (create("act_pau", negative_slope=slope)(x) - F.leaky_relu(x, slope)).abs().max() < 0.02
    for basis in VALUE_OF:
        assert (create("act_pau", basis=basis)(x) - F.leaky_relu(x)).abs().max() < 0.2


def test_maxout_is_the_largest_of_its_linear_functions(draw):
    layer = create("act_maxout", in_features=5, out_features=4, pieces=3).double()
    x = draw(2, 3, 5)
    weight, bias = layer.linear.weight.reshape(4, 3, 5), layer.linear.bias.reshape(4, 3)
    expected = torch.stack([F.linear(x, weight[:, j], bias[:, j]) for j in range(3)]).max(0).values
    torch.testing.assert_close(layer(x), expected)
    a, b = draw(2, 5), draw(2, 5)
    assert (layer((a + b) / 2) <= (layer(a) + layer(b)) / 2 + 1e-12).all()  # convex


def test_maxout_of_one_piece_is_linear_and_of_x_and_zero_is_relu(draw):
    x = draw(2, 3)
    single = create("act_maxout", in_features=3, out_features=4, pieces=1).double()
    torch.testing.assert_close(single(x), single.linear(x))
    layer = create("act_maxout", in_features=3, out_features=3, bias=False).double()
    layer.linear.weight.data = torch.stack((torch.eye(3), torch.zeros(3, 3)), 1).reshape(6, 3).double()
    torch.testing.assert_close(layer(x), x.relu())


@pytest.mark.parametrize("mode", ["A", "B", "C"])
def test_dynamic_relu_equals_the_formula(draw, mode):
    layer = create("act_dynamic_relu", in_channels=4, mode=mode, pieces=3, reduction=2, temperature=0.5).double()
    x = draw(2, 4, 5, 6) * 2
    y = layer(x)
    first, _, last, _ = layer.hyper
    for n in range(2):
        inner = (first.weight @ x[n].mean((1, 2)) + first.bias).relu()
        coefficients = (2 * torch.sigmoid(2 * (last.weight @ inner + last.bias)) - 1).reshape(-1, 6)
        for c in range(4):
            row = coefficients[c if mode != "A" else 0]
            lines = [(float(k == 0) + row[k]) * x[n, c] + 0.5 * row[3 + k] for k in range(3)]
            expected = torch.stack(lines).max(0).values
            if mode == "C":
                z = (layer.spatial.weight[0, :, 0, 0, None, None] * x[n]).sum(0) / 0.5
                expected = expected * (z.exp() / z.exp().sum() * 30 / 3).clamp(max=1)
            torch.testing.assert_close(y[n, c], expected)


@pytest.mark.parametrize("mode", ["A", "B"])
def test_dynamic_relu_of_a_zero_network_is_relu(draw, mode):
    layer = create("act_dynamic_relu", in_channels=4, mode=mode).double()
    nn.init.zeros_(layer.hyper[2].weight)
    nn.init.zeros_(layer.hyper[2].bias)
    x = draw(2, 4, 5, 6)
    torch.testing.assert_close(layer(x), x.relu())


@pytest.mark.parametrize("size", [3, 5])
def test_funnel_is_the_larger_of_the_value_and_its_condition(draw, size):
    layer = create("act_frelu", in_channels=3, kernel_size=size).double().eval()
    layer.norm.running_mean[:], layer.norm.running_var[:] = draw(3), draw(3).square() + 0.5
    x = draw(2, 3, 6, 7)
    patches = F.unfold(x, size, padding=size // 2).reshape(2, 3, size * size, 42)
    condition = torch.einsum("nctp,ct->ncp", patches, layer.window.weight.reshape(3, -1)).reshape(x.shape)
    mean, variance = (v.reshape(3, 1, 1) for v in (layer.norm.running_mean, layer.norm.running_var))
    condition = (condition - mean) / (variance + 1e-5).sqrt()
    torch.testing.assert_close(layer(x), torch.where(x > condition, x, condition))


@pytest.mark.parametrize("training", [True, False])
def test_funnel_of_a_zero_window_is_relu(draw, training):
    layer = create("act_frelu", in_channels=3).double().train(training)
    nn.init.zeros_(layer.window.weight)
    x = draw(2, 3, 5, 7)
    torch.testing.assert_close(layer(x), x.relu())


def test_glu_equals_torch_and_swiglu_equals_timm(draw):
    x = draw(2, 3, 5)
    layer = create("act_glu", in_features=5, out_features=4).double()
    torch.testing.assert_close(layer(x), nn.GLU()(layer.linear(x)))

    layer = create("act_glu", in_features=5, out_features=4, gate="silu").double()
    peer = SwiGLU(5, 4, 4).double()
    peer.fc2 = nn.Identity()
    (peer.fc1_x.weight.data, peer.fc1_g.weight.data) = layer.linear.weight.data.chunk(2)
    (peer.fc1_x.bias.data, peer.fc1_g.bias.data) = layer.linear.bias.data.chunk(2)
    torch.testing.assert_close(layer(x), peer(x))


GATES = {
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "relu": lambda v: max(0.0, v),
    "gelu": lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))),
    "silu": lambda v: v / (1 + math.exp(-v)),
}


@pytest.mark.parametrize("gate", GATES)
def test_glu_multiplies_by_the_gate(gate):
    layer = create("act_glu", in_features=2, out_features=1, gate=gate).double()
    layer.linear.weight.data = torch.tensor([[2.0, 1.0], [-1.0, 3.0]], dtype=torch.float64)
    layer.linear.bias.data = torch.tensor([0.5, -0.25], dtype=torch.float64)
    y = layer(torch.tensor([[1.5, 0.8]], dtype=torch.float64))
    assert y.item() == pytest.approx((2 * 1.5 + 0.8 + 0.5) * GATES[gate](-1.5 + 3 * 0.8 - 0.25))

"""Inverse roots, smoothed rectifiers and learned polylines: formulas, integrals, and the functions they reduce to."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

POINTS = [-8.0, -3.0, -1.0, -0.4, 0.0, 0.1, 1.0, 3.0, 8.0]


def test_isru_is_odd_and_bounded_and_isrlu_has_no_jump_in_its_slope(draw):
    x = draw(100) * 50
    y = create("act_isru", alpha=4.0)(x)
    torch.testing.assert_close(create("act_isru", alpha=4.0)(-x), -y)
    assert y.abs().max() < 0.5
    near = torch.tensor([-1e-6, 1e-6], dtype=torch.float64, requires_grad=True)
    create("act_isru", alpha=4.0, rectified=True)(near).sum().backward()
    torch.testing.assert_close(near.grad, torch.ones_like(near), rtol=0, atol=1e-5)


def test_elish_of_positive_values_is_swish_and_large_ones_have_a_gradient(draw):
    x = draw(100).abs()
    torch.testing.assert_close(create("act_elish")(x), F.silu(x))
    large = torch.tensor([1000.0, -1000.0], requires_grad=True)
    create("act_elish")(large).sum().backward()
    assert large.grad.tolist() == [1, 0]


@pytest.mark.parametrize("alpha, sigma", [(0.15, 1.0), (0.3, 0.2), (0.0, 2.0)])
def test_sau_is_the_convolution_of_leaky_relu_and_a_gaussian(alpha, sigma):
    t = np.linspace(-12 * sigma, 12 * sigma, 200_001)
    density = np.exp(-(t**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    expected = []
    for x in POINTS:
        leaky = np.where(x - t > 0, x - t, alpha * (x - t))
        expected.append(np.trapezoid(leaky * density, t))
    y = create("act_sau", alpha=alpha, sigma=sigma)(torch.tensor(POINTS, dtype=torch.float64))
    torch.testing.assert_close(y, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-6)


def test_sharp_smooth_units_are_leaky_relu(draw):
    x = draw(100)
    torch.testing.assert_close(create("act_sau", alpha=0.2, sigma=1e-4)(x), F.leaky_relu(x, 0.2), rtol=0, atol=1e-4)
    sharp = create("act_smu", alpha=0.2, mu=1e6).double()
    torch.testing.assert_close(sharp(x), F.leaky_relu(x, 0.2), rtol=0, atol=1e-6)


def test_smu_equals_the_formula_and_gelu(draw):
    x = draw(100) * 3
    layer = create("act_smu", alpha=0.25, mu=2.5).double()
    a, b = x, 0.25 * x  # the smooth maximum of two numbers
    torch.testing.assert_close(layer(x), ((a + b) + (a - b) * torch.erf(2.5 * (a - b))) / 2)
    gelu = create("act_smu", alpha=0.0).double()
    gelu.mu.data = torch.tensor(1 / math.sqrt(2), dtype=torch.float64)
    torch.testing.assert_close(gelu(x), F.gelu(x))


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 5)])
def test_apl_equals_the_formula(draw, shape):
    layer = create("act_apl", in_channels=3, hinges=2).double()
    x = draw(*shape)
    y = layer(x)
    for c in range(3):
        value = x[:, c].clamp(min=0)
        for s in range(2):
            value = value + layer.slope[s, c] * (layer.place[s, c] - x[:, c]).clamp(min=0)
        torch.testing.assert_close(y[:, c], value)
    nn.init.zeros_(layer.slope)
    torch.testing.assert_close(layer(x), x.relu())


def test_apl_bends_at_its_hinges_alone():
    layer = create("act_apl", in_channels=1, hinges=2).double()
    layer.slope.data, layer.place.data = (torch.tensor([[v], [w]]).double() for v, w in ((0.5, -0.2), (-1.0, 2.0)))
    x = torch.tensor([[-2.0], [-1.5], [-0.5], [-0.1], [0.5], [1.9], [2.1], [5.0]]).double().requires_grad_()
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad.flatten(), torch.tensor([-0.3, -0.3, 0.2, 0.2, 1.2, 1.2, 1.0, 1.0]).double())


def acon(p1, p2, beta, channels=3):
    layer = create("act_acon", in_channels=channels).double()
    layer.slopes.data = torch.tensor([[p1] * channels, [p2] * channels]).double()
    layer.beta.data = torch.full((channels,), beta).double()
    return layer


def test_acon_reduces_to_swish_to_a_line_and_to_the_maximum(draw):
    x = draw(2, 3, 4, 5)
    torch.testing.assert_close(acon(1.0, 0.0, 1.0)(x), F.silu(x))
    torch.testing.assert_close(acon(0.9, -0.3, 0.0)(x), 0.3 * x)
    torch.testing.assert_close(acon(0.9, -0.3, 1e6)(x), torch.maximum(0.9 * x, -0.3 * x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("meta", [False, True])
def test_acon_equals_the_formula(draw, meta):
    layer = create("act_acon", in_channels=4, meta=meta, reduction=2).double()
    x = draw(2, 4, 3, 5)
    y = layer(x)
    for n in range(2):
        if meta:
            inner, outer, _ = layer.network
            mean = x[n].mean((1, 2))
            beta = torch.sigmoid(outer.weight @ (inner.weight @ mean + inner.bias) + outer.bias)
        else:
            beta = layer.beta
        for c in range(4):
            p1, p2 = layer.slopes[:, c]
            gap = (p1 - p2) * x[n, c]
            torch.testing.assert_close(y[n, c], gap / (1 + (-beta[c] * gap).exp()) + p2 * x[n, c])


def test_pwlu_starts_as_relu(draw):
    x = draw(4, 3, 50) * 3
    torch.testing.assert_close(create("act_pwlu", in_channels=3).double()(x), x.relu(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 3), (4, 3, 9), (2, 3, 4, 5)])
def test_pwlu_interpolates_its_heights_and_goes_on_in_lines(draw, shape):
    layer = create("act_pwlu", in_channels=3, segments=5, bound=1.0).double()
    layer.heights.data, layer.outer_slopes.data = draw(3, 6), draw(2, 3)
    layer.ends.data = torch.tensor([[-1.5, -1.0, -0.5], [0.5, 1.0, 2.0]]).double()
    x = draw(*shape) * 2
    y = layer(x).detach()
    for c in range(3):
        low, high = layer.ends.detach()[:, c].tolist()
        heights = layer.heights.detach()[c].numpy()
        values = x[:, c].numpy()
        inside = np.interp(values, np.linspace(low, high, 6), heights)
        outer = layer.outer_slopes.detach()[:, c].tolist()
        expected = inside + outer[0] * np.minimum(values - low, 0) + outer[1] * np.maximum(values - high, 0)
        torch.testing.assert_close(y[:, c], torch.from_numpy(expected))


def test_pwlu_keeps_what_is_not_a_number():
    y = create("act_pwlu", in_channels=2)(torch.tensor([[math.nan, -0.5], [0.5, math.nan]]))
    assert y.isnan().tolist() == [[True, False], [False, True]]


def test_pwlu_with_knots_on_a_line_is_that_line_and_learns_its_ends(draw):
    layer = create("act_pwlu", in_channels=2, segments=4, bound=1.0).double()
    layer.heights.data = (2 * torch.linspace(-1, 1, 5) + 0.5).repeat(2, 1).double()
    layer.outer_slopes.data = torch.full((2, 2), 2.0).double()
    x = draw(9, 2) * 2
    y = layer(x)
    torch.testing.assert_close(y, 2 * x + 0.5)
    with torch.no_grad():  # numerical derivative of another function by an end
        layer.heights.add_(draw(2, 5))
    layer(x).sum().backward()
    slope, step = layer.ends.grad.clone(), 1e-6
    for end in range(2):
        for c in range(2):
            with torch.no_grad():
                layer.ends[end, c] += step
                above = layer(x).sum()
                layer.ends[end, c] -= 2 * step
                below = layer(x).sum()
                layer.ends[end, c] += step
            assert slope[end, c].item() == pytest.approx(((above - below) / (2 * step)).item(), abs=1e-5)


def test_dynamic_shift_max_equals_the_formula(draw):
    layer = create("act_dynamic_shift_max", in_channels=6, groups=3, shifts=2, pieces=2, reduction=2).double()
    x = draw(2, 6, 3, 4)
    y = layer(x)
    weights = layer.hyper(x.mean((2, 3))).reshape(2, 6, 2, 2)
    for n in range(2):
        for i in range(6):
            mixtures = []
            for k in range(2):
                first = (1.0 if k == 0 else 0.0) + weights[n, i, 0, k]
                mixtures.append(first * x[n, i] + weights[n, i, 1, k] * x[n, (i + 2) % 6])
            torch.testing.assert_close(y[n, i], torch.maximum(*mixtures))


def test_dynamic_shift_max_of_one_shift_is_dynamic_relu_without_offsets(draw):
    layer = create("act_dynamic_shift_max", in_channels=4, shifts=1, reduction=2).double()
    peer = create("act_dynamic_relu", in_channels=4, reduction=2).double()
    peer.hyper[0].load_state_dict(layer.hyper[0].state_dict())
    for name in ("weight", "bias"):
        own, other = getattr(layer.hyper[2], name), getattr(peer.hyper[2], name)
        rows = other.data.unflatten(0, (4, 4))
        rows[:, :2], rows[:, 2:] = own.data.unflatten(0, (4, 2)), 0.0
    x = draw(2, 4, 3, 5)
    torch.testing.assert_close(layer(x), peer(x))
    for parameter in layer.hyper.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(layer(x), x.relu())


def test_dynamic_shift_max_refuses_groups_that_do_not_divide_the_channels():
    with pytest.raises(ParameterError, match=r"'groups' parameter .* must be a divisor of in_channels \(6\)"):
        create("act_dynamic_shift_max", in_channels=6, groups=4)

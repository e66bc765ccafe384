"""Flows: log-determinants against autograd's Jacobian, exact inverses, densities that integrate to one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal

import components


class Network(nn.Module):
    """Log-scales and shifts from a small perceptron over all values of a sample."""

    def __init__(self, shape, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        size = math.prod(shape)
        self.shape = shape
        self.layers = nn.Sequential(nn.Linear(size, 16), nn.Tanh(), nn.Linear(16, 2 * size)).double()

    def forward(self, x):
        scale, shift = self.layers(x.flatten(1)).chunk(2, 1)
        return scale.reshape(-1, *self.shape), shift.reshape(-1, *self.shape)


def jacobian_logdet(function, x):
    """By autograd, sample by sample."""
    found = []
    for sample in x:
        matrix = torch.autograd.functional.jacobian(lambda s: function(s[None])[0][0], sample)
        size = sample.numel()
        found.append(torch.linalg.slogdet(matrix.reshape(size, size)).logabsdet)
    return torch.stack(found)


SHAPES = [(6,), (4, 3, 5), (1, 4, 4)]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("mask", ["checkerboard", "half"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_coupling_is_invertible_with_the_right_determinant(draw, shape, mask, flip):
    x, network = draw(3, *shape), Network(shape)
    forward, back = (
        components.create("flow_realnvp", network=network, mask=mask, flip=flip, reverse=reverse)
        for reverse in (False, True)
    )
    z, logdet = forward(x)
    torch.testing.assert_close(logdet, jacobian_logdet(forward, x))
    restored, back_logdet = back(z)
    torch.testing.assert_close(restored, x)
    torch.testing.assert_close(back_logdet, -logdet)
    kept = z == x
    assert torch.equal(kept, kept[:1].expand_as(kept))
    assert kept[0].double().mean() == pytest.approx(0.5, abs=0.04) or (shape[0] == 1 and mask == "half")


def test_masks():
    def mask(shape, **params):
        keep = components.create("flow_realnvp", network=lambda x: (torch.zeros_like(x), torch.ones_like(x)), **params)
        return (keep(torch.zeros(1, *shape))[0] == 0).int()[0].tolist()

    assert mask((5,)) == [1, 0, 1, 0, 1]
    assert mask((5,), flip=True) == [0, 1, 0, 1, 0]
    assert mask((5,), mask="half") == [1, 1, 0, 0, 0]
    assert mask((2, 2, 3)) == [[[1, 0, 1], [0, 1, 0]]] * 2
    assert mask((2, 1, 2), mask="half") == [[[1, 1]], [[0, 0]]]


def test_a_network_without_scales_gives_nice(draw):
    x, network = draw(3, 6), Network((6,))
    additive = components.create("flow_realnvp", network=lambda v: (torch.zeros_like(v), network(v)[1]))
    z, logdet = additive(x)
    kept = torch.tensor([1.0, 0, 1, 0, 1, 0])
    torch.testing.assert_close(z, x + (1 - kept) * network(x * kept)[1])
    assert not logdet.any()


def test_scales_are_bounded(draw):
    x = draw(3, 6)
    wild = components.create("flow_realnvp", network=lambda v: (v.new_full(v.shape, 1e3), v), limit=0.5)
    assert wild(x)[1].tolist() == pytest.approx([1.5] * 3)


def test_a_network_of_another_shape_is_named_in_both_languages(draw):
    coupling = components.create("flow_realnvp", network=lambda v: (v[:, :2], v))
    with pytest.raises(ValueError, match=r"shape \(3, 6\). Got \(3, 2\) and \(3, 6\)") as caught:
        coupling(draw(3, 6))
    assert "(3, 2) 和 (3, 6)" in caught.value.message_zh


@pytest.mark.parametrize("as_float", [False, True])
def test_dequantisation_is_undone_by_the_floor(as_float):
    torch.manual_seed(0)
    level = torch.arange(16).repeat(50, 1)
    y, logq = components.create("flow_dequantization", levels=16)(level / 15 if as_float else level)
    assert torch.equal(y.floor().long(), level)
    assert (y - level).mean().item() == pytest.approx(0.5, abs=0.03)
    assert logq.shape == (50,) and not logq.any()


def test_logit_is_invertible_with_the_right_determinant(draw):
    x = draw(3, 5).sigmoid() * 16
    forward, back = (components.create("flow_logit", high=16.0, alpha=0.01, reverse=r) for r in (False, True))
    z, logdet = forward(x)
    torch.testing.assert_close(z, torch.logit(0.01 + 0.98 * x / 16))
    torch.testing.assert_close(logdet, jacobian_logdet(forward, x))
    restored, back_logdet = back(z)
    torch.testing.assert_close(restored, x)
    torch.testing.assert_close(back_logdet, -logdet)
    torch.testing.assert_close(back_logdet, jacobian_logdet(back, z))


def test_likelihood_equals_the_change_of_variables(draw):
    z, logdets = draw(5, 2, 3), (draw(5), draw(5))
    expected = -(Normal(0.0, 1.0).log_prob(z).flatten(1).sum(1) + logdets[0] + logdets[1]).mean()
    torch.testing.assert_close(components.create("flow_nll")(z, *logdets), expected)
    bits = components.create("flow_nll", unit="bits_per_dim")(z, *logdets)
    torch.testing.assert_close(bits, expected / (6 * math.log(2)))


def test_the_density_of_a_flow_integrates_to_one():
    layers = [
        components.create("flow_realnvp", network=Network((2,), seed), flip=bool(seed % 2), limit=0.7)
        for seed in range(3)
    ]
    nll = components.create("flow_nll")
    line = torch.linspace(-9, 9, 361, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    z, logdets = grid, []
    with torch.no_grad():
        for layer in layers:
            z, logdet = layer(z)
            logdets.append(logdet)
        density = torch.stack([-nll(z[i : i + 1], *(d[i : i + 1] for d in logdets)) for i in (0, 100, 65000)])
        everywhere = -((z**2).sum(1) / 2 + math.log(2 * math.pi)) + sum(logdets)
    torch.testing.assert_close(density, everywhere[[0, 100, 65000]])
    assert everywhere.exp().sum().item() * 0.05**2 == pytest.approx(1.0, abs=1e-3)


def test_flow_without_layers_is_the_standard_normal():
    assert components.create("flow_nll")(torch.zeros(1, 2)).item() == pytest.approx(math.log(2 * math.pi))

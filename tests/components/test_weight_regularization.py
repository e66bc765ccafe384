"""Penalties of weights against weight decay, closed forms, scikit-learn and singular values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import ElasticNet
from torch import Tensor

from components import create


def weight(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def gradient(id: str, w: Tensor, **params: object) -> Tensor:
    return torch.autograd.grad(create(id, **params)(w), w)[0]


def test_l2_takes_the_steps_of_weight_decay():
    one, two = weight(5, 3), weight(5, 3)
    penalized = torch.optim.SGD([one], lr=0.1)
    decayed = torch.optim.SGD([two], lr=0.1, weight_decay=2 * 0.03)
    l2 = create("reg_l2", strength=0.03)
    for step in range(5):
        goal = weight(5, 3, seed=step + 1).detach()
        for w, optimizer, extra in ((one, penalized, l2), (two, decayed, None)):
            optimizer.zero_grad()
            loss = (w - goal).abs().sum()
            (loss if extra is None else loss + extra(w)).backward()
            optimizer.step()
    torch.testing.assert_close(one, two)


def test_l1_is_its_closed_form():
    w = torch.tensor([[0.5, -2.0, 0.0]], dtype=torch.float64, requires_grad=True)
    assert create("reg_l1", strength=0.1)(w).item() == pytest.approx(0.25)
    assert gradient("reg_l1", w, strength=0.1).tolist() == [[0.1, -0.1, 0.0]]


def test_the_proximal_step_of_l1_is_soft_thresholding():
    penalty, points = create("reg_l1", strength=0.3), torch.linspace(-2, 2, 4001, dtype=torch.float64)
    for z in (-1.2, -0.2, 0.1, 0.7):
        costs = torch.stack([0.5 * (p - z) ** 2 + penalty(p) for p in points])
        assert points[costs.argmin()].item() == pytest.approx(math.copysign(max(abs(z) - 0.3, 0), z), abs=1e-3)


@pytest.mark.parametrize("ratio, other", [(0.0, "reg_l2"), (1.0, "reg_l1")])
def test_the_elastic_net_lies_between_l2_and_l1(ratio, other):
    w = weight(4, 3)
    torch.testing.assert_close(
        create("reg_elastic_net", strength=0.2, l1_ratio=ratio)(w), create(other, strength=0.2)(w)
    )


def test_the_elastic_net_has_the_minimum_of_scikit_learn():
    x, noise = weight(60, 4).detach(), weight(60, seed=1).detach()
    y = x @ torch.tensor([1.5, -0.7, 0.0, 0.02], dtype=torch.float64) + 0.1 * noise
    strength, ratio = 0.1, 0.6
    alpha = strength * ratio + 2 * strength * (1 - ratio)  # theirs halves the squares
    peer = ElasticNet(alpha=alpha, l1_ratio=strength * ratio / alpha, fit_intercept=False, tol=1e-10, max_iter=100_000)
    best = torch.from_numpy(peer.fit(x.numpy(), y.numpy()).coef_)
    penalty = create("reg_elastic_net", strength=strength, l1_ratio=ratio)

    def cost(w: Tensor) -> float:
        return ((x @ w - y).square().mean() / 2 + penalty(w)).item()

    assert np.count_nonzero(best.numpy()) == 2
    for axis, step in itertools.product(range(4), (-1e-3, 1e-3)):
        assert cost(best) < cost(best + step * torch.eye(4, dtype=torch.float64)[axis])


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 3, 2, 2), (1, 7)], ids=str)
def test_the_spectral_penalty_is_the_squared_norm_of_the_matrix(shape):
    w = weight(*shape)
    sigma = torch.linalg.matrix_norm(w.flatten(1), ord=2)
    found = create("reg_spectral", strength=0.5, rounds=300)(w)
    torch.testing.assert_close(found, 0.5 * sigma**2)
    left, values, right = torch.linalg.svd(w.detach().flatten(1))
    expected = 2 * 0.5 * values[0] * torch.outer(left[:, 0], right[0])
    torch.testing.assert_close(gradient("reg_spectral", w, strength=0.5, rounds=300).flatten(1), expected)


def test_rounds_of_the_power_iteration_rise_to_the_norm_from_below():
    for seed in range(20):
        w = weight(16, 24, seed=seed)
        norm = torch.linalg.matrix_norm(w, ord=2) ** 2
        shares = [(create("reg_spectral", strength=1.0, rounds=n)(w) / norm).item() for n in (1, 3, 10, 30, 1000)]
        assert shares == sorted(shares)
        assert shares[2] > 0.75
        assert shares[-1] == pytest.approx(1, abs=1e-6)


def test_orthogonal_filters_pay_nothing():
    w = torch.linalg.qr(weight(12, 5).detach()).Q.T.reshape(5, 3, 2, 2) * torch.arange(1.0, 6.0).view(5, 1, 1, 1)
    assert create("reg_self_orthogonality")(w).item() == pytest.approx(0, abs=1e-12)
    assert create("reg_self_orthogonality")(w[:1]).item() == 0


def test_self_orthogonality_is_mean_and_variance_of_the_cosines():
    w = weight(4, 3, 2).detach()
    rows = w.flatten(1).tolist()
    cosines = []
    for a, b in itertools.combinations(rows, 2):
        cosines.append(sum(p * q for p, q in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b))
    found = create("reg_self_orthogonality", strength=0.3, variance_strength=0.7)(w).item()
    assert found == pytest.approx(0.3 * np.mean(cosines) ** 2 + 0.7 * np.var(cosines))


def test_self_orthogonality_does_not_see_the_size_of_a_filter():
    w, regularizer = weight(4, 6).detach(), create("reg_self_orthogonality")
    scaled = w * torch.tensor([1.0, 3.0, 0.2, 7.0], dtype=torch.float64)[:, None]
    torch.testing.assert_close(regularizer(scaled), regularizer(w))


@pytest.mark.parametrize("form, power", [("product", 1.0), ("geometric_mean", 1 / 3)])
def test_weissi_is_the_product_of_the_norms(form, power):
    layers = [weight(4, 3), weight(5, 4, 2, seed=1), weight(2, 5, seed=2)]
    expected = 0.1 * math.prod(math.sqrt(sum(v * v for v in w.flatten().tolist())) for w in layers) ** power
    assert create("reg_weissi", strength=0.1, form=form)(*layers).item() == pytest.approx(expected)


@pytest.mark.parametrize("form", ["product", "geometric_mean"])
def test_weissi_does_not_see_scale_that_moves_from_layer_to_layer(form):
    first, second, regularizer = weight(4, 3), weight(2, 4, seed=1), create("reg_weissi", form=form)
    torch.testing.assert_close(regularizer(5.0 * first, second / 5.0), regularizer(first, second))
    assert regularizer(5.0 * first, second) > regularizer(first, second)
    assert create("reg_l2")(5.0 * first) + create("reg_l2")(second / 5.0) != create("reg_l2")(first)


def test_weissi_bounds_the_slope_of_a_network_of_rectifiers():
    layers = [weight(8, 5).detach(), weight(6, 8, seed=1).detach(), weight(1, 6, seed=2).detach()]
    x = weight(5, seed=3)
    y = x
    for w in layers[:-1]:
        y = (w @ y).relu()
    (slope,) = torch.autograd.grad((layers[-1] @ y).sum(), x)
    assert slope.norm() <= create("reg_weissi", strength=1.0)(*layers)

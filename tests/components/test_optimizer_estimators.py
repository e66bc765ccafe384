"""Optimizers without a backward pass: their estimates, and what they leave as it was."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import components

CURVATURE = torch.tensor([[1.0, 0.3, 0.0], [0.3, 2.0, -0.5], [0.0, -0.5, 0.7]], dtype=torch.float64)


def weights():
    return [
        nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64)),
        nn.Parameter(torch.tensor(0.5, dtype=torch.float64)),
    ]


def quadratic(parts):
    point = torch.cat([part.reshape(-1) for part in parts])
    return point @ CURVATURE @ point / 2 + point.sum()


def estimates(id, count, **params):
    """The gradients of so many estimates, and the true one."""
    parts = weights()
    optimizer = components.create(id, params=parts, **params)
    found = []
    for _ in range(count):
        optimizer.estimate(lambda: quadratic(parts))
        found.append(torch.cat([part.grad.reshape(-1) for part in parts if part.grad is not None]))
    true = torch.autograd.grad(quadratic(parts), parts)
    return torch.stack(found), torch.cat([part.reshape(-1) for part in true])


@pytest.mark.parametrize(
    ("id", "params"),
    [("opt_zeroth_order", {"std": 0.1}), ("opt_forward_gradient", {}), ("opt_forward_gradient", {"samples": 4})],
)
def test_estimates_average_to_the_gradient(id, params):
    found, true = estimates(id, 4000, seed=5, **params)
    error = found.std(0) / len(found) ** 0.5
    assert ((found.mean(0) - true).abs() < 4 * error).all(), (found.mean(0), true, error)
    assert (error < 0.2).all()


@pytest.mark.parametrize("id", ["opt_zeroth_order", "opt_forward_gradient"])
def test_an_estimate_is_the_slope_along_its_direction(id):
    found, true = estimates(id, 1)
    direction = found[0] / found[0].norm()
    slope = (true @ direction).item()
    assert slope > 0  # both point up the hill
    generator = torch.Generator().manual_seed(1)  # the first draw of seed 0
    drawn = torch.cat(
        [
            torch.randn(2, generator=generator, dtype=torch.float64),
            torch.randn((), generator=generator, dtype=torch.float64)[None],
        ]
    )
    torch.testing.assert_close(found[0], (true @ drawn) * drawn, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("id", ["opt_zeroth_order", "opt_forward_gradient"])
def test_more_samples_scatter_less(id):
    one, many = estimates(id, 300)[0], estimates(id, 300, samples=16)[0]
    assert many.var(0).sum() < one.var(0).sum() / 8


def convolutions():
    layers = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(36, 5)), torch.randn(7, 2, 8, 8)


def attention():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(24, 5)), torch.randn(7, 3, 8)


@pytest.mark.parametrize("make", [convolutions, attention])
def test_a_forward_gradient_goes_through_layers_as_a_backward_pass_would(make):
    torch.manual_seed(0)
    net, x = make()
    y = torch.randint(5, (7,))

    def look():
        torch.manual_seed(3)
        return F.cross_entropy(net(x), y)

    parts = list(net.parameters())
    true = torch.autograd.grad(look(), parts)
    before = [part.detach().clone() for part in parts]
    optimizer = components.create("opt_forward_gradient", params=parts)
    with torch.no_grad():
        optimizer.estimate(look)
    generator = torch.Generator().manual_seed(1)
    drawn = [torch.randn(part.shape, generator=generator) for part in parts]
    slope = sum((g * v).sum() for g, v in zip(true, drawn, strict=True))
    for part, v in zip(parts, drawn, strict=True):
        torch.testing.assert_close(part.grad, slope * v, rtol=1e-3, atol=1e-4)
    assert all(torch.equal(part, b) for part, b in zip(parts, before, strict=True))
    for ours, theirs in zip(torch.autograd.grad(look(), parts), true, strict=True):
        assert torch.equal(ours, theirs)  # no tangent is left


@pytest.mark.parametrize("lr", [0.01, 3.0, 100.0])
def test_gradientless_descent_never_raises_the_loss(lr):
    parts = weights()
    optimizer = components.create("opt_zeroth_order", params=parts, method="descent", lr=lr, samples=6)
    value, falls = quadratic(parts).item(), 0
    for _ in range(60):
        with torch.no_grad():
            optimizer.estimate(lambda: quadratic(parts))
        optimizer.step()
        following = quadratic(parts).item()
        assert following <= value + 1e-12
        falls += following < value
        value = following
    assert falls > 3


def test_gradientless_descent_looks_in_the_ball_of_its_radius():
    parts = weights()
    optimizer = components.create("opt_zeroth_order", params=parts, method="descent", lr=2.0, samples=3)
    looked = []

    def look():
        looked.append(torch.cat([part.detach().reshape(-1) for part in parts]))
        return torch.zeros(())

    for _ in range(500):
        optimizer.estimate(look)
    rounds = torch.stack(looked).view(500, 4, 3)
    distances = (rounds[:, 1:] - rounds[:, :1]).norm(dim=2)
    for index, radius in enumerate((2.0, 1.0, 0.5)):
        assert 0.9 * radius < distances[:, index].max() <= radius + 1e-9
        # evenly in three dimensions: the cube of the distance is even in (0, 1)
        assert (distances[:, index] / radius).pow(3).mean().item() == pytest.approx(0.5, abs=0.06)


def test_a_loss_without_a_gradient_can_be_trained():
    part = nn.Parameter(torch.full((2,), 5.3))
    optimizer = components.create("opt_zeroth_order", params=[part], method="descent", lr=4.0, samples=5)
    for _ in range(80):
        with torch.no_grad():
            optimizer.estimate(lambda: part.round().abs().sum())
        optimizer.step()
    assert part.round().abs().sum() == 0


def test_others_may_take_their_gradients_after_an_estimate():
    parts = weights()
    loss = quadratic(parts)
    components.create("opt_forward_gradient", params=parts).estimate(lambda: quadratic(parts))
    assert torch.autograd.grad(loss, parts)[1].shape == ()

"""Pooling of whole maps to moments: generalised means, products of channels."""

from __future__ import annotations

import pytest
import torch

from components import create
from components.errors import InputError


@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 5, 7), (2, 3, 4, 5, 6)])
def test_generalised_mean_equals_the_formula(draw, shape):
    x = draw(*shape)
    layer = create("pool_gem", power=2.5).double()
    values = x.flatten(2).clamp(min=1e-6)
    expected = torch.tensor(
        [[(sum(v**2.5 for v in channel) / len(channel)) ** 0.4 for channel in sample] for sample in values.tolist()],
        dtype=torch.float64,
    )
    y = layer(x)
    assert y.shape == (2, 3, *[1] * (len(shape) - 2))
    torch.testing.assert_close(y.flatten(1), expected)


def test_generalised_mean_lies_between_mean_and_maximum(draw):
    x = draw(2, 3, 5, 7).abs() + 0.1
    mean = create("pool_gem", power=1.0).double()(x)
    torch.testing.assert_close(mean, create("pool_global_avg")(x))
    largest = create("pool_gem", power=200.0).double()(x)
    assert (largest / create("pool_global_max")(x) - 1).abs().max() < 0.03


def test_generalised_mean_learns_its_exponent(draw):
    layer = create("pool_gem").double()
    layer(draw(2, 3, 5, 7)).sum().backward()
    assert [name for name, _ in layer.named_parameters()] == ["power"]
    assert layer.power.grad > 0  # a larger exponent gives larger means


@pytest.mark.parametrize("positions", [(7,), (5, 7), (2, 3, 4)])
def test_bilinear_sums_the_outer_products(draw, positions):
    x, y = draw(2, 3, *positions), draw(2, 4, *positions)
    summed = torch.einsum("nap,nbp->nab", x.flatten(2), y.flatten(2)).flatten(1)
    torch.testing.assert_close(create("pool_bilinear", normalize=False)(x, y), summed)
    z = create("pool_bilinear")(x, y)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(2, dtype=torch.float64))
    rooted = summed.sign() * summed.abs().sqrt()
    torch.testing.assert_close(z, rooted / rooted.norm(dim=1, keepdim=True))


def test_bilinear_does_not_see_the_order_of_positions(draw):
    x, y = draw(2, 3, 4, 5), draw(2, 6, 4, 5)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    shuffled = [t.flatten(2)[..., order].reshape(t.shape) for t in (x, y)]
    torch.testing.assert_close(create("pool_bilinear")(*shuffled), create("pool_bilinear")(x, y))


def test_bilinear_has_a_finite_gradient_at_zero():
    x = torch.zeros(1, 2, 3, requires_grad=True)
    create("pool_bilinear")(x, torch.ones(1, 2, 3)).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_bilinear_refuses_maps_of_different_sizes(draw):
    with pytest.raises(InputError, match=r"same spatial axes. Got \(2, 3, 4, 5\) and \(2, 3, 5, 4\)"):
        create("pool_bilinear")(draw(2, 3, 4, 5), draw(2, 3, 5, 4))

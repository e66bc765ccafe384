"""Activations of fixed shape beyond the usual ones: against torch, their formulas and their limits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from components import create
from components.spec import ParameterError


def test_step_equals_heaviside_and_its_gradient_passes_through_or_stops(draw):
    x = torch.cat((draw(50), torch.zeros(1))).requires_grad_()
    y = create("act_step")(x)
    assert y.equal(torch.heaviside(x.detach(), torch.ones((), dtype=x.dtype)))
    y.mul(torch.arange(51.0)).sum().backward()
    assert x.grad.equal(torch.arange(51.0, dtype=x.dtype))
    assert not create("act_step", straight_through=False)(x).requires_grad


def test_hard_forms_equal_torch(draw):
    x = draw(4, 5, 6) * 4
    torch.testing.assert_close(create("act_hard_sigmoid")(x), nn.Hardsigmoid()(x))
    torch.testing.assert_close(create("act_hard_tanh")(x), nn.Hardtanh()(x))


def test_squareplus_without_curvature_has_a_gradient_at_zero():
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    create("act_squareplus", curvature=0.0)(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


def test_squareplus_bends_like_softplus_at_zero():
    x = torch.tensor(0.0, dtype=torch.float64)
    for layer, value in ((create("act_squareplus"), 1.0), (F.softplus, math.log(2))):
        curvature = torch.func.grad(torch.func.grad(layer))(x)
        assert curvature.item() == pytest.approx(0.25)
        assert layer(x).item() == pytest.approx(value)


def test_rrelu_draws_slopes_in_training_and_takes_their_middle_in_evaluation(draw):
    layer = create("act_rrelu", low=0.2, high=0.6)
    x = draw(4, 50)
    torch.testing.assert_close(layer.eval()(x), F.leaky_relu(x, 0.4))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer.train()(x)
    assert y[x >= 0].equal(x[x >= 0])
    slopes = (y / x)[x < 0]
    assert slopes.min() >= 0.2 and slopes.max() <= 0.6 and slopes.std() > 0.05


@pytest.mark.parametrize("id, params", [("act_rrelu", {"low": 0.5, "high": 0.4}), ("act_hard_tanh", {"high": -1.0})])
def test_an_empty_range_is_refused(id, params):
    with pytest.raises(ParameterError, match=f"'high' parameter of {id} must be"):
        create(id, **params)

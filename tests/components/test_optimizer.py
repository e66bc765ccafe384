"""Optimizers against their formulas, step by step."""

import math

import pytest
import torch

import components
from components.spec import ParameterError

STEPS = 20


def gradient(w, step):
    """Of a badly scaled quadratic, a little noisy."""
    noise = torch.randn(3, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
    return torch.tensor([1.0, 10.0, 0.1], dtype=torch.float64) * w + 0.1 * noise


def trajectory(component, **params):
    w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    optimizer = components.create(component, params=[w], **params)
    assert isinstance(optimizer, torch.optim.Optimizer)
    seen = []
    for step in range(STEPS):
        w.grad = gradient(w.detach(), step)
        optimizer.step()
        seen.append(w.detach().clone())
    return torch.stack(seen)


def by_formula(update):
    w, seen = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64), []
    for step in range(STEPS):
        w = update(w, gradient(w, step), step + 1)
        seen.append(w)
    return torch.stack(seen)


def sgd(lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    v = torch.zeros(3, dtype=torch.float64)

    def update(w, g, t):
        nonlocal v
        g = g + weight_decay * w
        v = momentum * v + g
        return w - lr * (g + momentum * v if nesterov else v)

    return update


def adam(lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=0.0):
    m = v = torch.zeros(3, dtype=torch.float64)

    def update(w, g, t):
        nonlocal m, v
        g = g + weight_decay * w
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        step = m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
        return (1 - lr * decoupled) * w - lr * step

    return update


def rmsprop(lr, alpha=0.99, eps=1e-8, momentum=0.0, centered=False, weight_decay=0.0):
    v = mean = velocity = torch.zeros(3, dtype=torch.float64)

    def update(w, g, t):
        nonlocal v, mean, velocity
        g = g + weight_decay * w
        v, mean = alpha * v + (1 - alpha) * g * g, alpha * mean + (1 - alpha) * g
        spread = (v - mean * mean if centered else v).sqrt() + eps
        velocity = momentum * velocity + g / spread
        return w - lr * velocity

    return update


def adagrad(lr, lr_decay=0.0, eps=1e-10, initial_accumulator=0.0, weight_decay=0.0):
    total = torch.full((3,), initial_accumulator, dtype=torch.float64)

    def update(w, g, t):
        nonlocal total
        g = g + weight_decay * w
        total = total + g * g
        return w - lr / (1 + (t - 1) * lr_decay) * g / (total.sqrt() + eps)

    return update


BETAS = {"betas": (0.5, 0.9), "eps": 0.01}
CASES = [  # component, parameters, formula, where the formula has its own names for them
    ("opt_sgd", {"lr": 0.05}, sgd, {}),
    ("opt_sgd", {"lr": 0.05, "weight_decay": 0.1}, sgd, {}),
    ("opt_momentum", {"lr": 0.02}, sgd, {"momentum": 0.9}),
    ("opt_momentum", {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1}, sgd, {}),
    ("opt_momentum", {"lr": 0.05, "momentum": 0.0}, sgd, {}),
    ("opt_nag", {"lr": 0.02}, sgd, {"momentum": 0.9, "nesterov": True}),
    ("opt_nag", {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1}, sgd, {"nesterov": True}),
    ("opt_adam", {"lr": 0.1}, adam, {}),
    ("opt_adam", {"lr": 0.1, "weight_decay": 0.1, **BETAS}, adam, {}),
    ("opt_adamw", {"lr": 0.1}, adam, {"decoupled": 0.01}),
    ("opt_adamw", {"lr": 0.1, "weight_decay": 0.2, **BETAS}, adam, {"weight_decay": 0.0, "decoupled": 0.2}),
    ("opt_rmsprop", {"lr": 0.05}, rmsprop, {}),
    ("opt_rmsprop", {"lr": 0.05, "alpha": 0.8, "eps": 0.01, "weight_decay": 0.1}, rmsprop, {}),
    ("opt_rmsprop", {"lr": 0.02, "momentum": 0.6, "centered": True}, rmsprop, {}),
    ("opt_adagrad", {"lr": 0.5}, adagrad, {}),
    ("opt_adagrad", {"lr": 0.5, "lr_decay": 0.1, "eps": 0.01, "initial_accumulator": 0.3}, adagrad, {}),
    ("opt_adagrad", {"lr": 0.5, "weight_decay": 0.1}, adagrad, {}),
]


@pytest.mark.parametrize("component, params, formula, instead", CASES)
def test_trajectory_equals_the_formula(component, params, formula, instead):
    expected = by_formula(formula(**{**params, **instead}))
    torch.testing.assert_close(trajectory(component, **params), expected, rtol=1e-9, atol=1e-9)


def test_the_first_step_of_adam_is_the_learning_rate():
    w = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    expected = w - 0.1 * gradient(w, 0).sign()
    torch.testing.assert_close(trajectory("opt_adam", lr=0.1)[0], expected, rtol=0, atol=1e-6)


def test_adamw_shrinks_weights_without_a_gradient():
    w = torch.nn.Parameter(torch.ones(3))
    optimizer = components.create("opt_adamw", params=[w], lr=0.1, weight_decay=0.5)
    w.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(w.detach(), torch.full((3,), 1 - 0.1 * 0.5))


@pytest.mark.parametrize(
    "component, bad",
    [
        ("opt_sgd", {"lr": 0.0}),
        ("opt_adam", {"betas": (0.9, 1.0)}),
        ("opt_nag", {"momentum": 0.0}),
        ("opt_adagrad", {"lr": math.inf}),
    ],
)
def test_values_out_of_range_are_refused(component, bad):
    with pytest.raises(ParameterError, match=rf"'{next(iter(bad))}' parameter of {component}"):
        components.create(component, params=[torch.nn.Parameter(torch.ones(3))], **bad)


def test_ports():
    for component, *_ in CASES:
        entry = components.get(component)
        assert entry.inputs["loss"].variadic and entry.inputs["schedule"].optional
        assert entry.inputs["schedule"].dims.kind == "schedule" and not entry.outputs

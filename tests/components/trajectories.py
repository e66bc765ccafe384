"""Optimizers on weights of several shapes, with gradients that follow from the weights and the step alone."""

import torch

import components

SHAPES = [(3,), (4, 3), (2, 3, 5), ()]
STEPS = 20


def start(seed=0, dtype=torch.float64):
    """Weights, one of each shape."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in SHAPES]


def gradient(weight, step):
    """Of a badly scaled quadratic, a little noisy."""
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(step), dtype=weight.dtype)
    scale = torch.linspace(0.1, 3.0, weight.numel(), dtype=weight.dtype).view(weight.shape)
    return scale * weight + 0.3 * noise


def descend(optimizer, weights, steps, first=0):
    """Takes steps of an optimizer."""
    for step in range(first, first + steps):
        for weight in weights:
            weight.grad = gradient(weight.detach(), step)
        optimizer.step()


def after(make):
    """The weights after 20 steps of the optimizer that ``make`` gives for them."""
    weights = start()
    descend(make(weights), weights, STEPS)
    return [weight.detach() for weight in weights]


def after_component(id, **params):
    """The weights after 20 steps of a component."""
    return after(lambda weights: components.create(id, params=weights, **params))


def after_formula(rule):
    """The weights after 20 steps, each tensor by an update rule of its own: (weight, gradient, t) -> weight."""
    found = []
    for weight in start():
        update, value = rule(weight.detach()), weight.detach()
        for step in range(STEPS):
            value = update(value, gradient(value, step), step + 1)
        found.append(value)
    return found


def assert_same(actual, expected, tolerance=1e-9):
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)

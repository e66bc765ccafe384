"""The curve of an activation and of its slope, measured from the component itself: no formula is written down twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from builder.compiler.inference import Meta, build, call, resolve_params
from builder.compiler.rng import isolated_rng
from builder.compiler.small_runs import largest
from components import registry
from components.spec import Component

POINTS = 241  # with zero in the middle
REACHES = (4.0, 8.0, 16.0)  # how far from zero the curve may go
STRAIGHT = 0.05  # what the slope may still change beyond the curve's ends
LARGEST = 256  # of a number of pieces
CHANNELS = 4  # where a node does not say how many


@dataclass(frozen=True)
class Curve:
    """An activation at points from left to right, with its slope as the backward pass has it.

    ``learned`` says that it has weights: it is drawn as they are at the start.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: tuple[float, ...]
    learned: bool


def activation_curve(component: Component, params: Mapping[str, Any]) -> Curve | None:
    """The curve of an activation with these parameter values; None where each value does not go its own way.

    What depends on other features (a softmax, a gate) has no curve; of a layer with a curve for each channel, the first.
    """
    given = {name: value for name, value in params.items() if name in component.parameters}
    return _curve(component.id, json.dumps(given, sort_keys=True, default=list))


@lru_cache(maxsize=512)
def _curve(id: str, params: str) -> Curve | None:
    component = registry.get(id)
    given = component.parameters
    values = {name: value for name, value in json.loads(params).items() if not given[name].inferred}
    if largest(values) > LARGEST:
        return None
    wide = torch.linspace(-2 * max(REACHES), 2 * max(REACHES), POINTS)
    found = _measure(component, values, wide)
    # A value must become the same whatever stands beside it, at the same and at other places.
    if found is None or not _alone(component, values, wide, found[0]):
        return None
    reach = _enough(wide, found[1])
    x = torch.linspace(-reach, reach, POINTS)
    found = _measure(component, values, x)
    if found is None:
        return None
    y, slope, learned = found
    return Curve(tuple(x.tolist()), tuple(y.tolist()), tuple(slope.tolist()), learned)


def _alone(component: Component, values: Mapping[str, Any], x: Tensor, y: Tensor) -> bool:
    for neighbours in (3 * x[::3].abs(), -3 * x[::3].abs()):
        other = _measure(component, values, torch.cat([x[::2], neighbours]))
        if other is None or not torch.allclose(other[0][: len(x[::2])], y[::2], atol=1e-5):
            return False
    return True


def _enough(x: Tensor, slope: Tensor) -> float:
    """The shortest reach beyond which the curve is straight."""
    for reach in REACHES:
        left, right = slope[x <= -reach], slope[x >= reach]
        if (left - left[0]).abs().max() <= STRAIGHT and (right - right[-1]).abs().max() <= STRAIGHT:
            return reach
    return REACHES[0]


def _measure(component: Component, values: Mapping[str, Any], x: Tensor) -> tuple[Tensor, Tensor, bool] | None:
    """What becomes of the points, in evaluation, and the slope there; None where the component does not take them."""
    (name, port), *others = component.inputs.items()
    if others:
        return None
    shape = _shape(port.dims.alternatives()[0], len(x))
    resolved, errors = resolve_params(component, values, {name: [Meta(shape)]})
    if errors:
        return None
    try:
        with isolated_rng(0):
            module = build(component, resolved)
            if isinstance(module, nn.Module):
                module.eval()
            points = x.expand(shape).clone().requires_grad_()
            y = call(component, module, resolved, {name: [points]})
    except Exception:  # whatever a forward raises is the answer: it does not work on a row of numbers
        return None
    if not isinstance(y, Tensor) or y.shape != shape:
        return None
    first = (0,) * (len(shape) - 1)
    slope = torch.zeros_like(points)
    if y.requires_grad:
        (slope,) = torch.autograd.grad(y[first].sum(), points)
    learned = isinstance(module, nn.Module) and any(p.requires_grad for p in module.parameters())
    return y.detach()[first], slope[first], learned


def _shape(axes: list[str], points: int) -> tuple[int, ...]:
    """One sample with the points along the last axis, the same in each of some channels."""
    return (*(CHANNELS if name == "C" else 1 for name in axes[:-1]), points)

"""Losses, metrics, optimizers, schedules and initializers keep what the training loop relies on."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from components import create
from components.spec import Component
from tests.contract.support import Case, axis_of, cases, each_component


@cases("loss_scalar", ("loss", "regularizer"))
def test_loss_is_a_finite_scalar(case: Case) -> None:
    for port, value in case.run(case.build(), case.tensors()).items():
        if port == "loss":
            assert value.shape == () and value.is_floating_point() and torch.isfinite(value)


@cases("loss_scalar", ("metric",))
def test_metric_is_a_finite_scalar(case: Case) -> None:
    value = case.run(case.build(), case.tensors())["value"]
    assert value.shape == () and torch.isfinite(value)


@cases("additive", ("metric",))
def test_metric_adds_up_over_batches(case: Case) -> None:
    metric, tensors = case.build(), case.tensors(batch=3)
    halves: list[dict[str, Tensor]] = [{}, {}]
    for name, (tensor,) in tensors.items():
        axis = axis_of("B", case.component.inputs[name], tensor.dim(), 0)
        if axis is None:  # something that all samples are compared with
            halves[0][name] = halves[1][name] = tensor
            continue
        cut = tensor.shape[axis] // 2
        halves[0][name], halves[1][name] = (
            tensor.narrow(axis, 0, cut),
            tensor.narrow(axis, cut, tensor.shape[axis] - cut),
        )
    whole = metric.update(**{name: tensor for name, (tensor,) in tensors.items()})
    assert whole.dim() == 1
    parts = metric.update(**halves[0]) + metric.update(**halves[1])
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(metric.compute(parts), metric.compute(whole))
    assert isinstance(metric.higher_is_better, bool)


def _quadratic(point: Tensor) -> Tensor:
    """Smallest, 0, at (1, 2, 3), with another curvature along each axis."""
    return (torch.tensor([1.0, 3.0, 0.5]) * (point - torch.tensor([1.0, 2.0, 3.0])) ** 2).sum()


def _step(optimizer: Any, point: nn.Parameter, times: int) -> None:
    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _quadratic(point)
        loss.backward()
        return loss

    for _ in range(times):
        optimizer.step(closure)


def _optimizer(component: Component, point: nn.Parameter) -> Any:
    return create(component.id, params=[point])


@each_component("reduces", ("optimizer",))
def test_optimizer_reduces_a_quadratic(component: Component) -> None:
    point = nn.Parameter(-torch.ones(3))  # not zeros: some steps are relative to the weights
    before = _quadratic(point).item()
    _step(_optimizer(component, point), point, 100)
    assert _quadratic(point).item() < 0.99 * before


@each_component("resumes", ("optimizer",))
def test_optimizer_resumes_exactly(component: Component) -> None:
    whole = nn.Parameter(torch.zeros(3))
    optimizer = _optimizer(component, whole)
    _step(optimizer, whole, 3)
    half = nn.Parameter(whole.detach().clone())
    resumed = _optimizer(component, half)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    _step(optimizer, whole, 3)
    _step(resumed, half, 3)
    assert torch.equal(whole, half)


@each_component("positive_factor", ("scheduler",))
def test_schedule_gives_positive_factors(component: Component) -> None:
    schedule = create(component.id)
    factors = [schedule.factor(quarter / 4, 20) for quarter in range(80)]
    assert all(isinstance(f, float) and math.isfinite(f) for f in factors), factors
    assert factors[0] >= 0 and min(factors[1:]) > 0, factors  # a warm-up may begin at zero
    assert factors == [schedule.factor(quarter / 4, 20) for quarter in range(80)], "a factor depends on earlier calls"


WEIGHTS = [(5, 5), (7, 4), (4, 7), (6, 3, 3), (4, 6, 3, 5), (2, 3, 3, 3, 3)]


def of_weights(component: Component) -> bool:
    """Whether an init fills single weights, not modules."""
    return "modules" not in component.tags


@pytest.mark.parametrize("shape", WEIGHTS, ids=str)
@each_component("fills", ("init",), of_weights)
def test_init_fills_a_weight_in_place(component: Component, shape: tuple[int, ...]) -> None:
    def filled(seed: int) -> nn.Parameter:
        weight = nn.Parameter(torch.full(shape, math.nan))
        result = create(component.id)(weight, generator=torch.Generator().manual_seed(seed))
        assert result is weight
        return weight

    before = torch.get_rng_state()
    weight = filled(0)
    assert weight.requires_grad and weight.grad_fn is None and weight.shape == shape
    assert torch.isfinite(weight).all()
    assert torch.equal(weight, filled(0))
    assert torch.equal(torch.get_rng_state(), before), "drew from the global generator"


@each_component("fills", ("init",), of_weights)
def test_init_draws_from_the_global_generator_without_one(component: Component) -> None:
    def filled(generator: Any) -> Tensor:
        return create(component.id)(torch.empty(5, 3), generator).clone()

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        from_global = filled(None)
    assert torch.equal(from_global, filled(torch.Generator().manual_seed(6)))


@each_component("fills", ("init",), lambda component: not of_weights(component))
def test_init_fills_a_module_from_the_generator_alone(component: Component) -> None:
    def filled(generator: Any) -> list[Tensor]:
        layer = nn.MultiheadAttention(6, 2)
        assert create(component.id)(layer, generator=generator) is layer
        assert all(p.requires_grad and p.grad_fn is None and p.isfinite().all() for p in layer.parameters())
        return [p.detach() for p in layer.parameters() if p.dim() > 1]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        layer = nn.MultiheadAttention(6, 2)
        state = torch.get_rng_state()
        create(component.id)(layer, generator=torch.Generator().manual_seed(6))
        assert torch.equal(torch.get_rng_state(), state), "drew from the global generator"
        once, again = filled(torch.Generator().manual_seed(6)), filled(torch.Generator().manual_seed(6))
    assert all(map(torch.equal, once, again))

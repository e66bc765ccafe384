"""Curves of activations and schedules, against their formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from builder.compiler.activation_curve import Curve, activation_curve
from builder.compiler.schedule_curve import schedule_curve
from builder.graph import Edge, Graph
from components import all_components, get


def curve(id: str, **params: Any) -> Curve:
    found = activation_curve(get(id), params)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("id", "params", "function", "slope"),
    [
        ("act_tanh", {}, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        ("act_sigmoid", {}, lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        ("act_leaky_relu", {"negative_slope": 0.3}, lambda x: np.where(x > 0, x, 0.3 * x), lambda x: np.where(x > 0, 1, 0.3)),
        ("act_elu", {"alpha": 2.0}, lambda x: np.where(x > 0, x, 2 * np.expm1(x)), lambda x: np.where(x > 0, 1, 2 * np.exp(x))),
        ("act_prelu", {"num_parameters": 64}, lambda x: np.where(x > 0, x, x / 4), lambda x: np.where(x > 0, 1, 0.25)),
    ],
)  # fmt: skip
def test_an_activation_and_its_slope(id: str, params: dict[str, Any], function: Any, slope: Any) -> None:
    found = curve(id, **params)
    x = np.array(found.x)
    np.testing.assert_allclose(found.y, function(x), atol=1e-5)
    away = x != 0  # a kink has any slope between those beside it
    np.testing.assert_allclose(np.array(found.slope)[away], slope(x)[away], atol=1e-5)


def test_a_step_has_the_slope_that_training_gives_it() -> None:
    assert set(curve("act_step", straight_through=False).slope) == {0.0}
    assert set(curve("act_step", straight_through=True).slope) == {1.0}


def test_the_curve_reaches_to_where_it_is_straight() -> None:
    assert curve("act_relu").x[-1] == 4
    assert curve("act_relu6").x[-1] == 8
    assert curve("act_hard_tanh", low=-10.0, high=10.0).x[-1] == 16


def test_learned_curves_are_drawn_as_they_start() -> None:
    assert curve("act_prelu").learned
    assert not curve("act_relu").learned


@pytest.mark.parametrize("id", ["act_softmax", "act_glu", "act_maxout", "act_frelu", "act_dynamic_relu"])
def test_what_depends_on_other_values_has_no_curve(id: str) -> None:
    assert activation_curve(get(id), {}) is None


def test_most_activations_have_a_curve() -> None:
    activations = [c for c in all_components().values() if c.family == "Activation"]
    drawn = [c.id for c in activations if activation_curve(c, {})]
    assert len(drawn) > 0.75 * len(activations)


def test_values_that_do_not_go_have_no_curve() -> None:
    assert activation_curve(get("act_apl"), {"hinges": 10**9}) is None
    assert activation_curve(get("act_elu"), {"alpha": "x"}) is None


# ------------------------------------------------------------------ schedules


def warm_then_cosine() -> Graph:
    graph = Graph()
    graph.place("warm", "sched_warmup", {"length": 4.0}, position=(0, 0))
    graph.place("cosine", "sched_cosine", position=(0, 0))
    graph.place("adam", "opt_adam", position=(0, 0))
    graph.wire(Edge("cosine", "schedule", "warm", "then"))
    graph.wire(Edge("warm", "schedule", "adam", "schedule"))
    return graph


def test_a_cosine_over_the_run() -> None:
    graph = Graph()
    graph.place("cosine", "sched_cosine", position=(0, 0))
    found = schedule_curve(graph, "cosine", {}, 30)
    assert found is not None
    assert found.epoch[0] == 0
    assert found.epoch[-1] == 30
    assert found.own == (0, 30)
    expected = [(1 + math.cos(math.pi * epoch / 30)) / 2 for epoch in found.epoch]
    assert found.factor == pytest.approx(expected)


def test_a_chain_is_drawn_as_the_optimizer_has_it() -> None:
    first, second = (schedule_curve(warm_then_cosine(), node, {}, 20) for node in ("warm", "cosine"))
    assert first is not None
    assert second is not None
    assert (first.epoch, first.factor) == (second.epoch, second.factor)
    assert (first.own, second.own) == ((0, 4), (4, 20))
    assert dict(zip(first.epoch, first.factor, strict=True))[4.0] == pytest.approx(1)
    assert first.factor[-1] == pytest.approx(0, abs=1e-9)


def test_values_known_better_than_from_the_graph_count() -> None:
    found = schedule_curve(warm_then_cosine(), "cosine", {"warm": {"length": 10.0}}, 20)
    assert found is not None
    assert found.own == (10, 20)


def test_a_schedule_with_a_wrong_value_has_no_curve() -> None:
    graph = warm_then_cosine()
    graph.nodes["warm"]["params"]["length"] = -1
    assert schedule_curve(graph, "cosine", {}, 20) is None


def test_what_is_no_schedule_has_no_curve() -> None:
    graph = warm_then_cosine()
    graph.place("relu", "act_relu", position=(0, 0))
    graph.unwire(graph.wires_into("warm", "then")[0])
    graph.wire(Edge("relu", "y", "warm", "then"))
    assert schedule_curve(graph, "warm", {}, 20) is None

"""Looking into graphs whose training has several parts: noise, schedules at nodes, stopped gradients."""

from __future__ import annotations

import numpy as np
import torch

from builder.graph import Edge, Graph
from builder.inspect import Inspector, compute
from tests.inspect.graphs import build, cnn


def test_values_behind_noise_are_determined_and_the_same_each_time() -> None:
    graph = build(
        {
            "data": ("data_digits", {}),
            "noise": ("noise_normal", {"size": 3}),
            "fc": ("linear", {"out_features": 4}),
        },
        ["data.x noise.x", "noise.z fc.x"],
    )
    first, second = (Inspector(graph) for _ in range(2))
    values = [model.value(model.sample(), ("fc", "y")) for model in (first, second)]
    assert values[0].shape == (1, 4)
    assert torch.equal(*values)


def test_a_schedule_at_a_node_is_no_missing_input() -> None:
    graph = cnn()
    graph.place("reverse", "layer_grl")
    graph.place("ramp", "sched_warmup")
    graph.wire(Edge("fc", "y", "reverse", "x"))
    graph.wire(Edge("ramp", "schedule", "reverse", "schedule"))
    model = Inspector(graph)
    assert ("reverse", "y") in model.ends(model.sample())


def test_an_explanation_sees_through_a_stopped_gradient() -> None:
    def explained(graph: Graph) -> np.ndarray:
        model = Inspector(graph)
        return compute(model, "saliency", "", model.sample())[1].values

    stopped = cnn()
    stopped.unwire(Edge("flatten", "y", "fc", "x"))
    stopped.place("stop", "op_stop_gradient")
    stopped.wire(Edge("flatten", "y", "stop", "x"))
    stopped.wire(Edge("stop", "y", "fc", "x"))
    assert np.array_equal(explained(stopped), explained(cnn()))

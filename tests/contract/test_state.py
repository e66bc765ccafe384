"""Weights and values survive files, and nothing but the seed decides what comes out."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from builder.compiler import Compiled, check
from builder.graph import dumps, loads
from components.spec import Component
from tests.contract.graphs import graph_around, named_blocks
from tests.contract.support import (
    MODULE_KINDS,
    Case,
    assert_close,
    assert_equal,
    cases,
    each_component,
    set_mode,
)


@cases("state")
def test_state_dict_carries_everything(case: Case) -> None:
    first, second = case.build(seed=1), case.build(seed=2)
    if isinstance(first, nn.Module):
        second.load_state_dict(first.state_dict(), strict=True)
    tensors = case.tensors()
    for module in (first, second):
        set_mode(module, training=False)
    assert_equal(_seeded(case, second, tensors), _seeded(case, first, tensors), "after loading the state")


def _seeded(case: Case, module: Any, tensors: Mapping[str, Sequence[Tensor]]) -> dict[str, Tensor]:
    """The outputs where torch's generator begins at a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return case.run(module, tensors)


@cases("round_trip", (*MODULE_KINDS, "metric", "sampler"))
def test_graph_file_keeps_the_parameters(case: Case) -> None:
    tensors = case.tensors()
    values = case.values(tensors)
    graph = loads(dumps(graph_around(case.component, values, tensors)))
    loaded, errors = case.component.check(graph.nodes["node"]["params"])
    assert not errors
    assert loaded == named_blocks(values)


@each_component("round_trip", where=lambda c: c.kind not in (*MODULE_KINDS, "metric", "sampler"))
def test_graph_file_keeps_the_defaults(component: Component) -> None:
    blocks = {name: name for name, parameter in component.parameters.items() if parameter.block}
    defaults, errors = component.check(blocks)
    graph = loads(dumps(graph_around(component, defaults, {})))
    assert not errors
    assert component.check(graph.nodes["node"]["params"]) == (defaults, [])


@cases("compiled", (*MODULE_KINDS, "sampler"))
def test_compiled_graph_equals_the_component(case: Case) -> None:
    tensors = case.tensors()
    graph = graph_around(case.component, case.params, tensors)
    report = check(graph)
    assert report.ok, report.problems
    compiled = Compiled(graph, seed=3)
    module = case.build(seed=3)
    for each in (compiled.root, module):
        set_mode(each, training=False)
    _spare_outputs(case, module)  # nothing reads the node, and the compiler tells it so
    expected = _seeded(case, module, tensors)
    program = compiled.program([("node", port) for port in expected])
    arguments = [t for several in tensors.values() for t in several]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        inputs: list[tuple[str, str]] = program.inputs  # pyright: ignore[reportAssignmentType]
        actual = program(*(arguments[int(port[1:])] for _, port in inputs))
    assert_equal(dict(zip(expected, actual, strict=True)), expected, "compiled")


@cases("compiled", where=lambda c: any(hasattr(c.factory, f"wants_{port}") for port in c.outputs))
def test_sparing_an_output_keeps_the_others(case: Case) -> None:
    tensors, module = case.tensors(), case.build()
    set_mode(module, training=False)
    whole = case.run(module, tensors)
    spared = _spare_outputs(case, module)
    rest = case.run(module, tensors)
    assert spared and rest.keys() == whole.keys() - spared
    for port, value in rest.items():
        assert_close(value, whole[port], port)


def _spare_outputs(case: Case, module: object) -> set[str]:
    """Tells a module by ``wants_<port> = False`` that its optional outputs are not read; the names of these ports."""
    spared = {port for port in case.component.outputs if hasattr(module, f"wants_{port}")}
    for port in spared:
        setattr(module, f"wants_{port}", False)
    return spared


@cases("deterministic", (*MODULE_KINDS, "metric"))
def test_same_seed_same_output(case: Case) -> None:
    tensors = case.tensors()
    first, second = case.build(seed=4), case.build(seed=4)
    if isinstance(first, nn.Module):
        assert_equal(second.state_dict(), first.state_dict(), "weights of the same seed")
    results = []
    for module in (first, second):
        set_mode(module, training=True)
        results.append(_seeded(case, module, tensors))
    assert_equal(results[1], results[0], "training mode with the same seed")


@cases("deterministic", (*MODULE_KINDS, "metric", "sampler"), lambda c: "random_in_evaluation" not in c.tags)
def test_global_generators_stay_untouched(case: Case) -> None:
    tensors = case.tensors()
    before = random.getstate(), str(np.random.get_state()), torch.get_rng_state()
    module = case.build()  # weights are drawn from torch's generator, under a seed
    set_mode(module, training=False)
    case.run(module, tensors)
    assert random.getstate() == before[0]
    assert str(np.random.get_state()) == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


@cases("pure", (*MODULE_KINDS, "metric"))
def test_inputs_are_not_changed(case: Case) -> None:
    tensors = case.tensors()
    module = case.build()
    set_mode(module, training=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        case.run(module, tensors)
    for name, several in case.tensors().items():
        for kept, used in zip(several, tensors[name], strict=True):
            assert torch.equal(kept, used), f"the input {name} was changed in place"

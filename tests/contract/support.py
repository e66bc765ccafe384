"""What the contract suite is made of: one case per component and example, its inputs, and how it is built and run.

A component that cannot keep a promise says so beside itself, ``xfail={"gradient": "reason"}`` (or ``"gradient-1"`` for
its second example), and the check then has to fail: an exemption that is no longer needed is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from builder.compiler.inference import Meta, build, call, resolve_params
from components import all_components
from components.registry import create_block
from components.spec import Component, Dims, Port, Sub, Tensors

# What may stand in a component's xfail mapping.
CHECKS = frozenset(
    {
        "additive",
        "batch_independent",
        "causal",
        "compiled",
        "deterministic",
        "documented",
        "example",
        "exported",
        "fills",
        "gradient",
        "input_dtype",
        "input_rank",
        "layout",
        "loss_scalar",
        "mixed_precision",
        "parameter_rules",
        "permutation_equivariant",
        "positive_factor",
        "pure",
        "reduces",
        "resumes",
        "round_trip",
        "shape",
        "state",
    }
)
MODULE_KINDS = ("layer", "op", "loss", "transform", "regularizer", "visualizer")


# ------------------------------------------------------------------ cases


@dataclass(frozen=True)
class Case:
    """A component in one of its examples."""

    component: Component
    index: int

    @property
    def params(self) -> Mapping[str, Any]:
        return self.component.examples[self.index].params

    def tensors(self, seed: int = 0, batch: int = 0) -> dict[str, list[Tensor]]:
        """The example's inputs by port; ``batch`` samples more than it says where a port has the axis N."""
        generator = torch.Generator().manual_seed(seed)
        found = {}
        for name, given in self.component.examples[self.index].inputs.items():
            dims = self.component.inputs[name].dims
            shapes = given if isinstance(given, list) else [given]
            found[name] = [_tensor(_recipe(shape), dims, batch, generator) for shape in shapes]
        return found

    def values(self, tensors: Mapping[str, Sequence[Tensor]]) -> dict[str, Any]:
        """All parameter values, those that follow from the inputs among them."""
        values, errors = resolve_params(self.component, self.params, metas(tensors))
        assert not errors, errors
        return values

    def build(self, seed: int = 0, tensors: Mapping[str, Sequence[Tensor]] | None = None) -> Any:
        """The component's module with weights of this seed; the function of an op."""
        values = self.values(self.tensors() if tensors is None else tensors)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return build(self.component, with_modules(values))

    def run(self, module: Any, tensors: Mapping[str, Sequence[Tensor]]) -> dict[str, Tensor]:
        """The outputs by port, without those that are None."""
        values = self.values(tensors)
        result = call(self.component, module, values, tensors)
        if self.component.kind == "metric":
            return {"value": module.compute(result)}
        ports = self.component.outputs_for(values)
        results = result if isinstance(result, tuple | list) else (result,)
        assert len(results) == len(ports), f"{len(results)} outputs for the ports {', '.join(ports)}"
        return {name: value for name, value in zip(ports, results, strict=True) if value is not None}


def with_modules(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameter values with the modules that stand for blocks."""
    return {n: create_block(v) if isinstance(v, Sub) else v for n, v in values.items()}


def cases(
    check: str, kinds: Sequence[str] = MODULE_KINDS, where: Callable[[Component], bool] = lambda _: True
) -> pytest.MarkDecorator:
    """Parametrises a test over every example of every component of these kinds, as ``case``."""
    chosen = [
        pytest.param(Case(component, index), id=f"{component.id}-{index}", marks=exemptions(component, check, index))
        for component in all_components().values()
        if component.kind in kinds and where(component) and "batches" not in component.tags  # no tensors in and out
        for index in range(len(component.examples))
    ]
    return pytest.mark.parametrize("case", chosen)


def each_component(
    check: str, kinds: Sequence[str] | None = None, where: Callable[[Component], bool] = lambda _: True
) -> pytest.MarkDecorator:
    """Parametrises a test over every component (of these kinds), as ``component``."""
    chosen = [
        pytest.param(component, id=component.id, marks=exemptions(component, check))
        for component in all_components().values()
        if (kinds is None or component.kind in kinds) and where(component)
    ]
    return pytest.mark.parametrize("component", chosen)


def tagged(tag: str) -> Callable[[Component], bool]:
    """Chooses the components that carry a tag."""
    return lambda component: tag in component.tags


def exemptions(component: Component, check: str, index: int | None = None) -> list[pytest.MarkDecorator]:
    """The strict xfail of a check that a component is exempt from."""
    assert check in CHECKS, check
    reason = component.xfail.get(check) or component.xfail.get(f"{check}-{index}")
    return [pytest.mark.xfail(reason=reason, strict=True)] if reason else []


# ------------------------------------------------------------------ inputs


def axes_of(dims: Dims, rank: int) -> list[str]:
    """The name of each axis of a tensor of this rank; the axes of ``*`` are ``*0``, ``*1`` ..."""
    for axes in dims.alternatives():
        if "*" in axes and rank >= len(axes) - 1:
            star = axes.index("*")
            spread = [f"*{i}" for i in range(rank - len(axes) + 1)]
            return axes[:star] + spread + axes[star + 1 :]
        if len(axes) == rank:
            return axes
    raise ValueError(f"A port of {dims} takes no tensor of {rank} axes.")


def axis_of(name: str, port: Port, rank: int, fallback: int | None = None) -> int | None:
    """Where an axis stands; ``fallback`` for a port that names none of its axes but takes any shape, else None."""
    axes = axes_of(port.dims, rank)
    if name in axes:
        return axes.index(name)
    if fallback is not None and fallback < rank and axes[fallback].startswith("*"):
        return fallback
    return None


def metas(tensors: Mapping[str, Sequence[Tensor]]) -> dict[str, list[Meta]]:
    """Shapes and dtypes, as the compiler passes them."""
    return {name: [Meta(tuple(t.shape), t.dtype) for t in several] for name, several in tensors.items()}


def _recipe(given: Any) -> Tensors:
    return given if isinstance(given, Tensors) else Tensors(tuple(given))


def _tensor(recipe: Tensors, dims: Dims, batch: int, generator: torch.Generator) -> Tensor:
    axes = axes_of(dims, len(recipe.shape))
    shape = [size + batch * (axis == "B") for size, axis in zip(recipe.shape, axes, strict=True)]
    if recipe.kind in ("int", "edges"):
        return torch.randint(recipe.high, shape, generator=generator)
    if recipe.kind == "bool":
        return torch.rand(shape, generator=generator) < 0.5
    if recipe.kind == "positive":
        return torch.rand(shape, generator=generator) + 0.5
    if recipe.kind == "probability":
        return torch.rand(shape, generator=generator) * 0.9 + 0.05
    return torch.randn(shape, generator=generator)


# ------------------------------------------------------------------ comparisons


def set_mode(module: Any, training: bool) -> None:
    """Training or evaluation, where there is such a thing."""
    if isinstance(module, torch.nn.Module):
        module.train(training)


def assert_equal(actual: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    """Bit for bit, port by port."""
    assert actual.keys() == expected.keys(), what
    for port, value in expected.items():
        assert torch.equal(actual[port], value), f"{what}: port {port} differs"


def assert_close(actual: Tensor, expected: Tensor, what: str) -> None:
    """Equal but for the order of float32 sums."""
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5, msg=lambda message: f"{what}: {message}")

"""What a component makes of the examples in its declaration: shapes in, shapes out, whether it has weights."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from builder.compiler.inference import FROM_VALUES, Meta, NodeError, build, infer, resolve_params
from components import registry
from components.spec import Component, Example, Sub, Tensors

DTYPES = {"int": torch.int64, "edges": torch.int64, "bool": torch.bool}
"""By kind of value, of an example or a port; any other is real numbers."""
Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Worked:
    """An example: the shapes that arrive (several at a variadic port), the values that were set, the shapes that leave."""

    inputs: Mapping[str, tuple[Shape, ...]]
    params: Mapping[str, Any]
    outputs: Mapping[str, Shape]


@functools.cache
def worked(id: str) -> Worked | None:
    """The first example of a component that takes tensors; None where it has none."""
    component = registry.get(id)
    return next((_work(component, e) for e in component.examples if e.inputs), None)


@functools.cache
def keeps_state(id: str) -> bool:
    """Whether a component has weights, or other values that a checkpoint holds, in any of its examples."""
    component = registry.get(id)
    return any(_state(component, example) for example in component.examples)


def _state(component: Component, example: Example) -> bool:
    values, errors = resolve_params(component, example.params, arriving(example))
    module = None if errors else build(component, _with_blocks(values), "meta")
    return isinstance(module, nn.Module) and bool(module.state_dict())


def arriving(example: Example) -> dict[str, list[Meta]]:
    """The tensors of an example by port, several at a variadic one."""
    return {
        port: [_meta(shape) for shape in (given if isinstance(given, list) else [given])]
        for port, given in example.inputs.items()
    }


def _work(component: Component, example: Example) -> Worked:
    metas = arriving(example)
    params = {name: value for name, value in example.params.items() if not isinstance(value, Sub)}
    inputs = {port: tuple(_shown(meta) for meta in some) for port, some in metas.items()}
    return Worked(inputs, params, _outputs(component, example, metas))


def _outputs(component: Component, example: Example, metas: Mapping[str, list[Meta]]) -> dict[str, Shape]:
    """The shapes that leave; none where the component needs more than shapes to run."""
    values, errors = resolve_params(component, example.params, metas)
    if errors:
        return {}
    if component.kind == "metric":
        return {"value": ()}
    try:
        found = infer(component, _with_blocks(values), metas).outputs
    except NodeError:
        return {}
    ports = component.outputs_for(values)
    return {port: _shown(meta) for port, meta in zip(ports, found, strict=False) if meta is not None}


def _with_blocks(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the blocks among them made, without memory."""
    return {n: registry.create_block(v).to("meta") if isinstance(v, Sub) else v for n, v in values.items()}


def _meta(given: Any) -> Meta:
    if isinstance(given, Tensors):
        return Meta(given.shape, DTYPES.get(given.kind, torch.float32), given.high or None)
    return Meta(tuple(given))


def _shown(meta: Meta) -> Shape:
    return tuple("*" if size == FROM_VALUES else size for size in meta.shape)

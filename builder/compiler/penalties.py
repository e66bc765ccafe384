"""What weights pay for: the regularizers that nodes and optimizers name, and the weights on which each one acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

from builder.compiler.compiled import Compiled
from builder.compiler.weights import weights_in
from builder.graph import FlatNode
from components import registry
from components.spec import Component


@dataclass(frozen=True)
class Weight:
    """A weight as its module computes with it; under parametrisations it is computed anew at each look."""

    module: nn.Module
    name: str
    stored: nn.Parameter

    @property
    def value(self) -> Tensor:
        return getattr(self.module, self.name)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is behind it."""
        if parametrize.is_parametrized(self.module, self.name):
            return list(self.module.get_submodule(f"parametrizations.{self.name}").parameters())
        return [self.stored]


@dataclass(frozen=True)
class Penalty:
    """A regularizer with the weights that pay: each for itself, or all together where it takes any number."""

    component: Component
    params: Mapping[str, Any]
    regularizer: Callable[..., Tensor]
    weights: Sequence[Weight]

    def __call__(self) -> Tensor:
        if self.component.variadic:
            return self.regularizer(*[weight.value for weight in self.weights])
        first, *rest = (self.regularizer(weight.value) for weight in self.weights)
        return sum(rest, first)


def penalties(compiled: Compiled, optimizer: FlatNode, parameters: Iterable[nn.Parameter]) -> list[Penalty]:
    """What the weights that an optimizer trains pay for: by their nodes' setting ``regularize``, and by its own.

    Shared weights pay once, at their owner; those that it does not train pay nothing.
    """
    mine = {id(parameter) for parameter in parameters}
    flat = compiled.flat
    found: dict[str, Penalty] = {}
    for path, node in {**flat.nodes, **flat.inner}.items():
        module = compiled.module(path)
        if path not in compiled.analysis.owners and module is not None:
            _add(found, node.settings.get("regularize", ()), module, mine)
    _add(found, optimizer.settings.get("regularize", ()), compiled.root, mine)
    return list(found.values())


def _add(found: dict[str, Penalty], items: Iterable[Mapping[str, Any]], module: nn.Module, mine: set[int]) -> None:
    """Adds what the weights in a module pay; the same regularizer is there once, with all its weights."""
    for item in items:
        entry, given = registry.get(item["component"]), item.get("params", {})
        (dims,) = (port.dims for port in entry.inputs.values())
        least = 1 if item.get("on") == "all" else 2
        weights = [
            weight
            for weight in (Weight(*held) for held in weights_in(module))
            if weight.stored.dim() >= least
            and dims.accepts_rank(weight.stored.dim())
            and any(id(parameter) in mine for parameter in weight.parameters)
        ]
        if weights:
            key = json.dumps([entry.id, given], sort_keys=True)
            known = found[key].weights if key in found else ()
            made = registry.create(entry.id, **given)
            found[key] = Penalty(entry, entry.check(given)[0], made, [*known, *weights])

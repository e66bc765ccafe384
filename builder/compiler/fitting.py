"""Whether a component could stand behind a port, or before one: read off its declaration, then proved by running it on meta
tensors of the shape that is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from builder.compiler.examples import DTYPES, arriving
from builder.compiler.inference import Inference, Meta, NodeError, Resolved, resolve
from builder.compiler.ports import dtype_fits, dtype_name, has_layout, layouts
from builder.compiler.symbols import ClashError, Symbols
from components.spec import Component, Dims, Port
from components.tensor_spec import TensorSpec

SOME = 7  # the size of an axis of which nothing is known
NO_TENSORS = ("optimizer", "scheduler", "strategy", "init")
OPEN = -2  # a size that is not known


@dataclass(frozen=True)
class Verdict:
    """``fits`` is None where nothing was proved; ``output`` is what the first output gives, where one run tells it."""

    fits: bool | None = None
    output: TensorSpec | None = None


UNPROVED, FIT, UNFIT = Verdict(), Verdict(True), Verdict(False)


# ------------------------------------------------------------------ what declarations say


def takes(dims: Dims, spec: TensorSpec) -> bool:
    """Whether a port's declaration lets a tensor in."""
    shape = [size if isinstance(size, int) else OPEN for size in spec.shape]
    layout = any(has_layout(shape, axes) for axes in layouts(dims))
    return dims.kind == "tensor" and layout and dtype_fits(dims.dtype, getattr(torch, spec.dtype))


def may_feed(given: Dims, wanted: Dims) -> bool:
    """Whether something that one port may give is among what another takes."""
    if given.kind != "tensor" or given.kind != wanted.kind:
        return given.kind == wanted.kind
    if "any" not in (given.dtype, wanted.dtype) and given.dtype != wanted.dtype:
        return False
    return any(_alike(a, b) for a in layouts(given) for b in layouts(wanted))


def _alike(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a tensor can have both lists of axes; a number is a size, ``*`` any number of axes."""
    if "*" in given:
        return "*" in wanted or len(wanted) >= len(given) - 1
    if "*" in wanted:
        return len(given) >= len(wanted) - 1
    sizes = [(a, b) for a, b in zip(given, wanted, strict=False) if a.isdigit() and b.isdigit()]
    return len(given) == len(wanted) and all(a == b for a, b in sizes)


def closeness(dims: Dims, spec: TensorSpec, axes: Sequence[str]) -> float:
    """How much a port was made for a tensor with axes of these names, 0 to 3: for its rank, its axes and its dtype."""
    exact = [layout for layout in layouts(dims) if len(layout) == len(spec.shape) and "*" not in layout]
    named = [sum(a == b for a, b in zip(layout, axes, strict=False)) / max(1, len(axes)) for layout in exact]
    dtype = 0.0 if dims.dtype == "any" else 0.2 if spec.dtype.startswith("float") else 1.0
    return bool(exact) + max(named, default=0.0) + dtype


def axes_of(dims: Dims, spec: TensorSpec) -> list[str]:
    """The names of a tensor's axes: as its port declares them, else as far as the shape itself has names."""
    rank = len(spec.shape)
    declared = next((axes for axes in layouts(dims) if len(axes) == rank and "*" not in axes), None)
    return declared or [size if isinstance(size, str) else "" for size in spec.shape]


# ------------------------------------------------------------------ proofs


class Bench:
    """Tries components on shapes of one graph; the same name is always the same stand-in size."""

    def __init__(self) -> None:
        self.symbols = Symbols()

    def behind(
        self, component: Component, port: str, given: TensorSpec, params: Mapping[str, Any] | None = None
    ) -> Verdict:
        """Runs a component with a tensor at one port; its other required ports get what the declaration asks for.

        A refusal proves something only where nothing had to be made up.
        """
        if not takes(component.inputs[port].dims, given):
            return UNFIT
        if component.kind in NO_TENSORS:  # these do not run: what they declare is all there is
            return FIT
        if any(p.block for p in component.parameters.values()):
            return UNPROVED
        try:
            meta = Meta(self.symbols.numbers(given.shape), getattr(torch, given.dtype), given.high)
        except ValueError:  # too many named axes
            return UNPROVED
        sizes = _bound(component.inputs[port].dims, meta)
        needed = [p for p in component.inputs.values() if p.name == port or not p.optional]
        inputs = {p.name: [meta if p.name == port else _made_up(p, sizes, meta)] for p in needed}
        try:
            resolved, result = _infer(component, params or {}, inputs, frozenset(self.symbols.twin))
        except NodeError:
            return UNFIT if len(needed) == 1 else UNPROVED
        first = next(iter(result.outputs), None)
        if component.kind == "metric" or first is None:
            return FIT
        return Verdict(True, self._named(first, resolved))

    def _named(self, meta: Meta, resolved: Resolved) -> TensorSpec | None:
        """The shape with the names of its axes; a second run tells sizes that follow from them. None where none can."""
        arriving = [m.shape for metas in resolved.inputs.values() for m in metas]
        if min(meta.shape, default=0) < 0:
            return None
        if any(self.symbols.fresh(meta.shape, arriving)):
            try:
                self.symbols.learn(meta.shape, self._twin(resolved))
            except (NodeError, ClashError):
                return None
        return TensorSpec(self.symbols.names(meta.shape), dtype_name(meta.dtype))

    def _twin(self, resolved: Resolved) -> tuple[int, ...]:
        """The shape of the first output where each named axis has the other of its two sizes."""
        twins = self.symbols.twins
        inputs = {p: [Meta(twins(m.shape), m.dtype, m.high) for m in ms] for p, ms in resolved.inputs.items()}
        varying = frozenset(self.symbols.twin[size] for size in resolved.varying)
        first = _infer(resolved.component, resolved.values, inputs, varying)[1].outputs[0]
        return () if first is None else first.shape

    def before(
        self, component: Component, output: str, wanted: Dims, target: tuple[Component, str, Mapping[str, Any]] | None
    ) -> Verdict:
        """Looks at what a component gives: a data set what it declares to hold, any other what it gives in its examples.

        Args:
            component: the one in question.
            output: its port.
            wanted: what the port at the other end takes.
            target: the component at the other end, its port and its parameters, where it is one.
        """
        if component.kind == "dataset":
            spec = _held(component).get(output)
            if spec is None:
                return UNPROVED
            if target is None:
                return Verdict(takes(wanted, spec), spec)
            verdict = self.behind(target[0], target[1], spec, target[2])
            return Verdict(verdict.fits, spec)
        place = list(component.outputs).index(output)
        return FIT if any(takes(wanted, spec) for spec in _given_in_examples(component, place)) else UNPROVED


def _infer(
    component: Component, params: Mapping[str, Any], inputs: Mapping[str, Sequence[Meta]], varying: frozenset[int]
) -> tuple[Resolved, Inference]:
    """What a component gives for inputs, and the values that it then has; NodeError for the first rule that is broken."""
    resolved = resolve(component, params, inputs, varying)
    for error in resolved.errors:
        raise error
    return resolved, resolved.infer()


def _bound(dims: Dims, meta: Meta) -> dict[str, tuple[int, ...]]:
    """The sizes of the axes that a declaration names; ``*`` stands for the rest of them."""
    axes = next((axes for axes in layouts(dims) if has_layout(meta.shape, axes)), [])
    if "*" not in axes:
        return {name: (size,) for name, size in zip(axes, meta.shape, strict=False)}
    star = axes.index("*")
    end = len(meta.shape) - (len(axes) - star - 1)
    pairs = [*zip(axes[:star], meta.shape, strict=False), *zip(axes[star + 1 :], meta.shape[end:], strict=True)]
    return {"*": meta.shape[star:end], **{name: (size,) for name, size in pairs}}


def _made_up(port: Port, sizes: Mapping[str, tuple[int, ...]], like: Meta) -> Meta:
    """A tensor that a port's declaration allows, its axes as large as those of the same name at another port."""
    axes = max(layouts(port.dims), key=lambda layout: sum(name in sizes for name in layout))
    shape = [
        s for name in axes for s in sizes.get(name, (int(name),) if name.isdigit() else () if name == "*" else (SOME,))
    ]
    return Meta(tuple(shape), DTYPES.get(port.dims.dtype, like.dtype if port.dims.dtype == "any" else torch.float32))


def _held(component: Component) -> Mapping[str, TensorSpec]:
    """What a data set holds with its defaults; nothing where it needs a person's file."""
    try:
        return component.factory(**component.check({})[0]).spec()
    except (ValueError, OSError, TypeError):
        return {}


def _given_in_examples(component: Component, place: int) -> list[TensorSpec]:
    """What a component gives at one of its outputs in its own examples."""
    found = []
    for example in component.examples:
        try:
            outputs = _infer(component, example.params, arriving(example), frozenset())[1].outputs
        except NodeError:  # an example that needs a part of a graph
            continue
        found += [TensorSpec(m.shape, dtype_name(m.dtype)) for m in outputs[place : place + 1] if m is not None]
    return found

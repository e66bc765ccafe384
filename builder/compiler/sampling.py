"""Which places and channels of its input one output value sees, measured from the component itself by gradients.

The component runs on small maps of random numbers, in evaluation. The gradient of one output place, averaged over many
samples, says how much each input place counts for it: a window shows, a largest value among others, or a whole map.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from builder.compiler.inference import Meta, build, call, resolve_params
from builder.compiler.rng import isolated_rng
from builder.compiler.small_runs import largest
from components import registry
from components.spec import Component

SAMPLES = {"Convolution": 16, "Pooling": 256, "Non-local attention": 32}
"""By family that has such pictures; a largest value is another one in each sample, so that pooling takes many."""
SIDES = (
    11,
    12,
    16,
    17,
    24,
    25,
    32,
    41,
    64,
)  # of the maps; the first that the component takes and that holds all it sees
VOLUME = 2**18  # values of a map in all samples; of three axes there are fewer samples
LARGEST, LARGEST_OF_THREE = 64, 12  # of a kernel, a distance, a size; with three axes
GROUPS, PER_GROUP = 4, 4  # of channels: more are alike
STRONG, WEAK = 0.05, 1e-5  # of the place that counts most
OF_ONE_SIGN = 0.8  # of the mean size: below it, the sign differs by sample
WHOLE = 0.9  # of a map: a few places may be missed by chance
Place = tuple[int, int]


@dataclass(frozen=True)
class Sampling:
    """What one output value in the middle sees, and where the one to its right looks.

    ``weights`` (rows of the input map) are from -1 to 1: how much a place counts, negative where it is subtracted.
    ``beside`` are the places of the next output value. ``channels`` says for each output channel which input channels it
    sees, of as few as show the pattern; it is empty where that was not told. ``step`` is how far the places move from one
    output value to the next, in input values; None where that is not known. ``offsets`` says that the places were moved
    by offsets drawn at random, which another port brings.
    """

    weights: tuple[tuple[float, ...], ...]
    beside: frozenset[Place]
    step: float | None
    channels: tuple[tuple[bool, ...], ...]
    offsets: bool = False

    @property
    def strong(self) -> frozenset[Place]:
        """The places that count."""
        return frozenset((i, j) for i, row in enumerate(self.weights) for j, w in enumerate(row) if abs(w) >= STRONG)

    @property
    def faint(self) -> int:
        """How many other places count a little, as through a mean of the whole map."""
        return sum(WEAK < abs(w) < STRONG for row in self.weights for w in row)

    @property
    def extent(self) -> Place:
        """Height and width of the window that holds the places that count."""
        rows, columns = zip(*self.strong, strict=True)
        return max(rows) - min(rows) + 1, max(columns) - min(columns) + 1

    @property
    def everywhere(self) -> bool:
        """Whether the whole map counts."""
        return len(self.strong) >= WHOLE * len(self.weights) * len(self.weights[0])


def sampling(component: Component, params: Mapping[str, Any]) -> Sampling | None:
    """What an output value sees with these parameter values; None where the component maps no map to a map."""
    if component.family not in SAMPLES:
        return None
    given = {name: value for name, value in params.items() if name in component.parameters}
    return _sampling(component.id, json.dumps(given, sort_keys=True, default=list))


@lru_cache(maxsize=256)
def _sampling(id: str, params: str) -> Sampling | None:
    component = registry.get(id)
    given, broken = component.check(json.loads(params), id)
    if broken:
        return None
    for values, channels in _small(component, given):
        if largest(values) > (LARGEST if values.get("dims", 2) < 3 else LARGEST_OF_THREE):
            continue
        fitting = filter(None, (_measure(component, values, channels, side) for side in SIDES))
        first = next(fitting, None)
        if first is None:
            continue
        if first.everywhere or first.faint:
            return first
        full = _measure(component, values, channels, SIDES[-1], brief=True) or first
        for found in itertools.chain([first], fitting):
            if all(here >= there for here, there in zip(found.extent, full.extent, strict=True)):
                return found
    return None


def _small(component: Component, given: Mapping[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """The values with few channels in the same pattern of groups, and as they are."""
    inferred = {name for name, parameter in component.parameters.items() if parameter.inferred and name != "dims"}
    values = {name: value for name, value in given.items() if name not in inferred}
    channels, groups = given.get("in_channels", PER_GROUP), values.get("groups", 1)
    few, tries = min(groups, GROUPS), []
    if isinstance(groups, int) and groups and channels % groups == 0:
        small = few * min(channels // groups, PER_GROUP)
        scaled = dict(values)
        if "groups" in values:
            scaled["groups"] = few
        if "out_channels" in component.parameters:
            out = values.get("out_channels", component.parameters["out_channels"].default)
            scaled["out_channels"] = few * max(1, min(out // groups, PER_GROUP))
        tries.append((scaled, small))
    return [*tries, (values, min(channels, 64))]


def _measure(
    component: Component, values: Mapping[str, Any], channels: int, side: int, brief: bool = False
) -> Sampling | None:
    """What is seen on maps of a side; ``brief`` for the places alone, from one sample."""
    name, *others = component.inputs
    dims = values.get("dims") or 2
    if component.inputs[name].dims.kind != "tensor" or not component.inputs[name].dims.accepts_rank(dims + 2):
        return None
    samples = 1 if brief else max(1, min(SAMPLES[component.family], VOLUME // (channels * side**dims)))
    x = Meta((samples, channels, *[side] * dims))
    inputs = {name: [x]}
    for other in others:
        port = component.inputs[other]
        if not port.optional:
            meta = _offsets(component, values, x) if other == "offset" else None
            if meta is None:
                return None
            inputs[other] = [meta]
    resolved, errors = resolve_params(component, values, inputs)
    if errors:
        return None
    try:
        with isolated_rng(0):
            module = build(component, resolved)
            if isinstance(module, nn.Module):
                _even(module.eval())
            points = torch.randn(x.shape, requires_grad=True)
            # What comes beside the map is the same for all samples: they share one pattern.
            tensors = {
                port: [torch.randn(1, *meta.shape[1:]).expand(meta.shape) for meta in metas]
                for port, metas in inputs.items()
            }
            tensors[name] = [points]
            y = call(component, module, resolved, tensors)
            y = y[0] if isinstance(y, tuple) else y
            if not isinstance(y, Tensor) or y.dim() != points.dim() or not y.requires_grad:
                return None
            found = _read(y, points, brief)
            return found and replace(found, offsets="offset" in inputs)
    except Exception:  # whatever a forward raises is the answer: it does not take such maps
        return None


def _offsets(component: Component, values: Mapping[str, Any], x: Meta) -> Meta | None:
    """The offsets of each tap that a deformable convolution takes beside its map."""
    full = {parameter.name: parameter.default for parameter in component.parameters.values()} | dict(values)

    def pair(key: str) -> Sequence[int]:
        return full[key] if isinstance(full[key], list | tuple) else (full[key],) * 2

    window = zip(x.shape[2:], *(pair(key) for key in ("padding", "dilation", "kernel_size", "stride")), strict=False)
    sizes = [
        (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
        for size, padding, dilation, taps, stride in window
    ]
    taps = pair("kernel_size")[0] * pair("kernel_size")[1]
    return Meta((x.shape[0], 2 * taps, *sizes)) if min(sizes) > 0 else None


def _even(module: nn.Module) -> None:
    """Weights of one sign and nearly one size, so that what shows is the pattern and not the draw."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1 or not parameter.any():
                fan = max(parameter[0].numel(), 1) if parameter.dim() > 1 else 1
                parameter.uniform_(0.9, 1.0).div_(fan)


def _read(y: Tensor, x: Tensor, brief: bool) -> Sampling | None:
    middle = [size // 2 for size in y.shape[2:]]
    weights = _seen(y, x, middle)
    if weights is None:
        return None
    rows = tuple(map(tuple, weights.tolist()))
    if brief:
        return Sampling(rows, frozenset(), None, ())
    beside = _seen(y, x, [*middle[:-1], middle[-1] + 1])
    # Outputs that lie denser than the inputs take turns: six show how far that goes, for factors of 2 and 3.
    far = 6 if y.shape[-1] > x.shape[-1] else 1
    there = _seen(y, x, [*middle[:-1], middle[-1] + far]) if far > 1 else beside
    places = frozenset() if beside is None else frozenset(_places(beside))
    step = None if there is None else _shift(weights, there) / far
    return Sampling(rows, places, step or None, _channels(y, x, middle))


def _seen(y: Tensor, x: Tensor, place: Sequence[int]) -> Tensor | None:
    """How much each input place (rows, columns) counts for an output place, from -1 to 1; a third axis is looked through."""
    if any(index >= size for index, size in zip(place, y.shape[2:], strict=True)):
        return None
    (gradient,) = torch.autograd.grad(y[(slice(None), slice(None), *place)].sum(), x, retain_graph=True)
    size, mean = gradient.abs().mean((0, 1)), gradient.mean((0, 1))
    if not size.any() or not torch.isfinite(size).all():
        return None
    signed = torch.where(mean < -OF_ONE_SIGN * size, -size, size) / size.max()
    while signed.dim() > 2:
        signed = signed.gather(0, signed.abs().argmax(0, keepdim=True))[0]
    return signed if signed.dim() == 2 else signed[None]


def _places(weights: Tensor) -> list[Place]:
    return [(i, j) for i, j in (weights.abs() >= STRONG).nonzero().tolist()]


def _shift(here: Tensor, there: Tensor) -> float:
    """How many columns further the places lie; 0 where they span another number of columns."""
    first, second = ([column for _, column in _places(weights)] for weights in (here, there))
    moved = min(second) - min(first)
    return moved if moved == max(second) - max(first) else 0


def _channels(y: Tensor, x: Tensor, middle: Sequence[int]) -> tuple[tuple[bool, ...], ...]:
    if y.shape[1] > GROUPS * PER_GROUP or x.shape[1] > GROUPS * PER_GROUP:
        return ()
    rows = []
    for channel in range(y.shape[1]):
        (gradient,) = torch.autograd.grad(y[(slice(None), channel, *middle)].sum(), x, retain_graph=True)
        size = gradient.abs().transpose(0, 1).flatten(1).mean(1)
        rows.append(tuple((size > STRONG * size.max()).tolist()))
    return tuple(rows)

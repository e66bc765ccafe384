"""What one node sees of its inputs, measured: no rule is written down beside a component.

Its own forward runs on tiny tensors that hold one NaN: the outputs that become NaN depend on that place. Neighbouring
places give the node's offsets and its stride. Statistics of normalisations are left out, as is usual: they would let
every value see the whole map.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from builder.compiler.check import Analysis
from builder.compiler.inference import Cache, Meta, build, call, resolve
from builder.compiler.rng import isolated_rng
from builder.graph import FlatNode
from components.spec import Component

LENGTHS = ((64, 12), (256, 4), (160, 34), (2048, 4))  # of the measured axis, with the number of places that are tried
LONG = 512  # beyond it, other axes are tiny or it is not measured
TINY, SMALL = 2, 33  # sizes of the other axes
MAX_VALUES = 2**22  # of a tensor in a measurement
_NORMS = "Feature normalization"
_MEASURED = Cache(5000)


@dataclass(frozen=True)
class Local:
    """What a node sees of an axis of its input: output place i + len(offsets) sees ``step`` further on than place i."""

    axis: int
    step: int
    offsets: tuple[tuple[int, ...], ...]


NOWHERE = Local(-1, 1, ())
"""Stands for an output that does not depend on an input at all."""
_EVERYWHERE = Local(-2, 1, ())
"""Stands for an output that depends on every place of an input, wherever it is."""


@dataclass(frozen=True)
class _Probe:
    """Where a measurement looks: an axis of what arrives at a port, tried at ``places`` along a ``length``."""

    port: str
    index: int
    axis: int
    length: int
    places: int


def measured(
    analysis: Analysis,
    node: FlatNode,
    wanted: Sequence[str],
    place: tuple[str, int, int],
    beside: frozenset[int],
) -> Mapping[str, Local | None]:
    """By output port, what a node sees along an axis of what arrives (port, number, axis); None where it sees all.

    Only of the ``wanted`` outputs is it measured to the end. ``beside`` are the other axes that have places.
    """
    port, index, axis = place
    names = list(node.component.outputs_for(analysis.values[node.path]))
    given = _tensors(analysis, node)
    probed = given[port][index]
    if probed.dtype == torch.bool:  # a mask
        return dict.fromkeys(names, NOWHERE)
    model = analysis.flat.find(analysis.examples.get(node.path, "")) or node  # whose parameters the node has
    if model.blocks:
        return dict.fromkeys(names)
    if node.component.family == _NORMS:
        return dict.fromkeys(names, Local(axis, 1, ((0,),)))
    long = probed.shape[axis]
    real = [] if analysis.symbols.varies(long) else [(long, max(long // 2, 1))]
    found: dict[str, Local | None] = {}
    for length, places in (*LENGTHS, *real):  # some nodes work with the real length only
        seen = _measure(model, given, _Probe(port, index, axis, length, places), beside, length != long)
        for name, local in zip(names, seen, strict=False):
            if local is not None and found.get(name, NOWHERE) is NOWHERE:  # which may also lie too far away
                found[name] = local
        if all(found.get(name, NOWHERE) is not NOWHERE for name in wanted):
            break
    return {name: None if found.get(name) is _EVERYWHERE else found.get(name) for name in names}


def _tensors(analysis: Analysis, node: FlatNode) -> dict[str, list[Meta]]:
    """What arrives at the ports of a node that take tensors."""
    known = {port: [analysis.metas[end] for end in ends if end in analysis.metas] for port, ends in node.inputs.items()}
    return {port: metas for port, metas in known.items() if metas and node.component.inputs[port].dims.kind == "tensor"}


def _measure(
    node: FlatNode, given: Mapping[str, Sequence[Meta]], probe: _Probe, beside: frozenset[int], free: bool
) -> tuple[Local | None, ...]:
    """What each output sees, at the smallest sizes that the node takes; None where that cannot be told.

    What hangs on the size of other axes, as in a flattened map, or on the length, as where each map is brought to one
    size, is not local: it is measured twice. ``free`` says that the length is not the real one.
    """
    tries = ((TINY, TINY), (TINY, SMALL), (None, TINY), (None, SMALL))
    for feature, other in tries[:1] if free and probe.length > LONG else tries:
        found = _small_run(node, _shrunk(given, probe, beside, feature, other), probe)
        if found is None:
            continue
        if all(local is None or local is _EVERYWHERE for local in found):
            return found
        twin = replace(probe, length=2 * probe.length) if free else probe
        again = _small_run(node, _shrunk(given, twin, beside, feature and 2 * feature, other + 1), twin)
        pairs = zip(found, again or (None,) * len(found), strict=False)
        return tuple(a if a == b or a is _EVERYWHERE else None for a, b in pairs)
    return ()


def _shrunk(
    given: Mapping[str, Sequence[Meta]], probe: _Probe, beside: frozenset[int], feature: int | None, other: int
) -> dict[str, tuple[Meta, ...]]:
    """The inputs with small sizes: of features (None leaves them), and of the ``other`` axes that have places."""
    probed = given[probe.port][probe.index].shape
    roles = dict.fromkeys(beside, other) | {probe.axis: probe.length, 0: probe.places + 1}
    alike = {probed[axis]: size for axis, size in roles.items()}

    def size(meta: Meta, axis: int) -> int:
        real = meta.shape[axis]
        if len(meta.shape) == len(probed) and axis in roles and real == probed[axis]:
            return roles[axis]
        return alike.get(real) or (real if real == 1 or feature is None else feature)

    return {
        port: tuple(Meta(tuple(size(meta, a) for a in range(len(meta.shape))), meta.dtype, meta.high) for meta in metas)
        for port, metas in given.items()
    }


def _small_run(node: FlatNode, small: Mapping[str, tuple[Meta, ...]], probe: _Probe) -> tuple[Local | None, ...] | None:
    """What each output sees, in one forward that is remembered; None where the node does not take these sizes."""
    if any(math.prod(meta.shape) > MAX_VALUES for metas in small.values() for meta in metas):
        return None
    key = (node.component.factory, repr(node.params), tuple(small.items()), probe)
    found = _MEASURED.get(key)
    if found is None:
        found = (_run(node.component, node.params, small, probe),)
        _MEASURED.put(key, found)
    return found[0]


def _run(
    component: Component,
    params: Mapping[str, object],
    small: Mapping[str, Sequence[Meta]],
    probe: _Probe,
) -> tuple[Local | None, ...] | None:
    resolved = resolve(component, params, small)
    if resolved.errors:
        return None
    first = (probe.length - probe.places) // 2
    try:
        with isolated_rng(0), torch.no_grad():
            module = build(component, resolved.values, "cpu")
            if isinstance(module, nn.Module):
                module.double().eval()
                for parameter in module.parameters():
                    parameter.uniform_(0.5, 1.0)
            tensors = {name: [_tensor(meta) for meta in metas] for name, metas in small.items()}
            probed = tensors[probe.port][probe.index]
            exact = probed.dtype.is_floating_point
            for item in range(probe.places):  # one sample of the batch for each place; the last one stays clean
                probed[item].select(probe.axis - 1, first + item).fill_(math.nan if exact else 1)
            result = call(component, module, resolved.values, tensors)
    except Exception:  # whatever a forward raises is the answer: it does not take these sizes
        return None
    outputs = result if isinstance(result, tuple | list) else (result,)
    return tuple(_read(output, exact, probe.places, first) for output in outputs)


def _tensor(meta: Meta) -> Tensor:
    if meta.dtype.is_floating_point:
        # In float64, no convolution takes a way on which NaNs spread.
        return torch.rand(meta.shape, dtype=torch.float64)
    return torch.zeros(meta.shape, dtype=meta.dtype)


def _read(output: object, exact: bool, places: int, first: int) -> Local | None:
    """What an output sees, from the places that changed in each sample; None where that follows no stride."""
    if not isinstance(output, Tensor) or not output.dim() or output.shape[0] != places + 1:
        return _EVERYWHERE
    changed = output.isnan() if exact and output.is_floating_point() else output != output[-1:]
    if changed[-1].any() or changed[:-1].flatten(1).all():  # samples are mixed, or all depends on each place
        return _EVERYWHERE
    if not changed.any():
        return NOWHERE
    rest = range(1, output.dim())
    rows = {axis: changed[:-1].amax([a for a in rest if a != axis]) if len(rest) > 1 else changed[:-1] for axis in rest}
    hits = {axis: [row.nonzero().flatten().tolist() for row in found] for axis, found in rows.items()}
    for axis, found in hits.items():
        local = _periodic(found, output.shape[axis], first, axis)
        if local is not None:
            return local
    endless = any(
        _to_the_end(found, output.shape[axis]) for axis, found in hits.items() if output.shape[axis] >= 8 * places
    )
    return _EVERYWHERE if endless else None


def _to_the_end(hits: Sequence[Sequence[int]], length: int) -> bool:
    """Whether each place reaches most of those up to the first or the last one, as in recurrent layers."""
    return all(len(hit) > length // 4 and (hit[0] == 0 or hit[-1] == length - 1) for hit in hits)


def _periodic(hits: Sequence[Sequence[int]], length: int, first: int, axis: int) -> Local | None:
    """The offsets behind the outputs that each of neighbouring places reaches; None where they follow no stride."""
    if any(hit and (hit[0] == 0 or hit[-1] == length - 1) for hit in hits):  # cut off, perhaps
        return None
    for step, period in itertools.product(range(1, len(hits) // 2 + 1), range(1, 33)):
        if math.gcd(step, period) > 1 and not any(hits[: step + 1]):
            continue
        pairs = zip(hits, hits[step:], strict=False)
        if not all([place + period for place in before] == list(after) for before, after in pairs):
            continue
        offsets: list[list[int]] = [[] for _ in range(period)]
        for place in range(step):
            for reached in hits[place]:
                turn, phase = divmod(reached, period)
                offsets[phase].append(first + place - turn * step)
        return Local(axis, step, tuple(tuple(sorted(found)) for found in offsets))
    return None

"""Receptive fields: how much of each input a value can see, by axis, composed from what each node is measured to see.

A node is measured by running its own forward on tiny tensors that hold one NaN: the outputs that become NaN depend on
that place. Neighbouring places give the node's offsets and its stride; nothing is written down beside a component.
Statistics of normalisations are left out, as is usual: they would let every value see the whole map.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor, nn

from builder.compiler.check import Analysis
from builder.compiler.inference import Cache, Meta, build, call, resolve
from builder.compiler.rng import isolated_rng
from builder.graph import FlatNode
from components.spec import Component

End = tuple[str, str]
POSITIONS = frozenset({"H", "W", "L", "T", "S", "U"})
"""The names of axes along which neighbours lie next to each other; features and channels have no neighbours."""
LENGTHS = ((64, 12), (256, 4), (160, 34), (2048, 4))  # of the measured axis, with the number of places that are tried
LONG = 512  # beyond it, other axes are tiny or it is not measured
TINY, SMALL = 2, 33  # sizes of the other axes
MAX_VALUES = 2**22  # of a tensor in a measurement
MAX_PERIOD = 4096
_FLOWING = ("layer", "op", "transform")
_NORMS = "Feature normalization"
_MEASURED = Cache(5000)


@dataclass(frozen=True)
class Extent:
    """How far a value sees along one axis of an input.

    Args:
        size: samples between the first and the last one that it depends on, both included; None for all, however many.
        jump: samples of the input between two neighbours of the value; None where it has no such axis any more.
    """

    size: int | None
    jump: Fraction | None = None


@dataclass(frozen=True)
class Reach:
    """What a value sees of one input: ``source`` (path, port), its sizes along the axes, and the extent along each."""

    source: End
    sizes: tuple[int | str, ...]
    extents: tuple[Extent, ...]

    @property
    def whole(self) -> bool:
        """Whether it can see all of the input."""
        return all(
            extent.size is None or (isinstance(size, int) and extent.size >= size)
            for extent, size in zip(self.extents, self.sizes, strict=True)
        )

    @property
    def count(self) -> int | None:
        """The samples in it; None where one of its sides has no size."""
        sides = [
            size if extent.size is None else min(extent.size, size) if isinstance(size, int) else extent.size
            for extent, size in zip(self.extents, self.sizes, strict=True)
        ]
        return None if any(isinstance(side, str) for side in sides) else math.prod(side for side in sides if side)  # type: ignore[misc]


def receptive_fields(analysis: Analysis) -> dict[str, tuple[Reach, ...]]:
    """By path, what the node's outputs see of each input that has places; of several outputs, the one that sees most."""
    fields: dict[End, _Fields] = {}
    read = {end for node in analysis.flat.nodes.values() for ends in node.inputs.values() for end in ends}
    for path in analysis.order:
        node = analysis.flat.nodes[path]
        if node.component.kind == "dataset":
            for port in analysis.report.nodes[path].outputs if path in analysis.report.nodes else ():
                axes = _places(analysis, (path, port))
                fields[path, port] = {(path, port, axis): _Field(axis, 1, (0,), (0,)) for axis in axes}
        elif node.component.kind in _FLOWING:
            fields |= {(path, port): found for port, found in _through(analysis, node, fields, read).items()}
    outputs: dict[str, list[_Fields]] = {}
    for (path, _), found in fields.items():
        outputs.setdefault(path, []).append(found)
    return {path: _reaches(analysis, found) for path, found in outputs.items()}


def _reaches(analysis: Analysis, outputs: Sequence[_Fields]) -> tuple[Reach, ...]:
    """What the outputs of a node see together, an input each."""
    seen: dict[End, dict[int, Extent]] = {}
    for key, field in (item for fields in outputs for item in fields.items()):
        extent = Extent(None) if field is None else Extent(field.size, field.jump)
        along = seen.setdefault(key[:2], {})
        before = along.setdefault(key[2], extent)
        if before.size is not None and (extent.size is None or extent.size > before.size):
            along[key[2]] = extent
    shapes = {source: analysis.report.nodes[source[0]].outputs[source[1]].shape for source in seen}
    return tuple(
        Reach(
            source, tuple(shapes[source][axis] for axis in sorted(along)), tuple(along[axis] for axis in sorted(along))
        )
        for source, along in seen.items()
    )


def _places(analysis: Analysis, source: End) -> tuple[int, ...]:
    """The axes of an input along which its samples lie side by side, by the names that its port or its readers give."""
    node, spec = analysis.flat.nodes[source[0]], analysis.report.nodes[source[0]].outputs[source[1]]
    rank = len(spec.shape)
    if spec.dtype == "bool":  # a mask
        return ()
    readers = [
        other.component.inputs[port].dims
        for other in analysis.flat.nodes.values()
        for port, ends in other.inputs.items()
        if source in ends and port in other.component.inputs
    ]
    for dims in (node.component.outputs_for(node.params)[source[1]].dims, *readers):
        for names in dims.alternatives():
            if len(names) == rank and "*" not in names:
                return tuple(i for i, name in enumerate(names) if name in POSITIONS or (name == "D" and "H" in names))
    return tuple(range(2, rank))


# ------------------------------------------------------------------ one axis of an input


@dataclass(frozen=True)
class _Field:
    """Place i of a value's ``axis`` sees the samples from ``first`` to ``last`` of an input.

    Both repeat: with i + len(first), they are ``step`` samples further on. A place that sees nothing has its first behind its last.
    """

    axis: int
    step: int
    first: tuple[int, ...]
    last: tuple[int, ...]

    @classmethod
    def start(cls, axis: int) -> _Field:
        return cls(axis, 1, (0,), (0,))

    @property
    def size(self) -> int:
        return max(0, *(b - a + 1 for a, b in zip(self.first, self.last, strict=True)))

    @property
    def jump(self) -> Fraction:
        return Fraction(self.step, len(self.first))

    def at(self, place: int) -> tuple[int, int]:
        turn, phase = divmod(place, len(self.first))
        return self.first[phase] + turn * self.step, self.last[phase] + turn * self.step

    def through(self, local: _Local) -> _Field | None:
        """The field behind a node; None where it has no short period."""
        period = len(self.first)
        times = period // math.gcd(local.step, period)
        length = len(local.offsets) * times
        if length > MAX_PERIOD:
            return None
        seen = []
        for place in range(length):
            turn, phase = divmod(place, len(local.offsets))
            parts = [self.at(offset + turn * local.step) for offset in local.offsets[phase]]
            seen.append(
                (min((a for a, b in parts if a <= b), default=1), max((b for a, b in parts if a <= b), default=0))
            )
        first, last = zip(*seen, strict=True)
        return _Field(local.axis, self.step * local.step * times // period, first, last)

    def joined(self, other: _Field) -> _Field | None:
        """What sees all that the two see; None where they do not run side by side."""
        if self.axis != other.axis or self.jump != other.jump:
            return None
        length = math.lcm(len(self.first), len(other.first))
        if length > MAX_PERIOD:
            return None
        pairs = [[at for at in (self.at(i), other.at(i)) if at[0] <= at[1]] for i in range(length)]
        first = tuple(min((a for a, _ in seen), default=1) for seen in pairs)
        last = tuple(max((b for _, b in seen), default=0) for seen in pairs)
        return _Field(self.axis, int(self.jump * length), first, last)


_Fields = dict[tuple[str, str, int], _Field | None]
"""By path, port and axis of an input, what is seen of it; None for all."""
_NOTHING = _Field(-1, 1, (1,), (0,))


@dataclass(frozen=True)
class _Local:
    """What a node sees of an axis of its input: output place i + len(offsets) sees ``step`` further on than place i."""

    axis: int
    step: int
    offsets: tuple[tuple[int, ...], ...]


def _through(analysis: Analysis, node: FlatNode, fields: Mapping[End, _Fields], read: Set[End]) -> dict[str, _Fields]:
    """The fields of those of a node's outputs that others read (else of its first one), from those of what arrives."""
    names = [p for p in node.component.outputs_for(analysis.values[node.path]) if (node.path, p) in analysis.metas]
    outputs = [port for port in names if (node.path, port) in read] or names[:1]
    found: dict[str, _Fields] = {port: {} for port in outputs}
    for port, ends in node.inputs.items():
        for index, end in enumerate(ends):
            arriving = fields.get(end, {})
            axes = frozenset(field.axis for field in arriving.values() if field is not None)
            behind = {axis: _measured(analysis, node, outputs, (port, index, axis), axes - {axis}) for axis in axes}
            for key, field in arriving.items():
                for name in outputs:
                    local = None if field is None else behind[field.axis][name]
                    if local is not _NOWHERE:
                        further = None if field is None or local is None else field.through(local)
                        found[name][key] = _joined(found[name].get(key, _NOTHING), further)
    return found


def _joined(one: _Field | None, other: _Field | None) -> _Field | None:
    return other if one is _NOTHING else None if one is None or other is None else one.joined(other)


# ------------------------------------------------------------------ one node


_NOWHERE = _Local(-1, 1, ())
"""Stands for an output that does not depend on an input at all."""
_EVERYWHERE = _Local(-2, 1, ())
"""Stands for an output that depends on every place of an input, wherever it is."""


@dataclass(frozen=True)
class _Probe:
    """Where a measurement looks: an axis of what arrives at a port, tried at ``places`` along a ``length``."""

    port: str
    index: int
    axis: int
    length: int
    places: int


def _measured(
    analysis: Analysis,
    node: FlatNode,
    wanted: Sequence[str],
    place: tuple[str, int, int],
    beside: frozenset[int],
) -> Mapping[str, _Local | None]:
    """By output port, what a node sees along an axis of what arrives (port, number, axis); None where it sees all.

    Only of the ``wanted`` outputs is it measured to the end. ``beside`` are the other axes that have places.
    """
    port, index, axis = place
    names = list(node.component.outputs_for(analysis.values[node.path]))
    given = _tensors(analysis, node)
    probed = given[port][index]
    if probed.dtype == torch.bool:  # a mask
        return dict.fromkeys(names, _NOWHERE)
    if node.blocks:
        return dict.fromkeys(names)
    if node.component.family == _NORMS:
        return dict.fromkeys(names, _Local(axis, 1, ((0,),)))
    long = probed.shape[axis]
    real = [] if analysis.symbols.varies(long) else [(long, max(long // 2, 1))]
    found: dict[str, _Local | None] = {}
    for length, places in (*LENGTHS, *real):  # some nodes work with the real length only
        measured = _measure(node, given, _Probe(port, index, axis, length, places), beside, length != long)
        for name, local in zip(names, measured, strict=False):
            if local is not None and found.get(name, _NOWHERE) is _NOWHERE:  # which may also lie too far away
                found[name] = local
        if all(found.get(name, _NOWHERE) is not _NOWHERE for name in wanted):
            break
    return {name: None if found.get(name) is _EVERYWHERE else found.get(name) for name in names}


def _tensors(analysis: Analysis, node: FlatNode) -> dict[str, list[Meta]]:
    """What arrives at the ports of a node that take tensors."""
    known = {port: [analysis.metas[end] for end in ends if end in analysis.metas] for port, ends in node.inputs.items()}
    return {port: metas for port, metas in known.items() if metas and node.component.inputs[port].dims.kind == "tensor"}


def _measure(
    node: FlatNode, given: Mapping[str, Sequence[Meta]], probe: _Probe, beside: frozenset[int], free: bool
) -> tuple[_Local | None, ...]:
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


def _small_run(
    node: FlatNode, small: Mapping[str, tuple[Meta, ...]], probe: _Probe
) -> tuple[_Local | None, ...] | None:
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
) -> tuple[_Local | None, ...] | None:
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
    except (ValueError, RuntimeError, IndexError, TypeError):  # whatever a forward raises: it does not take these sizes
        return None
    outputs = result if isinstance(result, tuple | list) else (result,)
    return tuple(_read(output, exact, probe.places, first) for output in outputs)


def _tensor(meta: Meta) -> Tensor:
    if meta.dtype.is_floating_point:
        return torch.rand(
            meta.shape, dtype=torch.float64
        )  # in float64, no convolution takes a way on which NaNs spread
    return torch.zeros(meta.shape, dtype=meta.dtype)


def _read(output: object, exact: bool, places: int, first: int) -> _Local | None:
    """What an output sees, from the places that changed in each sample; None where that follows no stride."""
    if not isinstance(output, Tensor) or not output.dim() or output.shape[0] != places + 1:
        return _EVERYWHERE
    changed = output.isnan() if exact and output.is_floating_point() else output != output[-1:]
    if changed[-1].any() or changed[:-1].flatten(1).all():  # samples are mixed, or all depends on each place
        return _EVERYWHERE
    if not changed.any():
        return _NOWHERE
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


def _periodic(hits: Sequence[Sequence[int]], length: int, first: int, axis: int) -> _Local | None:
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
        return _Local(axis, step, tuple(tuple(sorted(found)) for found in offsets))
    return None

"""Receptive fields: how much of each input a value can see, by axis, composed from what each node is measured to see."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

from builder.compiler.check import Analysis
from builder.compiler.receptive_probe import NOWHERE, Local, measured
from builder.graph import FlatNode

End = tuple[str, str]
POSITIONS = frozenset({"H", "W", "L", "T", "S", "U"})
"""The names of axes along which neighbours lie next to each other; features and channels have no neighbours."""
MAX_PERIOD = 4096
_FLOWING = ("layer", "op", "transform")


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
        known = [side for side in sides if isinstance(side, int)]
        return math.prod(known) if len(known) == len(sides) else None


@dataclass(frozen=True)
class Sight:
    """What a value sees of one input: ``source`` (path, port), place by place."""

    source: End
    _along: Mapping[int, _Field | None]

    @property
    def local(self) -> bool:
        """Whether what it sees depends on the place, along every axis of the input."""
        return all(field is not None for field in self._along.values())

    def at(self, place: Mapping[int, int]) -> dict[int, tuple[int, int] | None]:
        """The first and the last sample by axis of the input, which may lie beyond its edges; None for all.

        Args:
            place: by axis of the value.
        """
        return {
            axis: None if field is None or field.axis not in place else field.at(place[field.axis])
            for axis, field in self._along.items()
        }


def sights(analysis: Analysis, end: End) -> tuple[Sight, ...]:
    """What a value sees of each input that has places."""
    seen: dict[End, dict[int, _Field | None]] = {}
    for key, field in _all_fields(analysis).get(end, {}).items():
        seen.setdefault(key[:2], {})[key[2]] = field
    return tuple(Sight(source, along) for source, along in seen.items())


def receptive_fields(analysis: Analysis) -> dict[str, tuple[Reach, ...]]:
    """By path, what the node's outputs see of each input that has places; of several outputs, the one that sees most."""
    outputs: dict[str, list[_Fields]] = {}
    for (path, _), found in _all_fields(analysis).items():
        outputs.setdefault(path, []).append(found)
    return {path: _reaches(analysis, found) for path, found in outputs.items()}


def _all_fields(analysis: Analysis) -> dict[End, _Fields]:
    """What each value sees."""
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
    return fields


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

    @property
    def size(self) -> int:
        return max(0, *(b - a + 1 for a, b in zip(self.first, self.last, strict=True)))

    @property
    def jump(self) -> Fraction:
        return Fraction(self.step, len(self.first))

    def at(self, place: int) -> tuple[int, int]:
        turn, phase = divmod(place, len(self.first))
        return self.first[phase] + turn * self.step, self.last[phase] + turn * self.step

    def through(self, local: Local) -> _Field | None:
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


def _through(analysis: Analysis, node: FlatNode, fields: Mapping[End, _Fields], read: Set[End]) -> dict[str, _Fields]:
    """The fields of those of a node's outputs that others read (else of its first one), from those of what arrives."""
    names = [p for p in node.component.outputs_for(analysis.values[node.path]) if (node.path, p) in analysis.metas]
    outputs = [port for port in names if (node.path, port) in read] or names[:1]
    found: dict[str, _Fields] = {port: {} for port in outputs}
    if not outputs:  # something is wrong with the node
        return found
    for port, ends in node.inputs.items():
        for index, end in enumerate(ends):
            arriving = fields.get(end, {})
            axes = frozenset(field.axis for field in arriving.values() if field is not None)
            behind = {axis: measured(analysis, node, outputs, (port, index, axis), axes - {axis}) for axis in axes}
            for key, field in arriving.items():
                for name in outputs:
                    local = None if field is None else behind[field.axis][name]
                    if local is not NOWHERE:
                        further = None if field is None or local is None else field.through(local)
                        found[name][key] = _joined(found[name].get(key, _NOTHING), further)
    return found


def _joined(one: _Field | None, other: _Field | None) -> _Field | None:
    return other if one is _NOTHING else None if one is None or other is None else one.joined(other)

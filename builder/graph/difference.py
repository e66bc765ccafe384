"""What tells two graphs apart: nodes that came, went, were renamed or changed, and the wires between them. Pure data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from builder.graph.document import clone, plain, to_document
from builder.graph.edit.block_names import rename_blocks
from builder.graph.edit.references import begun_anew, follow
from builder.graph.graph import BLOCK_PREFIX, Edge, Graph
from builder.graph.matching import match


class Change(NamedTuple):
    """A value that differs; None where it was not set, or is no longer."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class NodeChange:
    """A node that is in both graphs, under its names there, and what of it differs. Blocks have their later names."""

    before: str
    after: str
    component: tuple[str, str] | None = None
    params: tuple[Change, ...] = ()
    settings: tuple[Change, ...] = ()
    reordered: tuple[str, ...] = ()
    """Ports whose wires arrive in another order."""

    @property
    def renamed(self) -> bool:
        return self.before != self.after

    @property
    def changed(self) -> bool:
        """Whether more than its name differs."""
        return bool(self.component or self.params or self.settings or self.reordered)


@dataclass(frozen=True)
class BodyDifference:
    """What differs between two graphs without their blocks, or between two states of one block.

    ``added`` and ``wires_added`` speak in the names of the later graph, ``removed`` and ``wires_removed`` in those of the
    earlier one.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    nodes: tuple[NodeChange, ...] = ()
    wires_added: tuple[Edge, ...] = ()
    wires_removed: tuple[Edge, ...] = ()
    params: tuple[Change, ...] = ()
    """The values that a block offers to its uses."""

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.nodes, self.wires_added, self.wires_removed, self.params))

    @property
    def touched(self) -> frozenset[str]:
        """The nodes of the later graph that were renamed or changed, or whose wires differ (of those that were there before)."""
        names = {change.after for change in self.nodes}
        names |= {end for edge in self.wires_added for end in (edge.source, edge.target)}
        return frozenset(names - set(self.added))


@dataclass(frozen=True)
class Difference:
    """What differs between an earlier and a later graph. Places on the canvas do not count."""

    body: BodyDifference = field(default_factory=BodyDifference)
    blocks: Mapping[str, BodyDifference] = field(default_factory=dict)
    """By name, the blocks that are in both and differ."""
    blocks_added: tuple[str, ...] = ()
    blocks_removed: tuple[str, ...] = ()
    blocks_renamed: tuple[tuple[str, str], ...] = ()
    training: tuple[Change, ...] = ()
    meta: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        parts = (self.blocks, self.blocks_added, self.blocks_removed, self.blocks_renamed, self.training, self.meta)
        return bool(self.body) or any(parts)

    @property
    def bodies(self) -> dict[str, BodyDifference]:
        """The graph's own difference under an empty name, and those of its blocks."""
        return ({"": self.body} if self.body else {}) | dict(self.blocks)

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes were added, removed, changed and only renamed, blocks included; and how many wires differ."""
        bodies = self.bodies.values()
        nodes = [node for body in bodies for node in body.nodes]
        return {
            "added": sum(len(body.added) for body in bodies),
            "removed": sum(len(body.removed) for body in bodies),
            "changed": sum(node.changed for node in nodes),
            "renamed": sum(node.renamed for node in nodes),
            "wires": sum(len(body.wires_added) + len(body.wires_removed) for body in bodies),
        }

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON-able data."""
        return {
            "equal": not self,
            "counts": self.counts,
            "graph": _body_json(self.body),
            "blocks": {name: _body_json(body) for name, body in self.blocks.items()},
            "blocks_added": list(self.blocks_added),
            "blocks_removed": list(self.blocks_removed),
            "blocks_renamed": [list(pair) for pair in self.blocks_renamed],
            "training": _changes_json(self.training),
            "meta": _changes_json(self.meta),
        }


def _body_json(body: BodyDifference) -> dict[str, Any]:
    return {
        "added": list(body.added),
        "removed": list(body.removed),
        "changed": [
            {"before": node.before, "after": node.after}
            | ({"component": list(node.component)} if node.component else {})
            | ({"params": _changes_json(node.params)} if node.params else {})
            | ({"settings": _changes_json(node.settings)} if node.settings else {})
            | ({"reordered": list(node.reordered)} if node.reordered else {})
            for node in body.nodes
        ],
        "wires_added": [str(edge) for edge in body.wires_added],
        "wires_removed": [str(edge) for edge in body.wires_removed],
        "params": _changes_json(body.params),
    }


def _changes_json(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [change._asdict() for change in changes]


def lines(found: Difference) -> list[str]:
    """The difference as lines of plain text: ``+`` came, ``-`` went, ``~`` changed. Names inside a block follow its name."""
    said = []
    for name, body in found.bodies.items():
        at = f"{BLOCK_PREFIX}{name}/" if name else ""
        said += [f"+ {at}{node}" for node in body.added] + [f"- {at}{node}" for node in body.removed]
        for node in body.nodes:
            was = f" (was {node.before})" if node.renamed else ""
            component = [Change("component", *node.component)] if node.component else []
            values = [
                *component,
                *node.params,
                *node.settings,
                *(Change(f"order of {p}", "", "") for p in node.reordered),
            ]
            what = ", ".join(_line(change) for change in values)
            said.append(f"~ {at}{node.after}{was}{': ' if what else ''}{what}")
        said += [f"~ {at}{_line(change)}" for change in body.params]
        said += [f"+ {at}{edge}" for edge in body.wires_added] + [f"- {at}{edge}" for edge in body.wires_removed]
    said += [f"+ {BLOCK_PREFIX}{name}" for name in found.blocks_added]
    said += [f"- {BLOCK_PREFIX}{name}" for name in found.blocks_removed]
    said += [f"~ {BLOCK_PREFIX}{after} (was {before})" for before, after in found.blocks_renamed]
    said += [f"~ training.{_line(change)}" for change in found.training]
    return said + [f"~ meta.{_line(change)}" for change in found.meta]


def _line(change: Change) -> str:
    if change.before == change.after == "":
        return change.name
    before, after = _written(change.before), _written(change.after)
    return f"{change.name} {before} -> {after}"


def difference(before: Graph, after: Graph) -> Difference:
    """What was added to, removed from and changed in a graph; a renamed node is known by its component and surroundings.

    Raises:
        GraphError: a value that no graph file can hold.
    """
    old, new = to_document(before)["blocks"], to_document(after)["blocks"]
    gone, come = [name for name in old if name not in new], [name for name in new if name not in old]
    renamed = {}
    for name in gone:
        same = next((other for other in come if new[other] == old[name] and other not in renamed.values()), None)
        if same is not None:
            renamed[name] = same
    earlier = clone(before)  # which is brought to the names of the later one
    for part in (earlier, *earlier.blocks.values()) if renamed else ():
        rename_blocks(part, renamed, before.blocks)
    blocks = {name: _between(earlier.blocks[name], after.blocks[name]) for name in old if name in new}
    return Difference(
        _between(earlier, after),
        {name: body for name, body in blocks.items() if body},
        tuple(name for name in come if name not in renamed.values()),
        tuple(name for name in gone if name not in renamed),
        tuple(renamed.items()),
        _changes(before.training, after.training),
        _changes(before.meta, after.meta),
    )


def _between(before: Graph, after: Graph) -> BodyDifference:
    """What differs between two graphs whose blocks have the same names; nodes of the earlier one come to name others anew."""
    pairs = match(before, after)
    follow(before, lambda path: begun_anew(path, pairs))
    found = set(pairs.values())
    moved = [_moved(edge, pairs) for edge in before.wires()]
    common = Counter(filter(None, moved)) & Counter(after.wires())
    lost, gained = Counter(common), Counter(common)
    nodes = [_change(before, after, (old, new), pairs) for old, new in pairs.items()]
    return BodyDifference(
        added=tuple(node for node in after if node not in found),
        removed=tuple(node for node in before if node not in pairs),
        nodes=tuple(node for node in nodes if node.renamed or node.changed),
        wires_added=tuple(edge for edge in after.wires() if not _take(gained, edge)),
        wires_removed=tuple(edge for edge, now in zip(before.wires(), moved, strict=True) if not _take(lost, now)),
        params=_changes(before.block_params, after.block_params),
    )


def _moved(edge: Edge, pairs: Mapping[str, str]) -> Edge | None:
    """A wire of the earlier graph in the names of the later one; None where one of its ends is no more."""
    if edge.source not in pairs or edge.target not in pairs:
        return None
    return Edge(pairs[edge.source], edge.source_port, pairs[edge.target], edge.target_port)


def _take(counter: Counter[Edge], edge: Edge | None) -> bool:
    """Whether one more of these wires is left, which is then taken."""
    if edge is not None:
        counter[edge] -= 1
    return edge is not None and counter[edge] >= 0


def _change(before: Graph, after: Graph, nodes: tuple[str, str], pairs: Mapping[str, str]) -> NodeChange:
    old, new = nodes
    one, two = before.nodes[old], after.nodes[new]
    component = None if one["component"] == two["component"] else (one["component"], two["component"])
    then = [_moved(edge, pairs) for edge in before.wires_into(old)]
    now = after.wires_into(new)
    common = Counter(filter(None, then)) & Counter(now)
    then, now = [edge for edge in then if edge in common], [edge for edge in now if edge in common]
    ports = dict.fromkeys(edge.target_port for edge in now)
    return NodeChange(
        old,
        new,
        component,
        _changes(one["params"], two["params"]),
        _changes(one["settings"], two["settings"]),
        tuple(port for port in ports if _order(then, port) != _order(now, port)),
    )


def _order(edges: Iterable[Edge | None], port: str) -> list[tuple[str, str]]:
    """The ends that feed a port, one time each, in their order."""
    return list(dict.fromkeys((e.source, e.source_port) for e in edges if e is not None and e.target_port == port))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    names = dict.fromkeys((*before, *after))
    pairs = [Change(name, plain(before.get(name)), plain(after.get(name))) for name in names]
    return tuple(change for change in pairs if _written(change.before) != _written(change.after))


def _written(value: Any) -> str:
    """A value as a file holds it: 1, 1.0 and True are equal, but not written alike."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

"""A compiled graph as nested scopes: the model and each use of a block, with what flows in, through and out of them.

The compiler unfolds blocks; an export keeps them, so that its classes mirror the graph. The walk here repeats the
unfolding with values that are local to one scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from builder.compiler import Compiled, End
from builder.compiler.check import owner_of
from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, FlatNode, Graph
from builder.graph.edit import substitute

Key = tuple[str, ...]
"""Names an input or output of a scope: (port, number) or, for what no port carries, ("", path, port)."""


@dataclass(frozen=True)
class Value:
    """A value inside one scope: an output of one of its items, or (without an item) one of the scope's inputs."""

    item: str
    key: Key


Feeds = dict[str, list[Value]]
"""Values by port, in the order of their wires."""


@dataclass
class Leaf:
    """A node that computes. ``owner`` is the path of the node whose module it calls; None for an op."""

    path: str
    node: FlatNode
    inputs: Feeds
    owner: str | None
    live: set[Key] = field(default_factory=set)


@dataclass
class Scope:
    """The model (``block`` is empty) or one use of a block. ``attribute`` is where it hangs in the scope around it."""

    prefix: str
    block: str
    attribute: str
    params: Mapping[str, Any]
    items: dict[str, Leaf | Scope] = field(default_factory=dict)
    inputs: dict[Key, Value] = field(default_factory=dict)
    """What the scope around gives, by this scope's input."""
    results: dict[Key, Value] = field(default_factory=dict)
    ends: dict[End, Value] = field(default_factory=dict)
    """A value by the end that it comes from."""
    origins: dict[Value, End] = field(default_factory=dict)
    """The end by value: two inputs may bring the same one."""
    data: list[End] = field(default_factory=list)
    """Outputs of data sets within, and other given values: they too come in from around."""
    live: set[Key] = field(default_factory=set)
    used: set[Key] = field(default_factory=set)
    """The inputs that something live reads."""
    modules: list[str] = field(default_factory=list)
    """Owners of shared modules outside, which a call has to bring along."""

    def see(self, end: End, value: Value) -> None:
        self.ends.setdefault(end, value)
        self.origins[value] = end

    def scopes(self) -> Iterator[Scope]:
        """The scopes within, innermost first, then this one."""
        for item in self.items.values():
            if isinstance(item, Scope):
                yield from item.scopes()
        yield self

    def leaves(self) -> Iterator[Leaf]:
        for item in self.items.values():
            if isinstance(item, Scope):
                yield from item.leaves()
            else:
                yield item


def model_scope(compiled: Compiled, outputs: Iterable[End], given: Iterable[End] = ()) -> Scope:
    """The scope of a model with these outputs; what does not contribute to them is left out.

    Inputs are what data sets give, and the values in ``given``: what makes them is left out too.
    """
    root = _Walk(compiled, frozenset(given)).body(compiled.graph, Scope("", "", "", {}), {})
    for path, port in outputs:
        root.results["", path, port] = _resolve(root, (path, port))
    root.live = set(root.results)
    _mark(root)
    constructed = {leaf.owner for leaf in root.leaves() if leaf.live and leaf.owner}
    _prune(root, constructed)
    for leaf in root.leaves():
        if leaf.live and leaf.owner:
            _bring(root, leaf.path, leaf.owner)
    return root


class _Walk:
    def __init__(self, compiled: Compiled, given: Set[End]) -> None:
        self.compiled, self.given = compiled, given
        self.blocks = compiled.graph.blocks

    def body(self, graph: Graph, scope: Scope, entering: Mapping[str, list[End]]) -> Scope:
        """Fills a scope from the graph or block that it is a use of. ``entering`` are the ends behind each port."""
        values: dict[tuple[str, str], list[Value]] = {}
        for id in _order(graph):
            data = graph.nodes[id]
            feeds: Feeds = {}
            for edge in graph.wires_into(id):
                feeds.setdefault(edge.target_port, []).extend(values.get((edge.source, edge.source_port), []))
            if data["component"] == PORT_IN:
                arriving = [Value("", (id, str(i))) for i in range(len(entering.get(id, [])))]
                values[id, "y"] = arriving
                for end, value in zip(entering.get(id, []), arriving, strict=True):
                    scope.see(end, value)
            elif data["component"] == PORT_OUT:
                scope.results |= {(id, str(i)): value for i, value in enumerate(feeds.get("x", []))}
            elif data["component"].startswith(BLOCK_PREFIX):
                outputs = self._use(id, data, scope, feeds)
                values |= {(id, port): found for port, found in outputs.items()}
            else:
                values |= self._leaf(id, scope, feeds)
        return scope

    def _leaf(self, id: str, scope: Scope, feeds: Feeds) -> dict[tuple[str, str], list[Value]]:
        path = f"{scope.prefix}{id}"
        node = self.compiled.flat.nodes[path]
        ports = node.component.outputs_for(self.compiled.analysis.values.get(path, {}))
        outside = [p for p in ports if node.component.kind == "dataset" or (path, p) in self.given]
        values = {p: Value("", ("", path, p)) if p in outside else Value(id, (p, "0")) for p in ports}
        scope.data += [(path, port) for port in outside]
        if len(outside) < len(ports):
            scope.items[id] = self._item(path, node, feeds)
        for port, value in values.items():
            scope.see((path, port), value)
        return {(id, port): [value] for port, value in values.items()}

    def _item(self, path: str, node: FlatNode, feeds: Feeds) -> Leaf:
        owner = None if self.compiled.target(path) is None else owner_of(node, self.compiled.flat) or path
        return Leaf(path, node, feeds, owner)

    def _use(self, id: str, data: Mapping[str, Any], scope: Scope, feeds: Feeds) -> Feeds:
        name = data["component"].removeprefix(BLOCK_PREFIX)
        block = self.blocks[name]
        given = substitute(data["params"], scope.params) if scope.block else data["params"]
        params = {**block.block_params, **given}
        repeat = data["settings"].get("repeat", 1)
        if repeat == 1:
            return self._inner(id, f"{scope.prefix}{id}/", name, params, scope, feeds)
        ins = [n for n, d in block.nodes(data=True) if d["component"] == PORT_IN]
        outs = [n for n, d in block.nodes(data=True) if d["component"] == PORT_OUT]
        results: Feeds = {}
        for copy in range(repeat):
            results = self._inner(f"{id}/n{copy}", f"{scope.prefix}{id}/n{copy}/", name, params, scope, feeds)
            feeds = {**feeds, **{ins[i]: results.get(out, []) for i, out in enumerate(outs)}}
        return results

    def _inner(self, item: str, prefix: str, name: str, params: Mapping[str, Any], scope: Scope, feeds: Feeds) -> Feeds:
        inner = Scope(prefix, name, item, params)
        inner.inputs = {(port, str(i)): value for port, values in feeds.items() for i, value in enumerate(values)}
        entering = {port: [scope.origins[value] for value in values] for port, values in feeds.items()}
        self.body(self.blocks[name], inner, entering)
        for end in inner.data:
            inner.inputs["", *end] = Value("", ("", *end))
            scope.see(end, Value("", ("", *end)))
        scope.data += inner.data
        scope.items[item] = inner
        values: Feeds = {}
        for key, result in inner.results.items():
            value = Value(item, key) if result.item else inner.inputs[result.key]
            values.setdefault(key[0], []).append(value)
            scope.see(inner.origins[result], value)
        return values


def _order(graph: Graph) -> list[str]:
    position = {node: index for index, node in enumerate(graph.nodes)}
    return list(nx.lexicographical_topological_sort(graph, key=position.__getitem__))


def _resolve(scope: Scope, end: End) -> Value:
    """The value of an end in a scope; one that no port brings out of a block gets a result of its own there."""
    if end not in scope.ends:
        name, inner = next(
            (n, i) for n, i in scope.items.items() if isinstance(i, Scope) and end[0].startswith(i.prefix)
        )
        inner.results["", *end] = _resolve(inner, end)
        scope.see(end, Value(name, ("", *end)))
    return scope.ends[end]


def _mark(scope: Scope) -> None:
    """Finds what the live results of a scope depend on, inner scopes included."""
    wanted = {scope.results[key] for key in scope.live}
    for name, item in reversed(scope.items.items()):
        item.live = {value.key for value in wanted if value.item == name}
        if not item.live:
            continue
        if isinstance(item, Scope):
            _mark(item)
            wanted |= {item.inputs[key] for key in item.used}
        else:
            wanted |= {value for values in item.inputs.values() for value in values}
    scope.used = {value.key for value in wanted if not value.item}


def _prune(scope: Scope, constructed: Set[str]) -> None:
    """Drops the items that are neither computed nor hold a module that is."""
    for name, item in list(scope.items.items()):
        if isinstance(item, Scope):
            _prune(item, constructed)
            if not item.items:
                del scope.items[name]
        elif not item.live and item.path not in constructed:
            del scope.items[name]


def _bring(scope: Scope, path: str, owner: str) -> None:
    """Makes the scopes on the way to a sharing node take its owner's module along, from the first one around both."""
    for item in scope.items.values():
        if isinstance(item, Scope) and path.startswith(item.prefix):
            if not owner.startswith(item.prefix) and owner not in item.modules:
                item.modules.append(owner)
            _bring(item, path, owner)

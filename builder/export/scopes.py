"""A compiled graph as nested scopes: the model and each use of a block, with what flows in, through and out of them.

The compiler unfolds blocks; an export keeps them, so that its classes mirror the graph. The walk here repeats the
unfolding with values that are local to one scope.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from builder.compiler import Compiled, End
from builder.compiler.order import owner_of
from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, FlatNode, Graph
from builder.graph.acting import acting
from builder.graph.graph import substitute

Key = tuple[str, ...]
"""Names an input or output of a scope: (port, number) or, for what no port carries, ("", path, port)."""


@dataclass(frozen=True)
class Value:
    """A value inside one scope: an output of one of its items, or (without an item) one of the scope's inputs."""

    item: str
    key: Key


Feeds = dict[str, list[Value]]
"""Values by port, in the order of their wires."""


@dataclass(frozen=True)
class Reference:
    """What stands at a node, taken as a function by a block parameter: the node's path and its input ports."""

    path: str
    inputs: tuple[str, ...]


@dataclass
class Leaf:
    """A node that computes. ``owner`` is the path of the node whose module it calls; None for an op."""

    path: str
    node: FlatNode
    inputs: Feeds
    owner: str | None
    blocks: dict[str, Scope | Reference] = field(default_factory=dict)
    """What it takes for its block parameters."""
    live: set[Key] = field(default_factory=set)


@dataclass
class Scope:
    """The model (``block`` is empty) or one use of a block. ``attribute`` is where it hangs in the scope around it."""

    prefix: str
    block: str
    attribute: str
    params: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the use of the block."""
    items: dict[str, Leaf | Scope] = field(default_factory=dict)
    inputs: dict[Key, Value] = field(default_factory=dict)
    """What the scope around gives, by this scope's input."""
    results: dict[Key, Value] = field(default_factory=dict)
    ends: dict[End, Value] = field(default_factory=dict)
    """A value by the end that it comes from."""
    origins: dict[Value, End] = field(default_factory=dict)
    """The end by value: two inputs may bring the same one."""
    data: list[End] = field(default_factory=list)
    """Outputs of data sets within: they too come in from around."""
    live: set[Key] = field(default_factory=set)
    used: set[Key] = field(default_factory=set)
    """The inputs that something live reads."""
    modules: list[str] = field(default_factory=list)
    """Owners of shared modules outside, which a call has to bring along."""
    twin: str = ""
    """The prefix of the use whose weights this one follows as a moving average."""
    owner: str = ""
    """The prefix of the use whose weights this one shares; where both can be reached, it is that one's module."""
    inherits: bool = False
    """Whether it shares weights, or follows some, because the scope around it does."""
    kept: set[Value] = field(default_factory=set)
    """Values that others than its own items look at, beside the results."""
    open: bool = False
    """Whether not all of it is computed together: then its items are called one by one from around."""
    phase: str = "evaluate"
    """The phase in which it is computed, or one of those in which it does the same."""
    called: bool = False
    """Whether a block parameter takes it as a function."""

    def see(self, end: End, value: Value) -> None:
        self.ends.setdefault(end, value)
        self.origins[value] = end

    def scopes(self) -> Iterator[Scope]:
        """The scopes within, innermost first, then this one; those of block parameters too."""
        for item in self.items.values():
            if isinstance(item, Scope):
                yield from item.scopes()
            else:
                yield from (s for b in item.blocks.values() if isinstance(b, Scope) for s in b.scopes())
        yield self

    def leaves(self) -> Iterator[Leaf]:
        """The nodes within, without those of block parameters."""
        for item in self.items.values():
            if isinstance(item, Scope):
                yield from item.leaves()
            else:
                yield item


def values_of(compiled: Compiled, path: str) -> Mapping[str, Any]:
    """The parameter values of a node; inside a block that shapes never went through, those of its weights' owner."""
    values, node = compiled.analysis.values, compiled.flat.find(path)
    found = values.get(path, values.get(compiled.analysis.examples.get(path, "")))
    if found is None:
        found = {} if node is None else node.component.check(node.params)[0]
    return found


def scope_tree(compiled: Compiled) -> Scope:
    """The scope of a whole graph. Nothing in it is live yet."""
    return _Walk(compiled).body(compiled.graph, Scope("", "", "", {}), {})


class _Walk:
    def __init__(self, compiled: Compiled) -> None:
        self.compiled, self.blocks = compiled, compiled.graph.blocks

    def body(self, graph: Graph, scope: Scope, entering: Mapping[str, list[End]]) -> Scope:
        """Fills a scope from the graph or block that it is a use of. ``entering`` are the ends behind each port."""
        graph = acting(graph, self.blocks).graph
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
                outputs = self._use(id, data, graph, scope, feeds)
                values |= {(id, port): found for port, found in outputs.items()}
            else:
                values |= self._leaf(id, graph, scope, feeds)
        return scope

    def _leaf(self, id: str, graph: Graph, scope: Scope, feeds: Feeds) -> dict[tuple[str, str], list[Value]]:
        path = f"{scope.prefix}{id}"
        node = self.compiled.flat.find(path)
        if node is None:
            raise KeyError(path)
        ports = node.component.outputs_for(values_of(self.compiled, path))
        outside = list(ports) if node.component.kind == "dataset" else []
        values = {p: Value("", ("", path, p)) if p in outside else Value(id, (p, "0")) for p in ports}
        scope.data += [(path, port) for port in outside]
        if not outside:
            scope.items[id] = self._item(path, graph, scope, node, feeds)
        for port, value in values.items():
            scope.see((path, port), value)
        return {(id, port): [value] for port, value in values.items()}

    def _item(self, path: str, graph: Graph, scope: Scope, node: FlatNode, feeds: Feeds) -> Leaf:
        owner = None if self.compiled.target(path) is None else owner_of(node, self.compiled.flat) or path
        tensors = {p: v for p, v in feeds.items() if node.component.inputs[p].dims.kind == "tensor"}
        leaf = Leaf(path, node, tensors, owner)
        for name, block in node.blocks.items():
            leaf.blocks[name] = self._parameter(path, graph, scope, name, node.params[name], tuple(block.inputs))
        return leaf

    def _parameter(
        self, path: str, graph: Graph, scope: Scope, name: str, value: Any, inputs: tuple[str, ...]
    ) -> Scope | Reference:
        """What a block parameter takes: a block of its own, whose inputs are its ports, or what stands at a node."""
        if isinstance(value, str):
            block = self.blocks[value]
            inner = Scope(f"{path}/{name}/", value, name, dict(block.block_params))
            inner.inputs = {(port, "0"): Value("", (port, "0")) for port in inputs}
            self.body(block, inner, {port: [("", port)] for port in inputs})
            inner.live, inner.used = set(inner.results), set(inner.inputs)
            return inner
        target = str(value["node"])
        beside = target.split("/")[0] in graph and not target.startswith("/")
        return Reference(f"{scope.prefix}{target}" if beside else target.removeprefix("/"), inputs)

    def _use(self, id: str, data: Mapping[str, Any], graph: Graph, scope: Scope, feeds: Feeds) -> Feeds:
        name = data["component"].removeprefix(BLOCK_PREFIX)
        block = self.blocks[name]
        given = substitute(data["params"], scope.params) if scope.block else data["params"]
        use = Scope(f"{scope.prefix}{id}/", name, id, {**block.block_params, **given}, data["settings"])
        weights = data["settings"].get("weights", {})
        if weights.get("from") in ("shared", "average") and weights.get("node"):
            target = str(weights["node"])
            beside = target.split("/")[0] in graph and not target.startswith("/")
            prefix = f"{scope.prefix}{target}/" if beside else f"{target.removeprefix('/')}/"
            use.owner, use.twin = (prefix, "") if weights["from"] == "shared" else ("", prefix)
        elif scope.owner or scope.twin:
            use.owner, use.twin = (w and f"{w}{id}/" for w in (scope.owner, scope.twin))
            use.inherits = True
        repeat = data["settings"].get("repeat", 1)
        if repeat == 1:
            return self._inner(use, scope, feeds)
        ins = [n for n, d in block.nodes(data=True) if d["component"] == PORT_IN]
        outs = [n for n, d in block.nodes(data=True) if d["component"] == PORT_OUT]
        results: Feeds = {}
        for copy in range(repeat):
            part = f"n{copy}/"
            inner = dataclasses.replace(
                use, prefix=f"{use.prefix}{part}", attribute=f"{id}/n{copy}", items={}, inputs={}, results={}, ends={},
                origins={}, data=[], live=set(), used=set(), modules=[],
                owner=use.owner and f"{use.owner}{part}", twin=use.twin and f"{use.twin}{part}",
            )  # fmt: skip
            results = self._inner(inner, scope, feeds)
            feeds = {**feeds, **{ins[i]: results.get(out, []) for i, out in enumerate(outs)}}
        return results

    def _inner(self, inner: Scope, scope: Scope, feeds: Feeds) -> Feeds:
        item = inner.attribute
        inner.inputs = {(port, str(i)): value for port, values in feeds.items() for i, value in enumerate(values)}
        entering = {port: [scope.origins[value] for value in values] for port, values in feeds.items()}
        self.body(self.blocks[inner.block], inner, entering)
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


# ------------------------------------------------------------------ views


def view(scope: Scope) -> Scope:
    """The scope with the items of its open scopes in their place, under ids such as ``critic/fc``."""
    if not any(isinstance(item, Scope) and item.open for item in scope.items.values()):
        return scope
    made = dataclasses.replace(scope, items={}, results={}, ends={}, origins={})
    known: dict[Value, Value] = {}

    def translated(value: Value) -> Value:
        return known.get(value, value)

    for id, item in scope.items.items():
        if isinstance(item, Leaf):
            inputs = {port: [translated(v) for v in values] for port, values in item.inputs.items()}
            made.items[id] = dataclasses.replace(item, inputs=inputs)
        elif not item.open:
            moved = {key: translated(value) for key, value in item.inputs.items()}
            made.items[id] = dataclasses.replace(item, inputs=moved)
        else:
            _splice(made, id, item, known)
    made.results = {key: translated(value) for key, value in scope.results.items()}
    for value, end in scope.origins.items():
        made.see(end, translated(value))
    return made


def _splice(made: Scope, id: str, item: Scope, known: dict[Value, Value]) -> None:
    """Puts the items of an open scope into the one around it."""
    inside = view(item)

    def outer(value: Value) -> Value:
        if value.item:
            return Value(f"{id}/{value.item}", value.key)
        given = item.inputs[value.key]
        return known.get(given, given)

    for name, inner in inside.items.items():
        if isinstance(inner, Leaf):
            inputs = {port: [outer(v) for v in values] for port, values in inner.inputs.items()}
            made.items[f"{id}/{name}"] = dataclasses.replace(inner, inputs=inputs)
        else:
            moved = {key: outer(value) for key, value in inner.inputs.items()}
            made.items[f"{id}/{name}"] = dataclasses.replace(inner, inputs=moved)
    for key, value in inside.results.items():
        known[Value(id, key)] = outer(value)
    for value, end in inside.origins.items():
        made.see(end, outer(value))


def resolve(scope: Scope, end: End) -> Value:
    """The value of an end in a scope; one that no port brings out of a block gets a result of its own there."""
    if end not in scope.ends:
        name, inner = next(
            (n, i) for n, i in scope.items.items() if isinstance(i, Scope) and end[0].startswith(i.prefix)
        )
        inner.results["", *end] = resolve(inner, end)
        scope.see(end, Value(name, ("", *end)))
    return scope.ends[end]

"""Blocks unfolded: the nodes that a compiler sees, each with its path, and the wires between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.graph.graph import (
    BLOCK_PREFIX,
    MAX_DEPTH,
    PORT_IN,
    PORT_OUT,
    Edge,
    Graph,
    GraphError,
    Signature,
    block_ports,
    signature_of,
    substitute,
)
from components.spec import Component

MAX_NODES = 50_000

End = tuple[str, str]  # (path, port)


@dataclass
class FlatNode:
    """A component's node after unfolding. ``path`` joins the ids of the blocks around it with ``/``; it is unique."""

    path: str
    component: Component
    params: dict[str, Any]
    settings: dict[str, Any]
    inputs: dict[str, list[End]] = field(default_factory=dict)
    """By input port, the (path, port) that feed it, in their visible order."""
    broken: set[str] = field(default_factory=set)
    """Input ports that a wire reaches which comes from nothing known; the error stands where it begins."""


@dataclass
class Flat:
    """A graph without blocks, and what went wrong while unfolding it (each error names its node)."""

    nodes: dict[str, FlatNode]
    errors: list[GraphError]


def flatten(graph: Graph) -> Flat:
    """Unfolds every block of a graph. Nodes of unknown components and broken blocks are left out and reported.

    A block that is used with the settings ``frozen`` or shared ``weights`` hands them on to the nodes inside.
    """
    unfold = _Unfold(graph)
    try:
        unfold.body(graph, _Scope())
        return unfold.result()
    except _TooManyError:
        rule = (f"The graph unfolds to more than {MAX_NODES:,} nodes.", f"展开后超过 {MAX_NODES:,} 个节点。")
        return Flat({}, [GraphError(*rule)])


class _TooManyError(Exception):
    """The graph grows beyond what can be handled."""


@dataclass(frozen=True)
class _Scope:
    """Where a body of nodes stands: within which blocks, with which parameter values and inherited settings."""

    prefix: str = ""
    within: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    frozen: bool = False
    owner: str | None = None  # the path of the block use whose weights this one takes
    repetition: bool = False  # a further copy: its errors are those of the first

    def settings(self, id: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """A node's settings with what it inherits from its block; a leading ``/`` marks a path from the top."""
        settings = dict(own)
        if self.frozen:
            settings["frozen"] = True
        if self.owner is not None:
            settings["weights"] = {"from": "shared", "node": f"/{self.owner}/{id}"}
        return settings


class _Unfold:
    """Collects the nodes first. A block's ports are ends of wires until ``result`` looks through them to the nodes
    behind, so that the order of the nodes does not matter and a cycle stays one.
    """

    def __init__(self, graph: Graph) -> None:
        self.root, self.blocks = graph, graph.blocks
        self.nodes: dict[str, FlatNode] = {}
        self.errors: list[GraphError] = []
        self.behind: dict[End, list[End]] = {}  # by port of a block, what feeds it
        self.sources: dict[End, list[End] | None] = {}  # by end, what is behind it; None where unknown
        self.wires: dict[int, list[Edge]] = {}  # of the graph and each block
        self.signatures: dict[str, Signature] = {}  # of the blocks
        self.visits = 0

    def body(self, graph: Graph, scope: _Scope) -> None:
        """Adds the nodes of the graph or of one use of a block."""
        wires = self.wires.get(id(graph))
        if wires is None:
            wires = self.wires[id(graph)] = list(graph.wires())
        feeds: dict[str, dict[str, list[End]]] = {}
        for edge in wires:
            ends = feeds.setdefault(edge.target, {}).setdefault(edge.target_port, [])
            ends.append((f"{scope.prefix}{edge.source}", edge.source_port))
        ports: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        for name in graph.nodes:
            self._count()
            try:
                ports[name] = self._node(graph, name, feeds.get(name, {}), scope)
            except GraphError as error:
                self._report(error, f"{scope.prefix}{name}", error.port, scope)
        for edge in wires:
            for side, node, port in ((1, edge.source, edge.source_port), (0, edge.target, edge.target_port)):
                if node in ports and port not in ports[node][side]:
                    error = _unknown_port(edge, side, node, port, ports[node][side])
                    self._report(error, f"{scope.prefix}{node}", port, scope)

    def _count(self) -> None:
        self.visits += 1
        if self.visits > MAX_NODES:
            raise _TooManyError

    def _report(self, error: GraphError, path: str, port: str, scope: _Scope) -> None:
        error.node, error.port = path, port
        if not scope.repetition:
            self.errors.append(error)

    def _node(
        self, graph: Graph, id: str, feeds: dict[str, list[End]], scope: _Scope
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Adds a node; its input and output ports."""
        data, path = graph.nodes[id], f"{scope.prefix}{id}"
        component = data["component"]
        if component in (PORT_IN, PORT_OUT) and not scope.within:
            raise GraphError(f"'{id}' may stand only inside a block.", f"“{id}”只能位于模块内部。")
        if component == PORT_OUT:
            self.behind[path, "x"] = feeds.get("x", [])
            if "x" not in feeds:
                raise GraphError(f"The block's output '{id}' is not connected.", f"模块的输出“{id}”未连接。", port="x")
        params = substitute(data["params"], scope.given) if scope.within else dict(data["params"])
        signature = self.signatures.get(component) or signature_of(component, self.blocks, path, params)
        if signature.component is not None:
            settings = scope.settings(id, data["settings"])
            self.nodes[path] = FlatNode(path, signature.component, params, settings, feeds)
        elif component.startswith(BLOCK_PREFIX):
            self.signatures[component] = signature
            self._use(graph, id, component.removeprefix(BLOCK_PREFIX), params, feeds, scope)
            for port in signature.inputs.values():
                if not port.optional and port.name not in feeds:
                    text = f"Port '{port.name}' of the block is not connected; it expects {port.dims}."
                    text_zh = f"模块的端口“{port.name}”未连接，它需要 {port.dims}。"
                    self._report(GraphError(text, text_zh), path, port.name, scope)
        return signature.inputs, signature.outputs

    # -------------------------------------------------------------- blocks

    def _use(
        self,
        graph: Graph,
        id: str,
        name: str,
        params: Mapping[str, Any],
        feeds: Mapping[str, list[End]],
        scope: _Scope,
    ) -> None:
        """Unfolds one use of a block; repeated, its copies one after the other."""
        if len(scope.within) >= MAX_DEPTH:
            raise GraphError(f"Blocks are nested more than {MAX_DEPTH} deep.", f"模块嵌套超过 {MAX_DEPTH} 层。")
        if name in scope.within:
            chain = " -> ".join((*scope.within, name))
            raise GraphError(f"The block '{name}' contains itself: {chain}.", f"模块“{name}”包含了自身：{chain}。")
        block, path = self.blocks[name], f"{scope.prefix}{id}"
        for unknown in params.keys() - block.block_params.keys():
            known, known_zh = ", ".join(block.block_params) or "none", "、".join(block.block_params) or "无"
            raise GraphError(
                f"The block '{name}' has no parameter '{unknown}' (parameters: {known}).",
                f"模块“{name}”没有参数“{unknown}”（参数：{known_zh}）。",
            )
        ins, outs = block_ports(block, PORT_IN), block_ports(block, PORT_OUT)
        settings = scope.settings(id, graph.nodes[id]["settings"])
        repeat = settings.get("repeat", 1)
        if repeat > 1 and len(outs) > len(ins):
            raise GraphError(
                f"The block '{name}' cannot be repeated: it has {len(outs)} outputs for {len(ins)} inputs.",
                f"模块“{name}”无法重复：它有 {len(outs)} 个输出，却只有 {len(ins)} 个输入。",
            )
        owner = self._owner(graph, id, name, settings.get("weights", {}), scope)
        values = {**block.block_params, **params}
        entering = {port: feeds.get(port, []) for port in ins}
        for copy in range(repeat):
            part = f"/n{copy}" if repeat > 1 else ""
            inner = _Scope(
                f"{path}{part}/",
                (*scope.within, name),
                values,
                bool(settings.get("frozen")),
                None if owner is None else f"{owner}{part}",
                scope.repetition or copy > 0,
            )
            self.behind |= {(f"{inner.prefix}{port}", "y"): entering[port] for port in ins}
            self._count()
            self.body(block, inner)
            leaving = {port: [(f"{inner.prefix}{port}", "x")] for port in outs}
            # Outputs feed the inputs of the next copy, in the order of the ports; inputs beyond (a mask) go to each.
            entering |= {into: leaving[out] for into, out in zip(ins, outs, strict=False)}
        self.behind |= {(path, port): [(f"{inner.prefix}{port}", "x")] for port in outs}

    def _owner(self, graph: Graph, id: str, block: str, weights: Mapping[str, Any], scope: _Scope) -> str | None:
        """The path of the use whose weights this use of a block takes; None for its own."""
        if weights.get("from") != "shared":
            return None
        name = weights.get("node", "")
        if name.startswith("/"):  # inherited: a path from the top
            return name[1:]
        beside = name.split("/")[0] in graph
        place = graph if beside else self.root
        found = place.nodes.get(name, {}).get("component")
        if "/" not in name and (found != BLOCK_PREFIX + block or (place is graph and name == id)):
            raise GraphError(
                f"The weights of a block can be shared only with another use of '{block}'. '{name}' is none.",
                f"模块的权重只能与“{block}”的另一处使用共享，“{name}”不是。",
            )
        return f"{scope.prefix}{name}" if beside else name

    # -------------------------------------------------------------- looking through the ports of blocks

    def result(self) -> Flat:
        """The nodes, with their inputs wired to nodes."""
        for node in self.nodes.values():
            for port, ends in node.inputs.items():
                found: list[End] = []
                for end in ends:
                    sources = self._sources(end)
                    found += sources or ()
                    if sources is None:
                        node.broken.add(port)
                node.inputs[port] = found
        return Flat(self.nodes, self.errors)

    def _sources(self, end: End) -> list[End] | None:
        """The nodes' ports from which a wire really comes, through all blocks; None where one is not known."""
        stack, active = [end], set[End]()
        while stack:
            current = stack[-1]
            if current in self.sources:
                stack.pop()
                continue
            if current not in self.behind:
                self.sources[current] = [current] if current[0] in self.nodes else None
                continue
            waiting = [e for e in self.behind[current] if e not in self.sources]
            if any(e in active for e in waiting):
                self._report_loop(current[0].rpartition("/")[0])
                self.sources[current] = None
            elif waiting:
                active.add(current)
                stack += waiting
            else:
                found = [self.sources[e] for e in self.behind[current]]
                known = [sources for sources in found if sources is not None]
                if sum(map(len, known)) > MAX_NODES:
                    raise _TooManyError
                self.sources[current] = None if len(known) < len(found) else [s for part in known for s in part]
        return self.sources[end]

    def _report_loop(self, use: str) -> None:
        error = GraphError(
            f"The block '{use}' hands its input on to itself. Data can only flow forward: remove one of the wires.",
            f"模块“{use}”把输入原样传回自身。数据只能向前流动，请删除其中一条连线。",
            use,
        )
        self.errors.append(error)


def _unknown_port(edge: Edge, side: int, node: str, port: str, ports: Mapping[str, Any]) -> GraphError:
    word, word_zh = ("output", "输出") if side else ("input", "输入")
    known, known_zh = ", ".join(ports) or "none", "、".join(ports) or "无"
    return GraphError(
        f"The wire {edge} names the {word} port '{port}', which '{node}' does not have ({word}s: {known}).",
        f"连线 {edge} 引用了“{node}”没有的{word_zh}端口“{port}”（{word_zh}：{known_zh}）。",
    )

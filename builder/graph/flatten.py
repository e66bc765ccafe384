"""Blocks unfolded: the nodes that a compiler sees, each with its path, and the wires between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.graph.acting import MODE_NAMES, Acting, acting, mode_of
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
    first_tensor,
    signature_of,
    substitute,
)
from components.spec import Component

MAX_NODES = 50_000

End = tuple[str, str]  # (path, port)


@dataclass
class FlatBlock:
    """A part of the graph that a node takes as a parameter, unfolded: a function of its ``inputs``.

    In the wires within, the end ``("", port)`` stands for what the function is given.
    """

    inputs: list[str]
    outputs: list[End]
    nodes: dict[str, FlatNode]


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
    muted: dict[str, str] = field(default_factory=dict)
    """By input port that lost a wire, the muted node from which it came."""
    blocks: dict[str, FlatBlock] = field(default_factory=dict)
    """By parameter, the parts of the graph that a higher-order node takes."""

    @property
    def passes(self) -> str | None:
        """The input port whose value goes on where the node does not act."""
        return first_tensor(self.component.inputs, {name for name, ends in self.inputs.items() if ends})

    def within(self) -> Iterator[FlatNode]:
        """The nodes inside its block parameters, however deep."""
        for block in self.blocks.values():
            for node in block.nodes.values():
                yield node
                yield from node.within()


@dataclass
class Flat:
    """A graph without blocks, and what went wrong while unfolding it (each error names its node)."""

    nodes: dict[str, FlatNode]
    errors: list[GraphError]
    inner: dict[str, FlatNode] = field(default_factory=dict)
    """The nodes inside block parameters, by path."""
    modes: dict[str, str] = field(default_factory=dict)
    """By path of a node that was left out, whether it is muted or bypassed."""
    uses: dict[str, str] = field(default_factory=dict)
    """By path of a use of a block, the block's name."""

    def mode_of(self, path: str) -> str | None:
        """The mode under which a node, or a block around it, was left out."""
        parts = path.split("/")
        above = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
        return next((self.modes[outer] for outer in above if outer in self.modes), None)

    def find(self, path: str) -> FlatNode | None:
        """The node of a path, also inside a block parameter."""
        return self.nodes.get(path) or self.inner.get(path)


def flatten(graph: Graph) -> Flat:
    """Unfolds every block of a graph. Nodes of unknown components and broken blocks are left out and reported.

    What is muted or bypassed is left out as well: nothing behind has to know of it.
    A block that is used with the settings ``frozen``, ``weights``, ``parametrize`` or ``regularize`` hands them on to the
    nodes inside.
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
    weights: Mapping[str, Any] = field(default_factory=dict)  # where the weights come from, with the path of a block
    parametrize: tuple[Any, ...] = ()
    regularize: tuple[Any, ...] = ()
    repetition: bool = False  # a further copy: its errors are those of the first

    def settings(self, id: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """A node's settings with what it inherits from its block; a leading ``/`` marks a path from the top."""
        settings = dict(own)
        if self.frozen:
            settings["frozen"] = True
        if self.weights:
            settings["weights"] = {**self.weights, "node": f"{self.weights['node']}/{id}"}
        for name, given in (("parametrize", self.parametrize), ("regularize", self.regularize)):
            if given:
                settings[name] = [*given, *settings.get(name, ())]
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
        self.modes: dict[str, str] = {}
        self.uses: dict[str, str] = {}
        self.bodies: dict[int, tuple[Acting, list[Edge]]] = {}  # of the graph and each block, with its wires
        self.signatures: dict[str, Signature] = {}  # of the blocks
        self.visits = 0

    def body(self, graph: Graph, scope: _Scope) -> None:
        """Adds the nodes of the graph or of one use of a block."""
        found = self.bodies.get(id(graph))
        if found is None:
            acted = acting(graph, self.blocks)
            found = self.bodies[id(graph)] = acted, list(acted.graph.wires())
        acted, wires = found
        for error in acted.errors:
            self._report(GraphError(error.message, error.message_zh), f"{scope.prefix}{error.node}", error.port, scope)
        if acted.graph is not graph:
            self.modes |= {f"{scope.prefix}{n}": str(mode_of(graph, n)) for n in graph if n not in acted.graph}
        feeds: dict[str, dict[str, list[End]]] = {}
        for edge in wires:
            ends = feeds.setdefault(edge.target, {}).setdefault(edge.target_port, [])
            ends.append((f"{scope.prefix}{edge.source}", edge.source_port))
        ports: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        for name in acted.graph.nodes:
            self._count()
            try:
                ports[name] = self._node(graph, name, feeds.get(name, {}), scope, acted)
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
        self, graph: Graph, id: str, feeds: dict[str, list[End]], scope: _Scope, around: Acting
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Adds a node; its input and output ports."""
        data, path = graph.nodes[id], f"{scope.prefix}{id}"
        component = data["component"]
        if component in (PORT_IN, PORT_OUT) and not scope.within:
            raise GraphError(f"'{id}' may stand only inside a block.", f"“{id}”只能位于模块内部。")
        if component == PORT_OUT:
            self.behind[path, "x"] = feeds.get("x", [])
            what = f"The block's output '{id}'", f"模块的输出“{id}”"
            if error := _unconnected(id, "x", feeds, around, what):
                raise error
        params = substitute(data["params"], scope.given) if scope.within else dict(data["params"])
        signature = self.signatures.get(component) or signature_of(component, self.blocks, path, params)
        if signature.component is not None:
            settings = scope.settings(id, data["settings"])
            blocks = {
                name: self._parameter(graph, path, name, params[name], scope)
                for name, parameter in signature.component.parameters.items()
                if parameter.block and isinstance(params.get(name), str | Mapping)
            }
            broken = {port for port in signature.inputs if (id, port) in around.unfed}
            muted = {port: around.muted[id, port] for port in signature.inputs if (id, port) in around.muted}
            self.nodes[path] = FlatNode(path, signature.component, params, settings, feeds, broken, muted, blocks)
        elif component.startswith(BLOCK_PREFIX):
            self.signatures[component] = signature
            self._use(graph, id, component.removeprefix(BLOCK_PREFIX), params, feeds, scope)
            for port in signature.inputs.values():
                what = f"Port '{port.name}' of the block", f"模块的端口“{port.name}”"
                wants = f"; it expects {port.dims}", f"，它需要 {port.dims}"
                error = None if port.optional else _unconnected(id, port.name, feeds, around, what, wants)
                if error is not None:
                    self._report(error, path, port.name, scope)
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
        weights = self._weights(graph, id, name, settings.get("weights", {}), scope)
        values = {**block.block_params, **params}
        self.uses[path] = name
        entering = {port: feeds.get(port, []) for port in ins}
        for copy in range(repeat):
            part = f"/n{copy}" if repeat > 1 else ""
            inner = _Scope(
                f"{path}{part}/",
                (*scope.within, name),
                values,
                bool(settings.get("frozen")),
                weights and {**weights, "node": f"{weights['node']}{part}"},
                tuple(settings.get("parametrize", ())),
                tuple(settings.get("regularize", ())),
                scope.repetition or copy > 0,
            )
            self.behind |= {(f"{inner.prefix}{port}", "y"): entering[port] for port in ins}
            self._count()
            self.body(block, inner)
            leaving = {port: [(f"{inner.prefix}{port}", "x")] for port in outs}
            # Outputs feed the inputs of the next copy, in the order of the ports; inputs beyond (a mask) go to each.
            entering |= {into: leaving[out] for into, out in zip(ins, outs, strict=False)}
        self.behind |= {(path, port): [(f"{inner.prefix}{port}", "x")] for port in outs}

    def _weights(
        self, graph: Graph, id: str, block: str, weights: Mapping[str, Any], scope: _Scope
    ) -> Mapping[str, Any]:
        """Where the weights of a use of a block come from, with the path of what gives them; empty for its own."""
        source, name = weights.get("from", "own"), weights.get("node", "")
        if source == "own" or name.startswith("/"):  # inherited: a path from the top
            return {} if source == "own" else weights
        if source == "run":
            return {**weights, "node": name or f"{scope.prefix}{id}"}
        beside = name.split("/")[0] in graph
        place = graph if beside else self.root
        found = place.nodes.get(name, {}).get("component")
        if "/" not in name and (found != BLOCK_PREFIX + block or (place is graph and name == id)):
            raise GraphError(
                f"The weights of a block can be shared only with another use of '{block}'. '{name}' is none.",
                f"模块的权重只能与“{block}”的另一处使用共享，“{name}”不是。",
            )
        return {**weights, "node": f"/{scope.prefix}{name}" if beside else f"/{name}"}

    # -------------------------------------------------------------- block parameters

    def _parameter(self, graph: Graph, path: str, name: str, value: Any, scope: _Scope) -> FlatBlock:
        """Unfolds what a block parameter names: a block with weights of its own, or what stands at a node."""
        if len(scope.within) >= MAX_DEPTH:
            raise GraphError(f"Blocks are nested more than {MAX_DEPTH} deep.", f"模块嵌套超过 {MAX_DEPTH} 层。")
        if isinstance(value, str):
            component, params, settings = f"{BLOCK_PREFIX}{value}", {}, {}
        else:
            component, params, settings = self._referred(graph, str(value.get("node", "")), name, scope)
        signature = signature_of(component, self.blocks, path, params)
        stand = Graph()
        stand.place(name, component, params, settings)
        inner = _Unfold(self.root)
        inner.visits = self.visits
        ports = {port: [("", port)] for port in signature.inputs}
        inner.sources |= {end: [end] for ends in ports.values() for end in ends}
        within = (*scope.within, f"{path}.{name}")
        frozen = scope.frozen or bool(graph.nodes[path.removeprefix(scope.prefix)]["settings"].get("frozen"))
        part = _Scope(f"{path}/", within, {}, frozen, repetition=scope.repetition)
        inner._node(stand, name, dict(ports), part, Acting(stand))
        flat = inner.result()
        self.visits = inner.visits
        self.modes |= flat.modes
        self.uses |= flat.uses
        for error in flat.errors:
            raise GraphError(f"Inside '{name}': {error}", f"“{name}”内部：{error.message_zh}")
        outputs: list[End] = []
        for port in signature.outputs:
            sources = inner._sources((f"{path}/{name}", port))
            if not sources:
                raise GraphError(
                    f"The parameter '{name}': nothing inside leads to the output '{port}'.",
                    f"参数“{name}”：内部没有通向输出“{port}”的节点。",
                )
            outputs.append(sources[0])
        return FlatBlock(list(signature.inputs), outputs, flat.nodes)

    def _referred(
        self, graph: Graph, name: str, parameter: str, scope: _Scope
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Component, parameters and settings of a stand-in for the node of this path, with that node's weights."""
        first, *rest = name.removeprefix("/").split("/")
        beside = first in graph and not name.startswith("/")
        place, prefix, given = (graph, scope.prefix, scope.given) if beside else (self.root, "", {})
        if first not in place:
            raise GraphError(
                f"The parameter '{parameter}' refers to the node '{name}', which is not there.",
                f"参数“{parameter}”引用了不存在的节点“{name}”。",
            )
        data = place.nodes[first]
        _require_acting(place, first, name, parameter)
        component = data["component"]
        params = substitute(data["params"], given) if given or prefix else dict(data["params"])
        settings = {k: v for k, v in data["settings"].items() if k == "repeat"}
        for part in rest:
            component, params, settings = self._step_into(component, params, part, name, parameter)
        if component in (PORT_IN, PORT_OUT):
            raise GraphError(
                f"The parameter '{parameter}' cannot refer to '{name}', which is a port of a block.",
                f"参数“{parameter}”不能引用模块端口“{name}”。",
            )
        path = "/".join([f"{prefix}{first}", *rest])
        return component, params, {**settings, "weights": {"from": "shared", "node": f"/{path}"}}

    def _step_into(
        self, component: str, params: Mapping[str, Any], part: str, name: str, parameter: str
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """What stands under a name inside a block, or at a block parameter of a node."""
        block = self.blocks.get(component.removeprefix(BLOCK_PREFIX)) if component.startswith(BLOCK_PREFIX) else None
        if block is not None and part in block:
            data = block.nodes[part]
            _require_acting(block, part, name, parameter)
            settings = {k: v for k, v in data["settings"].items() if k == "repeat"}
            return data["component"], substitute(data["params"], {**block.block_params, **params}), settings
        if block is None and isinstance(params.get(part), str):
            return f"{BLOCK_PREFIX}{params[part]}", {}, {}
        raise GraphError(
            f"The parameter '{parameter}' refers to '{name}', but there is no '{part}'.",
            f"参数“{parameter}”引用了“{name}”，但其中没有“{part}”。",
        )

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
        inside = {node.path: node for outer in self.nodes.values() for node in outer.within()}
        return Flat(self.nodes, self.errors, inside, self.modes, self.uses)

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


def _unconnected(
    node: str,
    port: str,
    feeds: Mapping[str, list[End]],
    around: Acting,
    what: tuple[str, str],
    wants: tuple[str, str] = ("", ""),
) -> GraphError | None:
    """What is missing at a port of a block that needs a wire; None where it has one, or another node says it."""
    if port in feeds or (node, port) in around.unfed:
        return None
    missing, missing_zh = "is not connected", "未连接"
    if muted := around.muted.get((node, port)):
        missing, missing_zh = f"is fed by '{muted}', which is muted", f"由已停用的“{muted}”提供输入"
    return GraphError(f"{what[0]} {missing}{wants[0]}.", f"{what[1]}{missing_zh}{wants[1]}。", port=port)


def _require_acting(graph: Graph, node: str, path: str, parameter: str) -> None:
    mode = mode_of(graph, node)
    if mode is not None:
        word, word_zh = MODE_NAMES[mode]
        raise GraphError(
            f"The parameter '{parameter}' refers to '{path}', where '{node}' is {word}.",
            f"参数“{parameter}”引用了“{path}”，其中“{node}”{word_zh}。",
        )


def _unknown_port(edge: Edge, side: int, node: str, port: str, ports: Mapping[str, Any]) -> GraphError:
    word, word_zh = ("output", "输出") if side else ("input", "输入")
    known, known_zh = ", ".join(ports) or "none", "、".join(ports) or "无"
    return GraphError(
        f"The wire {edge} names the {word} port '{port}', which '{node}' does not have ({word}s: {known}).",
        f"连线 {edge} 引用了“{node}”没有的{word_zh}端口“{port}”（{word_zh}：{known_zh}）。",
    )

"""The graph: nodes placed from the palette and the wires between their named ports, in a ``networkx.MultiDiGraph``."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

import networkx as nx

from components import registry
from components.spec import Component, Dims, Port

BLOCK_PREFIX = "block:"
PORT_IN, PORT_OUT = "port_in", "port_out"
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MAX_ID = 80
MAX_DEPTH = 20  # of blocks in blocks


class GraphError(ValueError):
    """An edit or a file that breaks a rule of graphs; ``message`` and ``message_zh`` are for people."""

    def __init__(self, message: str, message_zh: str, node: str = "", port: str = "") -> None:
        self.message, self.message_zh, self.node, self.port = message, message_zh, node, port
        super().__init__(message)


class Edge(NamedTuple):
    """A wire from an output port to an input port."""

    source: str
    source_port: str
    target: str
    target_port: str

    def __str__(self) -> str:
        return f"{self.source}.{self.source_port} -> {self.target}.{self.target_port}"


class Signature(NamedTuple):
    """What a node offers to wires: its input and output ports by name, and the component where there is one."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    component: Component | None


class Graph(nx.MultiDiGraph):
    """Nodes carry ``component``, ``params``, ``settings`` and ``position``; edges ``source_port`` and ``target_port``.

    The order of nodes and edges is kept: it is the visible order of a variadic port. ``blocks`` holds named subgraphs;
    a node whose component is ``block:<name>`` is a use of one. Inside a block, nodes of the components ``port_in`` and
    ``port_out`` are its ports (the node's id is the port's name), and ``block_params`` are the values that a use may
    set, with their defaults.
    """

    @property
    def meta(self) -> dict[str, Any]:
        return self.graph.setdefault("meta", {})

    @property
    def training(self) -> dict[str, Any]:
        return self.graph.setdefault("training", {})

    @property
    def blocks(self) -> dict[str, Graph]:
        return self.graph.setdefault("blocks", {})

    @property
    def block_params(self) -> dict[str, Any]:
        return self.graph.setdefault("block_params", {})

    def wires(self) -> Iterator[Edge]:
        """The edges in their visible order."""
        yield from _in_order(self.edges(data=True))

    def wires_into(self, node: str, port: str | None = None) -> list[Edge]:
        """The edges that end at a node (or at one of its ports), in their visible order."""
        return [e for e in _in_order(self.in_edges(node, data=True)) if port is None or e.target_port == port]

    def wires_from(self, node: str, port: str | None = None) -> list[Edge]:
        """The edges that begin at a node (or at one of its ports), in their visible order."""
        return [e for e in _in_order(self.out_edges(node, data=True)) if port is None or e.source_port == port]

    def place(
        self,
        id: str,
        component: str,
        params: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        position: tuple[float, float] | None = None,
    ) -> None:
        """Adds or replaces a node as given; rules are checked by the edits and by the compiler, not here."""
        self.add_node(
            id,
            component=component,
            params=dict(params or {}),
            settings=dict(settings or {}),
            position=list(position) if position is not None else None,
        )

    def wire(self, edge: Edge, extra: Mapping[str, Any] | None = None) -> None:
        """Adds an edge as given, behind all others; ``extra`` is what a file says of it beyond its ends."""
        order = self.graph["next_order"] = self.graph.get("next_order", 0) + 1
        data: dict[str, Any] = {"source_port": edge.source_port, "target_port": edge.target_port, "order": order}
        self.add_edge(edge.source, edge.target, None, **data, **({"extra": dict(extra)} if extra else {}))

    def unwire(self, edge: Edge) -> bool:
        """Removes an edge (of several alike the first); False where there was none."""
        key = self._key_of(edge)
        if key is not None:
            self.remove_edge(edge.source, edge.target, key)
        return key is not None

    def extra_of(self, edge: Edge) -> dict[str, Any]:
        """What a file says of an edge beyond its ends."""
        key = self._key_of(edge)
        return {} if key is None else self.edges[edge.source, edge.target, key].get("extra", {})

    def _key_of(self, edge: Edge) -> Any:
        between = self.get_edge_data(edge.source, edge.target) or {}
        ports = (edge.source_port, edge.target_port)
        alike = [k for k, data in between.items() if (data["source_port"], data["target_port"]) == ports]
        return min(alike, key=lambda k: between[k]["order"], default=None)

    def signature(self, node: str, blocks: Mapping[str, Graph] | None = None) -> Signature:
        """The ports of a node; GraphError where its component or block is unknown.

        ``blocks`` are the blocks of the whole graph, where this graph is itself one of them.
        """
        data = self.nodes[node]
        params = substitute(data["params"], self.block_params, strict=False) if self.block_params else data["params"]
        return signature_of(data["component"], self.blocks if blocks is None else blocks, node, params)


def _in_order(edges: Any) -> list[Edge]:
    ordered = sorted((e for e in edges), key=lambda e: e[2]["order"])  # the view's own length is slow to count
    return [Edge(source, data["source_port"], target, data["target_port"]) for source, target, data in ordered]


def signature_of(
    component: str, blocks: Mapping[str, Graph], node: str = "", params: Mapping[str, Any] | None = None
) -> Signature:
    """The ports that a component or a block gives to a node with these parameters; GraphError where it is unknown."""
    if component == PORT_IN:
        return Signature({}, {"y": Port("y", Dims("*", "any"))}, None)
    if component == PORT_OUT:
        return Signature({"x": Port("x", Dims("*", "any"))}, {}, None)
    if component.startswith(BLOCK_PREFIX):
        name = component.removeprefix(BLOCK_PREFIX)
        block = blocks.get(name)
        if block is None:
            known = ", ".join(blocks) or "none"
            known_zh = "、".join(blocks) or "无"
            raise GraphError(
                f"Node '{node}' uses the block '{name}', which this graph does not have (blocks: {known}).",
                f"节点“{node}”使用了本图没有的模块“{name}”（已有：{known_zh}）。",
                node,
            )
        ports = _BlockPorts(blocks)
        inputs = {id: ports.entering(name, id) for id in block_ports(block, PORT_IN)}
        return Signature(inputs, {id: ports.leaving(name, id) for id in block_ports(block, PORT_OUT)}, None)
    try:
        entry = registry.get(component)
    except registry.UnknownComponentError as error:
        raise GraphError(f"Node '{node}': {error.message}", f"节点“{node}”：{error.message_zh}", node) from None
    return Signature(entry.inputs, entry.outputs_for(params or {}), entry)


def block_ports(block: Graph, kind: str) -> list[str]:
    """The names of a block's input (``port_in``) or output (``port_out``) ports, in their order."""
    return [id for id, data in block.nodes(data=True) if data["component"] == kind]


def first_tensor(inputs: Mapping[str, Port], wired: Container[str]) -> str | None:
    """The input whose value goes on where a node does not act: the first that carries tensors and is wired."""
    return next((name for name, port in inputs.items() if port.dims.kind == "tensor" and name in wired), None)


class _BlockPorts:
    """Block ports carry what the ports behind them carry. Each is followed once, however deep blocks are nested."""

    def __init__(self, blocks: Mapping[str, Graph]) -> None:
        self.blocks = blocks
        self.known: dict[tuple[str, str], Port] = {}

    def entering(self, name: str, port: str, depth: int = 0) -> Port:
        """A block's input port: optional where each port that it feeds is."""
        if (name, port) not in self.known:
            self.known[name, port] = Port(port, Dims("*", "any"))  # the answer to a block that contains itself
            block = self.blocks[name]
            ends = [self._port(block, e.target, e.target_port, PORT_IN, depth) for e in block.wires_from(port)]
            dims = next((p.dims for p in ends if p is not None), Dims("*", "any"))
            self.known[name, port] = Port(port, dims, optional=all(p is not None and p.optional for p in ends))
        return self.known[name, port]

    def leaving(self, name: str, port: str, depth: int = 0) -> Port:
        """A block's output port."""
        if (name, port) not in self.known:
            self.known[name, port] = Port(port, Dims("*", "any"))
            block = self.blocks[name]
            ends = [self._port(block, e.source, e.source_port, PORT_OUT, depth) for e in block.wires_into(port)]
            dims = next((p.dims for p in ends if p is not None), Dims("*", "any"))
            self.known[name, port] = Port(port, dims)
        return self.known[name, port]

    def _port(self, block: Graph, node: str, port: str, kind: str, depth: int) -> Port | None:
        component = block.nodes[node]["component"]
        if component in (PORT_IN, PORT_OUT):
            return None
        if not component.startswith(BLOCK_PREFIX):
            try:
                entry = registry.get(component)
            except registry.UnknownComponentError:
                return None  # reported at the node itself
            params = substitute(block.nodes[node]["params"], block.block_params, strict=False)
            return (entry.inputs if kind == PORT_IN else entry.outputs_for(params)).get(port)
        name = component.removeprefix(BLOCK_PREFIX)
        if depth >= MAX_DEPTH or name not in self.blocks or port not in block_ports(self.blocks[name], kind):
            return None
        return (self.entering if kind == PORT_IN else self.leaving)(name, port, depth + 1)


def substitute(params: Mapping[str, Any], given: Mapping[str, Any], strict: bool = True) -> dict[str, Any]:
    """Parameters with each ``{"param": name}`` replaced by the value that the block's use gives.

    Raises:
        GraphError: the block has no such parameter (without ``strict`` the reference stays).
    """

    def value(item: Any) -> Any:
        if isinstance(item, Mapping) and set(item) == {"param"}:
            name = item["param"]
            if isinstance(name, str) and name in given:
                return given[name]
            if strict:
                known, known_zh = ", ".join(given) or "none", "、".join(given) or "无"
                raise GraphError(
                    f"The block has no parameter {name!r:.60} (parameters: {known}).",
                    f"模块没有参数 {name!r:.60}（已有参数：{known_zh}）。",
                )
        return [value(i) for i in item] if isinstance(item, list | tuple) else item

    return {key: value(item) for key, item in params.items()}

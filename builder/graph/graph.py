"""The graph: nodes placed from the palette and the wires between their named ports, in a ``networkx.MultiDiGraph``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import networkx as nx

from components import registry
from components.spec import Component, Dims, Port

BLOCK_PREFIX = "block:"
PORT_IN, PORT_OUT = "port_in", "port_out"
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


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
    """Nodes carry ``component``, ``params``, ``settings`` and ``position``; edges carry ``source_port`` and ``target_port``.

    The order of nodes and edges is kept: it is the visible order of a variadic port. ``blocks`` holds named subgraphs; a node whose
    component is ``block:<name>`` is a use of one. Inside a block, nodes of the components ``port_in`` and ``port_out`` are its ports
    (the node's id is the port's name), and ``block_params`` are the values that a use may set.
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
        ordered = sorted(self.edges(data=True), key=lambda e: e[2]["order"])
        for source, target, data in ordered:
            yield Edge(source, data["source_port"], target, data["target_port"])

    def wires_into(self, node: str, port: str | None = None) -> list[Edge]:
        """The edges that end at a node (or at one of its ports), in their visible order."""
        found = sorted(self.in_edges(node, data=True), key=lambda e: e[2]["order"])
        edges = [Edge(s, d["source_port"], t, d["target_port"]) for s, t, d in found]
        return [e for e in edges if port is None or e.target_port == port]

    def wires_from(self, node: str, port: str | None = None) -> list[Edge]:
        """The edges that begin at a node (or at one of its ports), in their visible order."""
        found = sorted(self.out_edges(node, data=True), key=lambda e: e[2]["order"])
        edges = [Edge(s, d["source_port"], t, d["target_port"]) for s, t, d in found]
        return [e for e in edges if port is None or e.source_port == port]

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

    def wire(self, edge: Edge) -> None:
        """Adds an edge as given, behind all others."""
        order = self.graph["next_order"] = self.graph.get("next_order", 0) + 1
        self.add_edge(
            edge.source, edge.target, source_port=edge.source_port, target_port=edge.target_port, order=order
        )

    def unwire(self, edge: Edge) -> bool:
        """Removes an edge; False where there was none."""
        for key, data in (self.get_edge_data(edge.source, edge.target) or {}).items():
            if (data["source_port"], data["target_port"]) == (edge.source_port, edge.target_port):
                self.remove_edge(edge.source, edge.target, key)
                return True
        return False

    def signature(self, node: str, blocks: Mapping[str, Graph] | None = None) -> Signature:
        """The ports of a node; GraphError where its component or block is unknown.

        ``blocks`` are the blocks of the whole graph, where this graph is itself one of them.
        """
        data = self.nodes[node]
        return signature_of(data["component"], self.blocks if blocks is None else blocks, node, data["params"])


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
            raise GraphError(
                f"Node '{node}' uses the block '{name}', which this graph does not have (blocks: {known}).",
                f"节点“{node}”使用了本图没有的模块“{name}”（已有：{known}）。",
                node,
            )
        return Signature(_block_ports(block, PORT_IN, blocks), _block_ports(block, PORT_OUT, blocks), None)
    try:
        entry = registry.get(component)
    except registry.UnknownComponentError as error:
        raise GraphError(f"Node '{node}': {error.message}", f"节点“{node}”：{error.message_zh}", node) from None
    return Signature(entry.inputs, entry.outputs_for(params or {}), entry)


def _block_ports(block: Graph, kind: str, blocks: Mapping[str, Graph]) -> dict[str, Port]:
    ports = {}
    for id, data in block.nodes(data=True):
        if data["component"] != kind:
            continue
        dims, optional = Dims("*", "any"), False
        if kind == PORT_IN:
            ends = [_target_port(block, edge, blocks) for edge in block.wires_from(id)]
            known = [p for p in ends if p is not None]
            if known:
                dims, optional = known[0].dims, all(p.optional for p in known)
        ports[id] = Port(id, dims, optional=optional)
    return ports


def _target_port(block: Graph, edge: Edge, blocks: Mapping[str, Graph]) -> Port | None:
    component = block.nodes[edge.target]["component"]
    if component.startswith(BLOCK_PREFIX) and blocks.get(component.removeprefix(BLOCK_PREFIX)) is block:
        return None  # a block inside itself: the compiler reports it
    try:
        return signature_of(component, blocks, edge.target).inputs.get(edge.target_port)
    except (GraphError, RecursionError):
        return None  # reported at the node itself

"""Edits of wires: connect, disconnect, and their order at a variadic port."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from builder.graph.edit.names import Blocks, require_nodes
from builder.graph.graph import IDENTIFIER, PORT_IN, PORT_OUT, Edge, Graph, GraphError
from components.spec import Port

KIND_NAMES = {"tensor": ("a tensor", "张量"), "schedule": ("a learning-rate schedule", "学习率调度")}


def parse_end(end: str) -> tuple[str, str]:
    """Splits ``node.port``; GraphError where it is not of that form."""
    node, dot, port = end.partition(".")
    if not dot or not IDENTIFIER.fullmatch(node) or not IDENTIFIER.fullmatch(port):
        raise GraphError(f"A wire's end must be 'node.port'. Got {end!r}.", f"连线端点应为“节点.端口”，收到 {end!r}。")
    return node, port


def edge_between(source: str, target: str) -> Edge:
    """The edge from ``node.port`` to ``node.port``."""
    return Edge(*parse_end(source), *parse_end(target))


def connect(graph: Graph, edge: Edge, blocks: Blocks | None = None, replace: bool = True) -> Edge | None:
    """Draws a wire; the wire that it displaced, if any. GraphError says why a wire is refused.

    An input port that is not variadic holds one wire: a second one takes its place (or is refused without ``replace``).
    """
    source, target = _port(graph, edge, "source", blocks), _port(graph, edge, "target", blocks)
    if edge.source == edge.target:
        raise GraphError(
            f"'{edge.source}' cannot feed itself.", f"“{edge.source}”不能连接到自身。", edge.target, edge.target_port
        )
    if edge in graph.wires_into(edge.target, edge.target_port):
        raise GraphError("This wire is there already.", "该连线已存在。", edge.target, edge.target_port)
    of_block = {graph.nodes[node]["component"] for node in (edge.source, edge.target)} & {PORT_IN, PORT_OUT}
    if source.dims.kind != target.dims.kind and not of_block:  # a block's port carries whatever comes
        (takes, takes_zh), (gives, gives_zh) = KIND_NAMES[target.dims.kind], KIND_NAMES[source.dims.kind]
        raise GraphError(
            f"'{edge.target}.{edge.target_port}' takes {takes}; '{edge.source}.{edge.source_port}' gives {gives}.",
            f"“{edge.target}.{edge.target_port}”需要{takes_zh}，而“{edge.source}.{edge.source_port}”给出{gives_zh}。",
            edge.target,
            edge.target_port,
        )
    if nx.has_path(graph, edge.target, edge.source):
        path = " -> ".join(nx.shortest_path(graph, edge.target, edge.source))
        raise GraphError(
            f"This wire would close a cycle: {path} -> {edge.target}. Data can only flow forward.",
            f"该连线会形成环：{path} -> {edge.target}。数据只能向前流动。",
            edge.target,
            edge.target_port,
        )
    displaced = None
    if not target.variadic:
        present = graph.wires_into(edge.target, edge.target_port)
        if present and not replace:
            raise GraphError(
                f"'{edge.target}.{edge.target_port}' already has a wire, from {present[0].source}.",
                f"“{edge.target}.{edge.target_port}”已有来自 {present[0].source} 的连线。",
                edge.target,
                edge.target_port,
            )
        for old in present:
            graph.unwire(old)
            displaced = old
    graph.wire(edge)
    return displaced


def _port(graph: Graph, edge: Edge, side: str, blocks: Blocks | None) -> Port:
    node, name = (edge.source, edge.source_port) if side == "source" else (edge.target, edge.target_port)
    if node not in graph:
        raise GraphError(f"There is no node '{node}'.", f"没有节点“{node}”。", node, name)
    signature = graph.signature(node, blocks)
    ports = signature.outputs if side == "source" else signature.inputs
    if name not in ports:
        word, word_zh = ("output", "输出") if side == "source" else ("input", "输入")
        other = signature.inputs if side == "source" else signature.outputs
        known, known_zh = ", ".join(ports) or "none", "、".join(ports) or "无"
        hint = " Draw wires from an output to an input." if name in other else ""
        raise GraphError(
            f"'{node}' has no {word} port '{name}' ({word}s: {known}).{hint}",
            f"“{node}”没有{word_zh}端口“{name}”（{word_zh}：{known_zh}）。" + ("请从输出连到输入。" if hint else ""),
            node,
            name,
        )
    return ports[name]


def disconnect(graph: Graph, edge: Edge) -> None:
    """Removes a wire; GraphError where there is none."""
    if not graph.unwire(edge):
        raise GraphError(f"There is no wire {edge}.", f"没有连线 {edge}。", edge.target, edge.target_port)


def reconnect(graph: Graph, edge: Edge, new: Edge, blocks: Blocks | None = None) -> Edge | None:
    """Lets a wire run between other ports; the wire that it displaced, if any. It keeps its place in a variadic port.

    Raises:
        GraphError: there is no such wire, or the new one is refused.
    """
    trial = graph.copy()
    disconnect(trial, edge)
    displaced = connect(trial, new, blocks)
    wires = [(wire, graph.extra_of(wire)) for wire in graph.wires() if wire != displaced]
    rewire(graph, [(new if wire == edge else wire, extra) for wire, extra in wires])
    return displaced


def splice(graph: Graph, node: str, wire: Edge, blocks: Blocks | None = None) -> bool:
    """Puts a node into a wire by its first input and output that fit; False where none do, and all stays as it is."""
    signature = graph.signature(node, blocks)
    entries = sorted(signature.inputs.values(), key=lambda port: port.optional)
    for entry, way_out in itertools.product(entries, signature.outputs):
        behind = Edge(node, way_out, wire.target, wire.target_port)
        trial = graph.copy()
        disconnect(trial, wire)
        try:
            connect(trial, Edge(wire.source, wire.source_port, node, entry.name), blocks)
            connect(trial, behind, blocks)
        except GraphError:
            continue  # their kinds differ
        reconnect(graph, wire, behind, blocks)
        connect(graph, Edge(wire.source, wire.source_port, node, entry.name), blocks)
        return True
    return False


def reorder(graph: Graph, node: str, port: str, sources: list[str]) -> None:
    """Puts the wires into a variadic port into a new order, given as ``node.port`` of their sources."""
    require_nodes(graph, [node])
    waiting: dict[str, list[tuple[Edge, dict[str, Any]]]] = {}
    for edge in graph.wires_into(node, port):
        waiting.setdefault(f"{edge.source}.{edge.source_port}", []).append((edge, graph.extra_of(edge)))
    if Counter(sources) != Counter({source: len(edges) for source, edges in waiting.items()}):
        raise GraphError(
            f"The new order must name each wire into '{node}.{port}' once: {', '.join(waiting)}.",
            f"新顺序须恰好列出“{node}.{port}”的每条连线一次：{'、'.join(waiting)}。",
            node,
            port,
        )
    for source in sources:
        edge, extra = waiting[source].pop(0)
        graph.unwire(edge)
        graph.wire(edge, extra)


def rewire(graph: Graph, wires: Iterable[tuple[Edge, Mapping[str, Any]]]) -> None:
    """Lays all wires anew: their order is the order of a variadic port, so a replaced wire keeps its place in it."""
    graph.remove_edges_from(list(graph.edges))
    for edge, extra in wires:
        graph.wire(edge, extra)

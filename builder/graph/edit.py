"""The edits that a person makes. Each changes a graph (or a block) in place, or raises GraphError and changes nothing."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from builder.graph.graph import (
    BLOCK_PREFIX,
    IDENTIFIER,
    PORT_IN,
    PORT_OUT,
    Edge,
    Graph,
    GraphError,
)
from components.spec import Port

Blocks = Mapping[str, Graph]


def fresh_id(graph: Graph, component: str) -> str:
    """An unused node id that begins with the component's last word: ``conv1``, ``linear2``."""
    base = component.removeprefix(BLOCK_PREFIX)
    if not component.startswith(BLOCK_PREFIX):
        head, _, tail = base.partition("_")
        base = tail or head if head in ("op", "act", "data", "layer") else head if head == "conv" else base
    base = re.sub(r"\d+$", "", base).rstrip("_") or "node"
    number = 1
    while f"{base}{number}" in graph:
        number += 1
    return f"{base}{number}"


def add_node(
    graph: Graph,
    component: str,
    position: tuple[float, float],
    params: Mapping[str, Any] | None = None,
    blocks: Blocks | None = None,
) -> str:
    """Places a component from the palette; its new node id. GraphError where there is no such component or block."""
    id = fresh_id(graph, component)
    probe = Graph()
    probe.place(id, component)
    probe.signature(id, graph.blocks if blocks is None else blocks)
    graph.place(id, component, params, position=position)
    return id


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

    An input port that is not variadic holds one wire: a second one takes the first one's place (or is refused without ``replace``).
    """
    source, target = _port(graph, edge, "source", blocks), _port(graph, edge, "target", blocks)
    if edge.source == edge.target:
        raise GraphError(
            f"'{edge.source}' cannot feed itself.", f"“{edge.source}”不能连接到自身。", edge.target, edge.target_port
        )
    if edge in graph.wires_into(edge.target, edge.target_port):
        raise GraphError("This wire is there already.", "该连线已存在。", edge.target, edge.target_port)
    if source.dims.kind != target.dims.kind:
        raise GraphError(
            f"'{edge.target}.{edge.target_port}' takes a {target.dims.kind}; "
            f"'{edge.source}.{edge.source_port}' gives a {source.dims.kind}.",
            f"“{edge.target}.{edge.target_port}”需要 {target.dims.kind}，"
            f"而“{edge.source}.{edge.source_port}”给出 {source.dims.kind}。",
            edge.target,
            edge.target_port,
        )
    if edge.target in graph and nx.has_path(graph, edge.target, edge.source):
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
        known = ", ".join(ports) or "none"
        hint = " Draw wires from an output to an input." if name in other else ""
        raise GraphError(
            f"'{node}' has no {word} port '{name}' ({word}s: {known}).{hint}",
            f"“{node}”没有{word_zh}端口“{name}”（{word_zh}：{known}）。" + ("请从输出连到输入。" if hint else ""),
            node,
            name,
        )
    return ports[name]


def disconnect(graph: Graph, edge: Edge) -> None:
    """Removes a wire; GraphError where there is none."""
    if not graph.unwire(edge):
        raise GraphError(f"There is no wire {edge}.", f"没有连线 {edge}。", edge.target, edge.target_port)


def remove_nodes(graph: Graph, nodes: Iterable[str]) -> None:
    """Removes nodes with their wires."""
    nodes = list(nodes)
    _require(graph, nodes)
    graph.remove_nodes_from(nodes)


def move(graph: Graph, positions: Mapping[str, tuple[float, float]]) -> None:
    """Puts nodes at new places on the canvas."""
    _require(graph, positions)
    for node, (x, y) in positions.items():
        graph.nodes[node]["position"] = [round(float(x), 1), round(float(y), 1)]


def set_param(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one parameter; None gives an inferred parameter back to inference. Values are checked by the compiler."""
    _require(graph, [node])
    params = dict(graph.nodes[node]["params"])
    params[name] = value
    graph.nodes[node]["params"] = params


def reset_param(graph: Graph, node: str, name: str) -> None:
    """Gives a parameter its default back."""
    _require(graph, [node])
    graph.nodes[node]["params"] = {k: v for k, v in graph.nodes[node]["params"].items() if k != name}


def set_setting(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one node-level setting (name, init, frozen, weights, repeat, batch_size ...); None removes it."""
    _require(graph, [node])
    settings = {k: v for k, v in graph.nodes[node]["settings"].items() if k != name}
    if value is not None:
        settings[name] = value
    graph.nodes[node]["settings"] = settings


def rename_node(graph: Graph, node: str, id: str) -> None:
    """Gives a node another id; wires and shared weights follow."""
    _require(graph, [node])
    if id == node:
        return
    if not IDENTIFIER.fullmatch(id) or id in graph:
        raise GraphError(
            f"A node's id must be unused letters, digits and '_', a letter first. Got {id!r}.",
            f"节点编号须以字母开头，仅含字母、数字和下划线，且未被占用。收到 {id!r}。",
            node,
        )
    nodes = {(id if n == node else n): copy.deepcopy(d) for n, d in graph.nodes(data=True)}
    wires = list(graph.wires())
    graph.remove_nodes_from(list(graph.nodes))
    for name, data in nodes.items():
        weights = data["settings"].get("weights", {})
        if weights.get("node") == node:
            data["settings"]["weights"] = {**weights, "node": id}
        graph.add_node(name, **data)
    for edge in wires:
        ends = {"source": id if edge.source == node else edge.source, "target": id if edge.target == node else edge.target}
        graph.wire(edge._replace(**ends))


def duplicate(graph: Graph, nodes: Iterable[str], offset: tuple[float, float] = (40, 40)) -> dict[str, str]:
    """Copies nodes with the wires that reach them from outside and those among them; the new id by old id."""
    nodes = list(nodes)
    _require(graph, nodes)
    new: dict[str, str] = {}
    for node in nodes:
        data = copy.deepcopy(graph.nodes[node])
        new[node] = fresh_id(graph, data["component"])
        if data["position"] is not None:
            data["position"] = [data["position"][0] + offset[0], data["position"][1] + offset[1]]
        graph.add_node(new[node], **data)
    for edge in list(graph.wires()):
        if edge.target in new:
            graph.wire(edge._replace(source=new.get(edge.source, edge.source), target=new[edge.target]))
    return new


def reorder(graph: Graph, node: str, port: str, sources: list[str]) -> None:
    """Puts the wires into a variadic port into a new order, given as ``node.port`` of their sources."""
    wires = graph.wires_into(node, port)
    by_source = {f"{e.source}.{e.source_port}": e for e in wires}
    if sorted(by_source) != sorted(sources):
        raise GraphError(
            f"The new order must name each wire into '{node}.{port}' once: {', '.join(by_source)}.",
            f"新顺序须恰好列出“{node}.{port}”的每条连线一次：{', '.join(by_source)}。",
            node,
            port,
        )
    for source in sources:
        graph.unwire(by_source[source])
        graph.wire(by_source[source])


def make_block(graph: Graph, nodes: Iterable[str], name: str, blocks: dict[str, Graph] | None = None) -> str:
    """Moves nodes into a new block and puts one use of it in their place; the new node's id.

    The wires that are cut become the block's ports, named after the port they reach (numbered where two are alike).
    """
    chosen = list(nodes)
    _require(graph, chosen)
    blocks = graph.blocks if blocks is None else blocks
    if not IDENTIFIER.fullmatch(name) or name in blocks:
        raise GraphError(
            f"A block's name must be unused letters, digits and '_', a letter first. Got {name!r}.",
            f"模块名须以字母开头，仅含字母、数字和下划线，且未被占用。收到 {name!r}。",
        )
    inside = set(chosen)
    _require_convex(graph, inside)
    block, wires = Graph(), list(graph.wires())
    left = min((graph.nodes[n]["position"] or [0, 0])[0] for n in chosen)
    top = min((graph.nodes[n]["position"] or [0, 0])[1] for n in chosen)
    right = max((graph.nodes[n]["position"] or [0, 0])[0] for n in chosen)
    entries: dict[tuple[str, str], str] = {}
    exits: dict[tuple[str, str], str] = {}
    for edge in wires:
        if edge.target in inside and edge.source not in inside:
            key = (edge.source, edge.source_port)
            if key not in entries:
                entries[key] = _free(edge.target_port, {*chosen, *entries.values()})
        elif edge.source in inside and edge.target not in inside:
            key = (edge.source, edge.source_port)
            if key not in exits:
                exits[key] = _free(edge.source_port, {*chosen, *entries.values(), *exits.values()})
    for row, port in enumerate(entries.values()):
        block.place(port, PORT_IN, position=(left - 260, top + 90 * row))
    for node in chosen:
        block.add_node(node, **copy.deepcopy(graph.nodes[node]))
    for row, port in enumerate(exits.values()):
        block.place(port, PORT_OUT, position=(right + 260, top + 90 * row))
    id = fresh_id(graph, BLOCK_PREFIX + name)
    graph.place(id, BLOCK_PREFIX + name, position=(left, top))
    outer: list[Edge] = []
    for edge in wires:
        ends_inside = (edge.source in inside, edge.target in inside)
        if ends_inside == (True, True):
            block.wire(edge)
        elif ends_inside == (False, True):
            port = entries[edge.source, edge.source_port]
            block.wire(Edge(port, "y", edge.target, edge.target_port))
            entering = Edge(edge.source, edge.source_port, id, port)
            if entering not in outer:
                outer.append(entering)
        elif ends_inside == (True, False):
            outer.append(Edge(id, exits[edge.source, edge.source_port], edge.target, edge.target_port))
        else:
            outer.append(edge)
    for (source, source_port), port in exits.items():
        block.wire(Edge(source, source_port, port, "x"))
    graph.remove_nodes_from(chosen)
    _rewire(graph, outer)
    blocks[name] = block
    return id


def _rewire(graph: Graph, wires: Iterable[Edge]) -> None:
    """Lays all wires anew: their order is the order of a variadic port, so a replaced wire keeps its place in it."""
    graph.remove_edges_from(list(graph.edges))
    for edge in wires:
        graph.wire(edge)


def _require_convex(graph: Graph, inside: set[str]) -> None:
    """Nodes can become a block only if no path leaves them and comes back: the block would stand in a cycle."""
    for node in inside:
        for outside in set(graph.successors(node)) - inside:
            returning = nx.descendants(graph, outside) & inside
            if returning:
                raise GraphError(
                    f"These nodes cannot become a block: the path from '{node}' through '{outside}' comes back to "
                    f"'{sorted(returning)[0]}'. Select '{outside}' as well.",
                    f"这些节点不能组成模块：从“{node}”经“{outside}”的路径又回到“{sorted(returning)[0]}”。请同时选中“{outside}”。",
                    outside,
                )


def _free(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    number = 2
    while f"{name}{number}" in used:
        number += 1
    return f"{name}{number}"


def detach_block(graph: Graph, node: str, blocks: Blocks | None = None) -> list[str]:
    """Replaces a block's use by the nodes of the block; their new ids. Parameters of the use are written into them."""
    _require(graph, [node])
    component = graph.nodes[node]["component"]
    if not component.startswith(BLOCK_PREFIX):
        raise GraphError(f"'{node}' is not a block.", f"“{node}”不是模块。", node)
    graph.signature(node, blocks)
    block = (graph.blocks if blocks is None else blocks)[component.removeprefix(BLOCK_PREFIX)]
    given = {**block.block_params, **graph.nodes[node]["params"]}
    origin = graph.nodes[node]["position"] or [0, 0]
    wires = list(graph.wires())
    incoming = [e for e in wires if e.target == node]
    graph.remove_node(node)
    new: dict[str, str] = {}
    inner = [(n, d) for n, d in block.nodes(data=True) if d["component"] not in (PORT_IN, PORT_OUT)]
    base = [min((d["position"] or [0, 0])[axis] for _, d in inner) if inner else 0 for axis in (0, 1)]
    for name, data in inner:
        data = copy.deepcopy(data)
        new[name] = name if name not in graph else fresh_id(graph, data["component"])
        data["params"] = substitute(data["params"], given)
        if data["position"] is not None:
            data["position"] = [origin[i] + data["position"][i] - base[i] for i in (0, 1)]
        graph.add_node(new[name], **data)
    inner_wires: list[Edge] = []
    leaving: dict[str, list[tuple[str, str]]] = {}
    for edge in block.wires():
        if edge.source in new and edge.target in new:
            inner_wires.append(edge._replace(source=new[edge.source], target=new[edge.target]))
        elif edge.target in new:
            feeds = [e for e in incoming if e.target_port == edge.source]
            inner_wires += [Edge(e.source, e.source_port, new[edge.target], edge.target_port) for e in feeds]
        elif edge.source in new:
            leaving.setdefault(edge.target, []).append((new[edge.source], edge.source_port))
        else:  # a port that goes straight through the block
            feeds = [e for e in incoming if e.target_port == edge.source]
            leaving.setdefault(edge.target, []).extend((e.source, e.source_port) for e in feeds)
    kept: list[Edge] = []
    for edge in wires:
        if edge.source == node:
            kept += [Edge(s, p, edge.target, edge.target_port) for s, p in leaving.get(edge.source_port, [])]
        elif edge.target != node:
            kept.append(edge)
    _rewire(graph, inner_wires + kept)
    return list(new.values())


def substitute(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with each ``{"param": name}`` replaced by the value that the block's use gives."""

    def value(item: Any) -> Any:
        if isinstance(item, Mapping) and set(item) == {"param"}:
            name = item["param"]
            if name not in given:
                raise GraphError(f"The block has no parameter '{name}'.", f"模块没有参数“{name}”。")
            return given[name]
        return [value(i) for i in item] if isinstance(item, list | tuple) else item

    return {key: value(item) for key, item in params.items()}


def _require(graph: Graph, nodes: Iterable[str]) -> None:
    for node in nodes:
        if node not in graph:
            raise GraphError(f"There is no node '{node}'.", f"没有节点“{node}”。", node)

"""The edits that a person makes. Each changes a graph (or block) in place, or raises GraphError and changes nothing."""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import networkx as nx

from builder.graph.document import plain
from builder.graph.graph import (
    BLOCK_PREFIX,
    IDENTIFIER,
    MAX_ID,
    PORT_IN,
    PORT_OUT,
    Edge,
    Graph,
    GraphError,
    block_ports,
    substitute,
)
from builder.graph.schema import check_settings
from components.spec import Port

Blocks = Mapping[str, Graph]
KIND_NAMES = {"tensor": ("a tensor", "张量"), "schedule": ("a learning-rate schedule", "学习率调度")}

KIND_PREFIXES = ("op", "act", "data", "layer", "loss", "metric", "opt", "rnn", "sched")  # of component ids: not telling


def fresh_id(graph: Graph, component: str) -> str:
    """An unused node id from the component's telling word: ``conv1``, ``relu2``, ``linear1``."""
    base = component.removeprefix(BLOCK_PREFIX)
    head, _, tail = base.partition("_")
    if not component.startswith(BLOCK_PREFIX):
        if head == "conv":
            base = head
        elif head in KIND_PREFIXES and IDENTIFIER.fullmatch(tail):
            base = tail
    base = re.sub(r"\d+$", "", base).rstrip("_")[: MAX_ID - 10] or "node"
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
    """Places a component from the palette; its new node id.

    Raises:
        GraphError: there is no such component or block, or the block would stand in itself.
    """
    blocks = graph.blocks if blocks is None else blocks
    id = fresh_id(graph, component)
    probe = Graph()
    probe.place(id, component)
    probe.signature(id, blocks)
    _require_no_recursion(graph, component, blocks)
    graph.place(id, component, plain(dict(params or {})), position=(_on_canvas(position[0]), _on_canvas(position[1])))
    return id


def _name_of(graph: Graph, blocks: Blocks) -> str | None:
    """The name under which a graph is a block; None for the whole graph."""
    return next((name for name, block in blocks.items() if block is graph), None)


def _require_no_recursion(graph: Graph, component: str, blocks: Blocks) -> None:
    """A block cannot hold a use of itself, nor of a block that holds one."""
    inside = _name_of(graph, blocks)
    if inside is None or not component.startswith(BLOCK_PREFIX):
        return
    seen: set[str] = set()
    stack = [component.removeprefix(BLOCK_PREFIX)]
    while stack:
        name = stack.pop()
        if name == inside:
            used = component.removeprefix(BLOCK_PREFIX)
            raise GraphError(
                f"The block '{used}' cannot stand inside '{inside}': it would contain itself.",
                f"模块“{used}”不能放入“{inside}”：它会包含自身。",
            )
        if name not in seen and name in blocks:
            seen.add(name)
            used_here = (data["component"] for _, data in blocks[name].nodes(data=True))
            stack += [c.removeprefix(BLOCK_PREFIX) for c in used_here if c.startswith(BLOCK_PREFIX)]


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


def remove_nodes(graph: Graph, nodes: Iterable[str]) -> None:
    """Removes nodes with their wires."""
    nodes = list(nodes)
    _require(graph, nodes)
    graph.remove_nodes_from(nodes)


def move(graph: Graph, positions: Mapping[str, tuple[float, float]]) -> None:
    """Puts nodes at new places on the canvas; a place beyond its edge is drawn to the edge."""
    _require(graph, positions)
    placed = {node: [_on_canvas(x), _on_canvas(y)] for node, (x, y) in positions.items()}
    for node, position in placed.items():
        graph.nodes[node]["position"] = position


def _on_canvas(value: float) -> float:
    if not abs(value) < float("inf"):
        raise GraphError(
            f"A position must be a finite number. Got {value!r}.", f"位置必须是有限的数字，收到 {value!r}。"
        )
    return round(max(-1e7, min(1e7, float(value))), 1)


def set_param(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one parameter; None gives an inferred parameter back to inference. Values are checked by the compiler."""
    _require(graph, [node])
    graph.nodes[node]["params"] = {**graph.nodes[node]["params"], name: plain(value)}


def reset_param(graph: Graph, node: str, name: str) -> None:
    """Gives a parameter its default back."""
    _require(graph, [node])
    graph.nodes[node]["params"] = {k: v for k, v in graph.nodes[node]["params"].items() if k != name}


def set_setting(graph: Graph, node: str, name: str, value: Any) -> None:
    """Sets one node-level setting (name, init, frozen, weights, repeat, batch_size ...); None removes it.

    Raises:
        GraphError: a value that the setting cannot have.
    """
    _require(graph, [node])
    settings = {k: v for k, v in graph.nodes[node]["settings"].items() if k != name}
    if value is not None:
        settings[name] = plain(value)
        check_settings({name: settings[name]}, node)
    graph.nodes[node]["settings"] = settings


def rename_node(graph: Graph, node: str, id: str, root: Graph | None = None) -> None:
    """Gives a node another id; wires and shared weights follow.

    Where ``graph`` is a block, pass the whole graph as ``root``: what reaches into the block's uses (wires to a renamed
    port, shared weights) follows as well.
    """
    _require(graph, [node])
    if id == node:
        return
    _require_free(id, graph, ("A node's id", "节点编号"), node)
    name = None if root is None else _name_of(graph, root.blocks)
    if root is not None and name is not None:  # while the paths still lead to the node
        for scope in (root, *root.blocks.values()):
            _rename_port_of_uses(scope, BLOCK_PREFIX + name, graph.nodes[node]["component"], node, id)
            _follow(scope, lambda path, scope=scope: _renamed_within(path, scope, root, graph, node, id))
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    nodes = {(id if n == node else n): data for n, data in graph.nodes(data=True)}
    graph.remove_nodes_from(list(graph.nodes))
    for other, data in nodes.items():
        graph.add_node(other, **data)
    for edge, extra in wires:
        ends = {
            "source": id if edge.source == node else edge.source,
            "target": id if edge.target == node else edge.target,
        }
        graph.wire(edge._replace(**ends), extra)
    _follow(graph, lambda path: id + path.removeprefix(node) if path == node or path.startswith(f"{node}/") else path)


def _renamed_within(path: str, scope: Graph, root: Graph, block: Graph, old: str, new: str) -> str:
    """A path that leads through a use of ``block`` to its node ``old``, to the node's new id."""
    parts = path.split("/")
    current = scope if parts[0] in scope else root
    for index, part in enumerate(parts):
        if index and current is block and part == old:
            return "/".join([*parts[:index], new, *parts[index + 1 :]])
        if part not in current:
            if index and re.fullmatch(r"n\d+", part):
                continue  # a copy of a repeated block
            break
        following = root.blocks.get(current.nodes[part]["component"].removeprefix(BLOCK_PREFIX))
        if following is None:
            break
        current = following
    return path


def _follow(graph: Graph, renamed: Callable[[str], str]) -> None:
    """Lets whatever names another node (shared weights, block parameters, what an optimizer owns) name it as it is."""
    for _, data in graph.nodes(data=True):
        settings, params = data["settings"], data["params"]
        weights, owned = settings.get("weights", {}), settings.get("parameters")
        if weights.get("node") and weights.get("from") != "run":
            settings = {**settings, "weights": {**weights, "node": renamed(weights["node"])}}
        if owned:
            settings = {**settings, "parameters": [renamed(path) for path in owned]}
        referring = {k: {**v, "node": renamed(v["node"])} for k, v in params.items() if _is_reference(v)}
        data["settings"], data["params"] = settings, {**params, **referring}


def _begun_anew(path: str, new: Mapping[str, str]) -> str:
    """A path whose first node has another id."""
    first, *rest = path.split("/")
    return "/".join([new.get(first, first), *rest])


def _is_reference(value: Any) -> bool:
    """Whether a parameter stands for what is at a node."""
    return isinstance(value, Mapping) and set(value) == {"node"} and isinstance(value["node"], str)


def _rename_port_of_uses(scope: Graph, component: str, kind: str, old: str, new: str) -> None:
    """Wires to the port ``old`` of every use of a block go to ``new``."""
    uses = {n for n, data in scope.nodes(data=True) if data["component"] == component}
    for _, target, data in scope.edges(data=True):
        if kind == PORT_IN and target in uses and data["target_port"] == old:
            data["target_port"] = new
    for source, _, data in scope.edges(data=True):
        if kind == PORT_OUT and source in uses and data["source_port"] == old:
            data["source_port"] = new


def duplicate(graph: Graph, nodes: Iterable[str], offset: tuple[float, float] = (40, 40)) -> dict[str, str]:
    """Copies nodes with the wires that reach them from outside and those among them; the new id by old id.

    Copies that shared weights among themselves still do.
    """
    nodes = list(dict.fromkeys(nodes))
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
            copied = edge._replace(source=new.get(edge.source, edge.source), target=new[edge.target])
            graph.wire(copied, graph.extra_of(edge))
    copies = graph.subgraph(new.values())
    _follow(copies, lambda path: _begun_anew(path, new))
    return new


def reorder(graph: Graph, node: str, port: str, sources: list[str]) -> None:
    """Puts the wires into a variadic port into a new order, given as ``node.port`` of their sources."""
    _require(graph, [node])
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


def make_block(graph: Graph, nodes: Iterable[str], name: str, blocks: dict[str, Graph] | None = None) -> str:
    """Moves nodes into a new block and puts one use of it in their place; the new node's id.

    The wires that are cut become the block's ports, named after the port they reach (numbered where two are alike).
    Parameters that refer to the block around (``{"param": ...}``) become parameters of the new block too.
    """
    chosen = list(dict.fromkeys(nodes))
    _require(graph, chosen)
    blocks = graph.blocks if blocks is None else blocks
    _require_free(name, blocks, ("A block's name", "模块名"))
    if not chosen:
        raise GraphError("Select the nodes that shall become a block.", "请先选择要组成模块的节点。")
    for node in chosen:
        if graph.nodes[node]["component"] in (PORT_IN, PORT_OUT):
            raise GraphError(
                f"'{node}' is a port of the block around it and cannot move into another.",
                f"“{node}”是外层模块的端口，不能移入另一个模块。",
                node,
            )
    inside = set(chosen)
    _require_convex(graph, inside)
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    block, entries, exits = Graph(), dict[tuple[str, str], str](), dict[tuple[str, str], str]()
    for edge, _ in wires:
        key = (edge.source, edge.source_port)
        if edge.target in inside and edge.source not in inside and key not in entries:
            entries[key] = _free(edge.target_port, {*chosen, *entries.values()})
    for edge, _ in wires:
        key = (edge.source, edge.source_port)
        if edge.source in inside and edge.target not in inside and key not in exits:
            exits[key] = _free(edge.source_port, {*chosen, *entries.values(), *exits.values()})
    places = [graph.nodes[n]["position"] or [0, 0] for n in chosen]
    left, top, right = min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places)
    for row, port in enumerate(entries.values()):
        block.place(port, PORT_IN, position=(left - 260, top + 90 * row))
    for node in chosen:
        block.add_node(node, **copy.deepcopy(graph.nodes[node]))
    for row, port in enumerate(exits.values()):
        block.place(port, PORT_OUT, position=(right + 260, top + 90 * row))
    references = sorted({name for node in chosen for name in _references(graph.nodes[node]["params"])})
    block.block_params.update({name: graph.block_params.get(name) for name in references})
    id = fresh_id(graph, BLOCK_PREFIX + name)
    graph.place(id, BLOCK_PREFIX + name, {name: {"param": name} for name in references}, position=(left, top))
    outer: dict[Edge, dict[str, Any]] = {}  # a source that several inner ports read enters by one wire
    repeated: list[tuple[Edge, dict[str, Any]]] = []
    for edge, extra in wires:
        ends_inside = (edge.source in inside, edge.target in inside)
        if ends_inside == (True, True):
            block.wire(edge, extra)
        elif ends_inside == (False, True):
            port = entries[edge.source, edge.source_port]
            block.wire(Edge(port, "y", edge.target, edge.target_port), extra)
            entering = Edge(edge.source, edge.source_port, id, port)
            if entering not in outer:
                outer[entering] = {}
                repeated.append((entering, {}))
        elif ends_inside == (True, False):
            leaving = Edge(id, exits[edge.source, edge.source_port], edge.target, edge.target_port)
            repeated.append((leaving, extra))
        else:
            repeated.append((edge, extra))
    for (source, source_port), port in exits.items():
        block.wire(Edge(source, source_port, port, "x"))
    graph.remove_nodes_from(chosen)
    _rewire(graph, repeated)
    _follow(graph, lambda path: f"{id}/{path}" if path.split("/")[0] in inside else path)
    blocks[name] = block
    return id


def _references(params: Any) -> set[str]:
    """The names of the block's parameters that these values refer to."""
    if isinstance(params, Mapping):
        if set(params) == {"param"} and isinstance(params["param"], str):
            return {params["param"]}
        params = list(params.values())
    return {name for item in params for name in _references(item)} if isinstance(params, list | tuple) else set()


def _rewire(graph: Graph, wires: Iterable[tuple[Edge, Mapping[str, Any]]]) -> None:
    """Lays all wires anew: their order is the order of a variadic port, so a replaced wire keeps its place in it."""
    graph.remove_edges_from(list(graph.edges))
    for edge, extra in wires:
        graph.wire(edge, extra)


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
    """Replaces a block's use by the nodes of the block; their new ids. Parameters of the use are written into them.

    A block that is repeated first becomes its single copies, each of which can be detached in turn.
    """
    _require(graph, [node])
    component = graph.nodes[node]["component"]
    if not component.startswith(BLOCK_PREFIX):
        raise GraphError(f"'{node}' is not a block.", f"“{node}”不是模块。", node)
    graph.signature(node, blocks)
    block = (graph.blocks if blocks is None else blocks)[component.removeprefix(BLOCK_PREFIX)]
    repeat = graph.nodes[node]["settings"].get("repeat", 1)
    return _unroll(graph, node, block, repeat) if repeat > 1 else _unfold(graph, node, block)


def _unfold(graph: Graph, node: str, block: Graph) -> list[str]:
    use = graph.nodes[node]
    given = {**block.block_params, **use["params"]}
    inner = [(n, d) for n, d in block.nodes(data=True) if d["component"] not in (PORT_IN, PORT_OUT)]
    params = {name: substitute(data["params"], given) for name, data in inner}
    origin = use["position"] or [0, 0]
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    graph.remove_node(node)
    base = [min((d["position"] or [0, 0])[axis] for _, d in inner) if inner else 0 for axis in (0, 1)]
    new: dict[str, str] = {}
    for name, found in inner:
        data: dict[str, Any] = copy.deepcopy(found) | {"params": params[name]}
        new[name] = name if name not in graph else fresh_id(graph, data["component"])
        if data["position"] is not None:
            data["position"] = [origin[i] + data["position"][i] - base[i] for i in (0, 1)]
        data["settings"] |= {k: v for k, v in use["settings"].items() if k == "frozen"}
        graph.add_node(new[name], **data)
    inside = graph.subgraph(new.values())  # what names a node of the block, under the new ids
    _follow(inside, lambda path: _begun_anew(path, new))
    incoming = [(e, extra) for e, extra in wires if e.target == node]

    def sources(edge: Edge) -> list[tuple[str, str]]:
        """What an edge of the block reads: a node of the block, or what comes in at the port."""
        if edge.source in new:
            return [(new[edge.source], edge.source_port)]
        return [(e.source, e.source_port) for e, _ in incoming if e.target_port == edge.source]

    laid: list[tuple[Edge, Mapping[str, Any]]] = []
    for edge in block.wires():
        if edge.target in new:
            found = sources(edge)
            laid += [(Edge(*end, new[edge.target], edge.target_port), block.extra_of(edge)) for end in found]
    for edge, extra in wires:
        if edge.source == node:
            found = [end for inner_edge in block.wires_into(edge.source_port) for end in sources(inner_edge)]
            laid += [(Edge(*end, edge.target, edge.target_port), extra) for end in found]
        elif edge.target != node:
            laid.append((edge, extra))
    _rewire(graph, laid)
    _follow(graph, lambda path: _entered(path, node, new))
    return list(new.values())


def _entered(path: str, node: str, new: Mapping[str, str]) -> str:
    """A path through a detached block: its inner node's new id."""
    parts = path.split("/")
    return "/".join([new[parts[1]], *parts[2:]]) if len(parts) > 1 and parts[0] == node and parts[1] in new else path


def _unroll(graph: Graph, node: str, block: Graph, repeat: int) -> list[str]:
    """A repeated block as its single copies, one after the other, wired as repeating wires them."""
    ins, outs = block_ports(block, PORT_IN), block_ports(block, PORT_OUT)
    data = copy.deepcopy(graph.nodes[node])
    data["settings"].pop("repeat")
    wires = [(edge, graph.extra_of(edge)) for edge in graph.wires()]
    graph.remove_node(node)
    copies = []
    for step in range(repeat):
        copies.append(fresh_id(graph, data["component"]))
        moved = copy.deepcopy(data)
        if moved["position"] is not None:
            moved["position"][0] += 260 * step
        graph.add_node(copies[-1], **moved)
    laid: list[tuple[Edge, Mapping[str, Any]]] = []
    chained = dict(zip(ins, outs, strict=False))
    for edge, extra in wires:
        if edge.target == node:
            fed = copies[:1] if edge.target_port in chained else copies
            laid += [(edge._replace(target=copy_id), extra) for copy_id in fed]
        elif edge.source == node:
            laid.append((edge._replace(source=copies[-1]), extra))
        else:
            laid.append((edge, extra))
    for before, after in itertools.pairwise(copies):
        laid += [(Edge(before, out, after, into), {}) for into, out in chained.items()]
    _rewire(graph, laid)
    _follow(graph, lambda path: _entered(path, node, {f"n{i}": id for i, id in enumerate(copies)}))
    return copies


def _require(graph: Graph, nodes: Iterable[str]) -> None:
    for node in nodes:
        if node not in graph:
            raise GraphError(f"There is no node '{node}'.", f"没有节点“{node}”。", node)


def _require_free(name: str, used: Container[str], what: tuple[str, str], node: str = "") -> None:
    if not IDENTIFIER.fullmatch(name) or len(name) > MAX_ID or name in used:
        raise GraphError(
            f"{what[0]} must be unused letters, digits and '_', a letter first, at most {MAX_ID}. Got {name!r:.100}.",
            f"{what[1]}须以字母开头，仅含字母、数字和下划线，不超过 {MAX_ID} 个字符，且未被占用。收到 {name!r:.100}。",
            node,
        )

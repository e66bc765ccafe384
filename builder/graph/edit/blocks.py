"""Nodes that become a block, and a block that becomes its nodes again."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from builder.graph.edit.names import Blocks, free_name, fresh_id, require_free, require_nodes
from builder.graph.edit.nodes import on_canvas
from builder.graph.edit.references import begun_anew, entered, follow, follow_all, parameters_named
from builder.graph.edit.wires import rewire
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph, GraphError, block_ports, substitute


def make_block(graph: Graph, nodes: Iterable[str], name: str, blocks: dict[str, Graph] | None = None) -> str:
    """Moves nodes into a new block and puts one use of it in their place; the new node's id.

    The wires that are cut become the block's ports, named after the port they reach (numbered where two are alike).
    Parameters that refer to the block around (``{"param": ...}``) become parameters of the new block too.
    """
    chosen = list(dict.fromkeys(nodes))
    require_nodes(graph, chosen)
    blocks = graph.blocks if blocks is None else blocks
    require_free(name, blocks, ("A block's name", "模块名"))
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
            entries[key] = free_name(edge.target_port, {*chosen, *entries.values()})
    for edge, _ in wires:
        key = (edge.source, edge.source_port)
        if edge.source in inside and edge.target not in inside and key not in exits:
            exits[key] = free_name(edge.source_port, {*chosen, *entries.values(), *exits.values()})
    places = [graph.nodes[n]["position"] or [0, 0] for n in chosen]
    left, top, right = min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places)
    for row, port in enumerate(entries.values()):
        block.place(port, PORT_IN, position=(on_canvas(left - 260), on_canvas(top + 90 * row)))
    for node in chosen:
        block.add_node(node, **copy.deepcopy(graph.nodes[node]))
    for row, port in enumerate(exits.values()):
        block.place(port, PORT_OUT, position=(on_canvas(right + 260), on_canvas(top + 90 * row)))
    references = sorted({name for node in chosen for name in parameters_named(graph.nodes[node]["params"])})
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
    rewire(graph, repeated)
    follow_all(graph, lambda path: f"{id}/{path}" if path.split("/")[0] in inside else path)
    blocks[name] = block
    return id


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


def own_block(graph: Graph, node: str, blocks: dict[str, Graph] | None = None) -> str:
    """Gives one use of a block a copy of the block that is its own; the copy's name. Other uses keep the former one."""
    require_nodes(graph, [node])
    blocks = graph.blocks if blocks is None else blocks
    name = graph.nodes[node]["component"].removeprefix(BLOCK_PREFIX)
    if graph.nodes[node]["component"] == name:
        raise GraphError(f"'{node}' is not a block.", f"“{node}”不是模块。", node)
    graph.signature(node, blocks)
    chosen = free_name(name, set(blocks))
    blocks[chosen] = copy.deepcopy(blocks[name])
    graph.nodes[node]["component"] = BLOCK_PREFIX + chosen
    return chosen


def detach_block(graph: Graph, node: str, blocks: Blocks | None = None) -> list[str]:
    """Replaces a block's use by the nodes of the block; their new ids. Parameters of the use are written into them.

    A block that is repeated first becomes its single copies, each of which can be detached in turn.
    """
    require_nodes(graph, [node])
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
            data["position"] = [on_canvas(origin[i] + data["position"][i] - base[i]) for i in (0, 1)]
        data["settings"] |= {k: v for k, v in use["settings"].items() if k in ("frozen", "mode")}
        graph.add_node(new[name], **data)
    inside = graph.subgraph(new.values())  # what names a node of the block, under the new ids
    follow(inside, lambda path: begun_anew(path, new))
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
    rewire(graph, laid)
    follow_all(graph, lambda path: entered(path, node, new))
    return list(new.values())


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
            moved["position"][0] = on_canvas(moved["position"][0] + 260 * step)
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
    rewire(graph, laid)
    follow_all(graph, lambda path: entered(path, node, {f"n{i}": id for i, id in enumerate(copies)}))
    return copies

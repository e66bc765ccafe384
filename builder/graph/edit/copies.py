"""Copies of nodes: beside them, or clipped as a graph of its own and pasted into the same or another graph."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from builder.graph.document import to_document
from builder.graph.edit.block_names import blocks_in, needed, rename_blocks
from builder.graph.edit.names import Blocks, free_name, fresh_id, require_nodes
from builder.graph.edit.nodes import on_canvas, require_no_recursion
from builder.graph.edit.references import begun_anew, follow, parameters_named
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph, GraphError, substitute

STEP = 40.0  # between a node and its copy


def duplicate(
    graph: Graph, nodes: Iterable[str], offset: tuple[float, float] = (STEP, STEP), incoming: bool = False
) -> dict[str, str]:
    """Copies nodes with the wires among them; the new id by old id. What they share among themselves, the copies share.

    Args:
        incoming: also the wires that come from other nodes; what is at their sources then feeds both.
    """
    chosen = dict.fromkeys(nodes)
    require_nodes(graph, chosen)
    new: dict[str, str] = {}
    for node in chosen:
        new[node] = fresh_id(graph, graph.nodes[node]["component"])
        _place_copy(graph, new[node], graph.nodes[node], offset)
    for edge in list(graph.wires()):
        if edge.target in new and (edge.source in new or incoming):
            copied = edge._replace(source=new.get(edge.source, edge.source), target=new[edge.target])
            graph.wire(copied, graph.extra_of(edge))
    follow(graph.subgraph(new.values()), lambda path: begun_anew(path, new))
    return new


def _place_copy(graph: Graph, id: str, data: Mapping[str, object], offset: tuple[float, float]) -> None:
    copied = copy.deepcopy(dict(data))
    if isinstance(place := copied["position"], list):
        copied["position"] = [on_canvas(place[0] + offset[0]), on_canvas(place[1] + offset[1])]
    graph.add_node(id, **copied)


def clip(graph: Graph, nodes: Iterable[str], blocks: Blocks) -> Graph:
    """A graph of its own that holds copies of these nodes, the wires among them and the blocks that they need.

    Where they refer to parameters of the block around them, it has these with their defaults.
    """
    part = Graph()
    for node in nodes:
        _place_copy(part, node, graph.nodes[node], (0, 0))
        for name in parameters_named(part.nodes[node]["params"]) & graph.block_params.keys():
            part.block_params[name] = copy.deepcopy(graph.block_params[name])
    for wire in graph.wires():
        if wire.source in part and wire.target in part:
            part.wire(wire, graph.extra_of(wire))
    for name in needed(blocks_in(part, blocks), blocks):
        part.blocks[name] = copy.deepcopy(blocks[name])
    return part


def paste(
    graph: Graph,
    part: Graph,
    blocks: dict[str, Graph],
    inside_block: bool,
    offset: tuple[float, float] | None = None,
) -> list[str]:
    """Places copies of a clipped graph; their new ids. None lies on another node: they are moved on as far as needed.

    A block of another graph comes along; where a different one has its name, it takes a new name.

    Args:
        graph: the graph or block that gets them.
        part: what was clipped.
        blocks: of the whole graph.
        inside_block: whether ``graph`` is a block, where ports of a block can stand.
        offset: the way from where they came from; a step beside it where None.

    Raises:
        GraphError: nothing that was clipped can be placed here, or a block would stand in itself.
    """
    ports = () if inside_block else (PORT_IN, PORT_OUT)
    placed = {node: data for node, data in part.nodes(data=True) if data["component"] not in ports}
    if not placed:
        raise GraphError("Nothing that was copied can be placed here.", "复制的内容不能放在这里。")
    known = dict(blocks)
    names = bring_blocks(part, known)
    for name in blocks_in(part, part.blocks):
        require_no_recursion(graph, BLOCK_PREFIX + names.get(name, name), known)
    blocks.update(known)
    way = _free_way(graph, placed.values(), offset or (STEP, STEP))
    new: dict[str, str] = {}
    for node, data in placed.items():
        new[node] = node if node not in graph else fresh_id(graph, data["component"])
        _place_copy(graph, new[node], data, way)
    for wire in part.wires():
        if wire.source in new and wire.target in new:
            graph.wire(wire._replace(source=new[wire.source], target=new[wire.target]), part.extra_of(wire))
    copies = graph.subgraph(new.values())
    for _, data in copies.nodes(data=True):
        if inside_block:
            defaults = {name: part.block_params.get(name) for name in parameters_named(data["params"])}
            graph.block_params.update({k: copy.deepcopy(v) for k, v in defaults.items() if k not in graph.block_params})
        else:
            data["params"] = substitute(data["params"], part.block_params, strict=False)
    rename_blocks(copies, names, part.blocks)
    follow(copies, lambda path: begun_anew(path, new))
    return list(new.values())


def _free_way(graph: Graph, copies: Iterable[Mapping[str, Any]], offset: tuple[float, float]) -> tuple[float, float]:
    """The offset, or as many steps further as it takes until no copy covers a node."""
    taken = [data["position"] for _, data in graph.nodes(data=True) if data["position"] is not None]
    places = [data["position"] for data in copies if data["position"] is not None]
    (dx, dy), near = offset, STEP / 2
    while any(abs(x + dx - a) < near and abs(y + dy - b) < near for x, y in places for a, b in taken):
        dx, dy = dx + STEP, dy + STEP
    return dx, dy


def bring_blocks(part: Graph, blocks: dict[str, Graph]) -> dict[str, str]:
    """Adds the blocks of a clipped graph to those of another; their names there by their names in the clip.

    An equal block of the name is used again; where a different one has it, the new one takes another name.
    """
    names: dict[str, str] = {}
    for name in needed(part.blocks, part.blocks):  # those that are needed first, so that the others name them as here
        block = copy.deepcopy(part.blocks[name])
        rename_blocks(block, names, part.blocks)
        different = {known for known, other in blocks.items() if to_document(other) != to_document(block)}
        names[name] = free_name(name, different)
        blocks.setdefault(names[name], block)
    return names

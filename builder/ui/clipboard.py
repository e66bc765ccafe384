"""Copy and paste: nodes with the wires among them and the blocks they use, within a graph or into another."""

from __future__ import annotations

import copy as copying
from collections.abc import Iterable, Mapping

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph, GraphError, edit, to_document

STEP = 40.0


def clip(graph: Graph, nodes: Iterable[str], blocks: Mapping[str, Graph]) -> Graph:
    """A graph of its own that holds copies of these nodes."""
    part = Graph()
    for node in nodes:
        part.add_node(node, **copying.deepcopy(graph.nodes[node]))
    for wire in graph.wires():
        if wire.source in part and wire.target in part:
            part.wire(wire)
    for name in _used(part, blocks):
        part.blocks[name] = copying.deepcopy(blocks[name])
    return part


def _used(part: Graph, blocks: Mapping[str, Graph]) -> list[str]:
    """The blocks that a graph uses, and those that they use."""
    found: list[str] = []
    todo = [part]
    while todo:
        for _, data in todo.pop().nodes(data=True):
            name = data["component"].removeprefix(BLOCK_PREFIX)
            if data["component"].startswith(BLOCK_PREFIX) and name in blocks and name not in found:
                found.append(name)
                todo.append(blocks[name])
    return found


def paste(graph: Graph, part: Graph, blocks: dict[str, Graph], inside_block: bool, times: int = 1) -> list[str]:
    """Places copies of a clipped graph beside where they came from; their new ids.

    A block of another graph comes along; where a different one has its name, it takes a new name.

    Raises:
        GraphError: nothing that was clipped can be placed here.
    """
    names = _bring_blocks(part, blocks)
    new: dict[str, str] = {}
    for node, given in part.nodes(data=True):
        data = copying.deepcopy(given)
        if data["component"] in (PORT_IN, PORT_OUT) and not inside_block:
            continue
        block = data["component"].removeprefix(BLOCK_PREFIX)
        if data["component"].startswith(BLOCK_PREFIX) and block in names:
            data["component"] = BLOCK_PREFIX + names[block]
        if data["position"] is not None:
            data["position"] = [data["position"][0] + STEP * times, data["position"][1] + STEP * times]
        new[node] = node if node not in graph else edit.fresh_id(graph, data["component"])
        graph.add_node(new[node], **data)
    if not new:
        raise GraphError("Nothing that was copied can be placed here.", "复制的内容不能放在这里。")
    for node in new.values():
        weights = graph.nodes[node]["settings"].get("weights")
        if isinstance(weights, Mapping) and weights.get("node") in new:
            graph.nodes[node]["settings"]["weights"] = {**weights, "node": new[weights["node"]]}
    for wire in part.wires():
        if wire.source in new and wire.target in new:
            graph.wire(wire._replace(source=new[wire.source], target=new[wire.target]))
    return list(new.values())


def _bring_blocks(part: Graph, blocks: dict[str, Graph]) -> dict[str, str]:
    """Adds the blocks that a clipped graph needs; their names here by their names there."""
    names: dict[str, str] = {}
    for name, block in part.blocks.items():
        chosen, number = name, 2
        while chosen in blocks and to_document(blocks[chosen]) != to_document(block):
            chosen, number = f"{name}{number}", number + 1
        names[name] = chosen
    for name, chosen in names.items():
        if chosen not in blocks:
            block = copying.deepcopy(part.blocks[name])
            for _, data in block.nodes(data=True):
                inner = data["component"].removeprefix(BLOCK_PREFIX)
                if data["component"].startswith(BLOCK_PREFIX) and inner in names:
                    data["component"] = BLOCK_PREFIX + names[inner]
            blocks[chosen] = block
    return names

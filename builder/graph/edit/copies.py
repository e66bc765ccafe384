"""Copies of nodes."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from builder.graph.edit.names import fresh_id, require_nodes
from builder.graph.edit.references import begun_anew, follow
from builder.graph.graph import Graph


def duplicate(graph: Graph, nodes: Iterable[str], offset: tuple[float, float] = (40, 40)) -> dict[str, str]:
    """Copies nodes with the wires that reach them from outside and those among them; the new id by old id.

    Copies that shared weights among themselves still do.
    """
    nodes = list(dict.fromkeys(nodes))
    require_nodes(graph, nodes)
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
    follow(copies, lambda path: begun_anew(path, new))
    return new

"""A graph as plain data and back, without loss: what is unknown to this version is kept as it stands."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from builder.graph.graph import Edge, Graph, GraphError
from builder.graph.schema import FORMAT, VERSION, check_document

Document = dict[str, Any]

_GRAPH_KEYS = ("nodes", "edges")
_NODE_KEYS = ("id", "component", "params", "settings", "position")


def to_document(graph: Graph) -> Document:
    """The graph as JSON-able data in a stable order."""
    document: Document = {"format": FORMAT, "version": VERSION, "meta": graph.meta, "training": graph.training}
    document |= _body(graph)
    document["blocks"] = {
        name: {"params": block.block_params, **({"meta": block.meta} if block.meta else {}), **_body(block)}
        for name, block in graph.blocks.items()
    }
    document |= graph.graph.get("extra", {})
    return copy.deepcopy(document)


def _body(graph: Graph) -> Document:
    nodes = []
    for id, data in graph.nodes(data=True):
        node = {"id": id, "component": data["component"], "params": data["params"]}
        if data["settings"]:
            node["settings"] = data["settings"]
        if data["position"] is not None:
            node["position"] = data["position"]
        nodes.append(node | data.get("extra", {}))
    edges = [{"from": f"{e.source}.{e.source_port}", "to": f"{e.target}.{e.target_port}"} for e in graph.wires()]
    return {"nodes": nodes, "edges": edges}


def from_document(document: Mapping[str, Any]) -> Graph:
    """The graph that a document of the current version describes.

    Raises:
        GraphError: the document is not of the form that ``python -m builder schema`` prints; the message names the place.
    """
    check_document(document)
    document = copy.deepcopy(dict(document))
    graph = _read_body(document)
    graph.meta.update(document.get("meta", {}))
    graph.training.update(document.get("training", {}))
    for name, body in document.get("blocks", {}).items():
        block = _read_body(body)
        block.meta.update(body.get("meta", {}))
        block.block_params.update(body.get("params", {}))
        graph.blocks[name] = block
    known = ("format", "version", "meta", "training", "blocks", *_GRAPH_KEYS)
    extra = {k: v for k, v in document.items() if k not in known}
    if extra:
        graph.graph["extra"] = extra
    return graph


def _read_body(body: Mapping[str, Any]) -> Graph:
    graph = Graph()
    for node in body["nodes"]:
        if node["id"] in graph:
            raise GraphError(
                f"Two nodes have the id '{node['id']}'; ids must be unique.",
                f"有两个节点的编号都是“{node['id']}”；编号必须唯一。",
                node["id"],
            )
        graph.place(node["id"], node["component"], node.get("params"), node.get("settings"), node.get("position"))
        extra = {k: v for k, v in node.items() if k not in _NODE_KEYS}
        if extra:
            graph.nodes[node["id"]]["extra"] = extra
    for edge in body["edges"]:
        source, source_port = edge["from"].split(".")
        target, target_port = edge["to"].split(".")
        for end in (source, target):
            if end not in graph:
                raise GraphError(
                    f"The edge {edge['from']} -> {edge['to']} names a node '{end}' that the file does not have.",
                    f"连线 {edge['from']} -> {edge['to']} 引用了文件中不存在的节点“{end}”。",
                    end,
                )
        graph.wire(Edge(source, source_port, target, target_port))
    return graph

"""A graph as plain data and back, without loss: what is unknown to this version is kept as it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from builder.graph.graph import Edge, Graph, GraphError
from builder.graph.schema import FORMAT, VERSION, check_document

Document = dict[str, Any]

_GRAPH_KEYS = ("format", "version", "meta", "training", "params", "nodes", "edges", "blocks")
_BLOCK_KEYS = ("params", "meta", "nodes", "edges")
_NODE_KEYS = ("id", "component", "params", "settings", "position")
_EDGE_KEYS = ("from", "to")


def to_document(graph: Graph) -> Document:
    """The graph as JSON-able data in a stable order; a deep copy.

    Raises:
        GraphError: a value that a graph file cannot hold, such as an infinite number or an object.
    """
    document: Document = {"format": FORMAT, "version": VERSION, "meta": graph.meta, "training": graph.training}
    if graph.block_params:  # a block, or a part of one, that stands alone
        document["params"] = graph.block_params
    document |= _body(graph)
    document["blocks"] = {
        name: {
            "params": block.block_params,
            **({"meta": block.meta} if block.meta else {}),
            **_body(block),
            **block.graph.get("extra", {}),
        }
        for name, block in graph.blocks.items()
    }
    return plain(document | graph.graph.get("extra", {}))


def _body(graph: Graph) -> Document:
    nodes = []
    for id, data in graph.nodes(data=True):
        node = {"id": id, "component": data["component"], "params": data["params"]}
        if data["settings"]:
            node["settings"] = data["settings"]
        if data["position"] is not None:
            node["position"] = data["position"]
        nodes.append(node | data.get("extra", {}))
    ordered = sorted(graph.edges(data=True), key=lambda e: e[2]["order"])
    edges = [
        {"from": f"{source}.{data['source_port']}", "to": f"{target}.{data['target_port']}"} | data.get("extra", {})
        for source, target, data in ordered
    ]
    return {"nodes": nodes, "edges": edges}


def plain(value: Any) -> Any:
    """A deep copy of JSON-able data, tuples as lists; GraphError where a graph file cannot hold a value."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise _unstorable(next(key for key in value if not isinstance(key, str)))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    raise _unstorable(value)


def _unstorable(value: Any) -> GraphError:
    return GraphError(
        f"A graph holds texts, finite numbers, true, false, none and lists of them. Got {value!r:.60} instead.",
        f"图中的值只能是文本、有限的数字、true、false、空及其列表，收到：{value!r:.60}。",
    )


def from_document(document: Mapping[str, Any]) -> Graph:
    """The graph that a document of the current version describes.

    Raises:
        GraphError: the document is not of the form that ``python -m builder schema`` prints; the message says where.
    """
    check_document(document)
    return _read(plain(dict(document)))


def restored(document: Document) -> Graph:
    """The graph of a document that ``to_document`` has made, which is not checked again; nothing is shared with it."""
    return _read(plain(document))


def clone(graph: Graph) -> Graph:
    """A copy that shares nothing with the graph."""
    return _read(to_document(graph))


def _read(document: Document) -> Graph:
    graph = _read_body(document)
    graph.meta.update(document.get("meta", {}))
    graph.training.update(document.get("training", {}))
    graph.block_params.update(document.get("params", {}))
    _keep_extra(graph.graph, document, _GRAPH_KEYS)
    for name, body in document.get("blocks", {}).items():
        block = _read_body(body)
        block.meta.update(body.get("meta", {}))
        block.block_params.update(body.get("params", {}))
        _keep_extra(block.graph, body, _BLOCK_KEYS)
        graph.blocks[name] = block
    return graph


def _read_body(body: Document) -> Graph:
    graph = Graph()
    for node in body["nodes"]:
        if node["id"] in graph:
            raise GraphError(
                f"Two nodes have the id '{node['id']}'; ids must be unique.",
                f"有两个节点的编号都是“{node['id']}”；编号必须唯一。",
                node["id"],
            )
        graph.place(node["id"], node["component"], node.get("params"), node.get("settings"), node.get("position"))
        _keep_extra(graph.nodes[node["id"]], node, _NODE_KEYS)
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
        extra = {k: v for k, v in edge.items() if k not in _EDGE_KEYS}
        graph.wire(Edge(source, source_port, target, target_port), extra)
    return graph


def _keep_extra(target: dict[str, Any], source: Document, known: tuple[str, ...]) -> None:
    extra = {key: value for key, value in source.items() if key not in known}
    if extra:
        target["extra"] = extra

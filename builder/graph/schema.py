"""The JSON Schema of graph files, and the check of a document against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.graph.graph import GraphError

FORMAT = "layerloom-graph"
VERSION = 1

_ID = r"^[A-Za-z][A-Za-z0-9_]*$"
_END = r"^[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$"
_BODY: dict[str, Any] = {
    "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    "edges": {"type": "array", "items": {"$ref": "#/$defs/edge"}},
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a graph file of this version."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Layerloom graph",
        "type": "object",
        "required": ["format", "version", "nodes", "edges"],
        "properties": {
            "format": {"const": FORMAT},
            "version": {"type": "integer", "minimum": 1, "maximum": VERSION},
            "meta": {"type": "object", "description": "title, title_zh, description, description_zh, source ..."},
            "training": {
                "type": "object",
                "properties": {
                    "epochs": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                    "seed": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
                },
            },
            "blocks": {
                "type": "object",
                "propertyNames": {"pattern": _ID},
                "additionalProperties": {
                    "type": "object",
                    "required": ["nodes", "edges"],
                    "properties": {"params": {"type": "object"}, "meta": {"type": "object"}, **_BODY},
                },
            },
            **_BODY,
        },
        "$defs": {
            "node": {
                "type": "object",
                "required": ["id", "component"],
                "properties": {
                    "id": {"type": "string", "pattern": _ID, "maxLength": 80},
                    "component": {"type": "string", "pattern": r"^(block:)?[A-Za-z][A-Za-z0-9_]*$", "maxLength": 120},
                    "params": {"type": "object"},
                    "settings": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string", "maxLength": 200},
                            "frozen": {"type": "boolean"},
                            "init": {
                                "type": "object",
                                "required": ["component"],
                                "properties": {"component": {"type": "string"}, "params": {"type": "object"}},
                            },
                            "weights": {
                                "type": "object",
                                "required": ["from"],
                                "properties": {"from": {"enum": ["own", "shared"]}, "node": {"type": "string"}},
                            },
                            "repeat": {"type": "integer", "minimum": 1, "maximum": 1000},
                        },
                    },
                    "position": {
                        "type": "array",
                        "items": {"type": "number", "minimum": -1e7, "maximum": 1e7},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
            },
            "edge": {
                "type": "object",
                "required": ["from", "to"],
                "properties": {
                    "from": {"type": "string", "pattern": _END, "description": "node.port"},
                    "to": {"type": "string", "pattern": _END, "description": "node.port"},
                },
            },
        },
    }


def check_document(document: Mapping[str, Any]) -> None:
    """Holds a document against the schema; GraphError names the first place that breaks it, and what was expected."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    error = next(iter(sorted(validator.iter_errors(document), key=lambda e: (len(e.absolute_path), str(e.path)))), None)
    if error is None:
        return
    place = _place(document, list(error.absolute_path))
    node = _node_id(document, list(error.absolute_path))
    reason = error.message if len(error.message) < 200 else error.message[:199] + "…"
    raise GraphError(
        f"This is not a valid graph file: at {place}: {reason}.",
        f"图文件无效：位于 {place}：{reason}。",
        node,
    )


def _place(document: Any, path: list[Any]) -> str:
    return "/".join(str(p) for p in path) or "the top level"


def _node_id(document: Any, path: list[Any]) -> str:
    if len(path) >= 2 and path[0] == "nodes":
        node = document["nodes"][path[1]]
        if isinstance(node, Mapping) and isinstance(node.get("id"), str):
            return node["id"]
    return ""

"""The JSON Schema of graph files, and the check of a document against it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from builder.graph.graph import MAX_ID, GraphError

FORMAT = "layerloom-graph"
VERSION = 1
MAX_NODES, MAX_EDGES, MAX_BLOCKS = 20_000, 100_000, 1_000

# Not a plain ``$``: Python's also matches before a line break at the end.
_END = r"$(?!\n)"
_ID = rf"^[A-Za-z][A-Za-z0-9_]*{_END}"
_WIRE_END = rf"^[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*{_END}"
_COMPONENT = rf"^(block:)?[A-Za-z][A-Za-z0-9_]*{_END}"
_PATH = rf"^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*{_END}"
_RUN = rf"^[A-Za-z0-9_][A-Za-z0-9_. -]*{_END}"
_CHOICE = rf"^[A-Za-z][A-Za-z0-9_]*(:[A-Za-z0-9_]+=[^:\n]+)*{_END}"
_TABLE: dict[str, Any] = {"type": "object", "propertyNames": {"maxLength": 120}}
_BODY: dict[str, Any] = {
    "nodes": {"type": "array", "maxItems": MAX_NODES, "items": {"$ref": "#/$defs/node"}},
    "edges": {"type": "array", "maxItems": MAX_EDGES, "items": {"$ref": "#/$defs/edge"}},
}
_CHOSEN: dict[str, Any] = {  # a component that a setting names
    "type": "object",
    "required": ["component"],
    "properties": {
        "component": {"type": "string", "pattern": _ID, "maxLength": 120},
        "params": {"$ref": "#/$defs/table"},
    },
}
_SETTINGS: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"maxLength": 120},
    "properties": {
        "name": {"type": "string", "maxLength": 200},
        "mode": {"enum": ["mute", "bypass"]},
        "frozen": {"type": "boolean"},
        "init": _CHOSEN,
        "weights": {
            "type": "object",
            "required": ["from"],
            "properties": {
                "from": {"enum": ["own", "shared", "average", "run"]},
                "node": {"type": "string", "pattern": _PATH, "maxLength": 1000},
                "decay": {"type": "number", "minimum": 0, "maximum": 1},
                "rise": {"enum": ["constant", "cosine"]},
                "run": {"type": "string", "pattern": _RUN, "maxLength": 200},
            },
        },
        "parametrize": {
            "type": "array",
            "maxItems": 20,
            "items": _CHOSEN,
        },
        "regularize": {
            "type": "array",
            "maxItems": 20,
            "items": {**_CHOSEN, "properties": {**_CHOSEN["properties"], "on": {"enum": ["weights", "all"]}}},
        },
        "phase": {"enum": ["train", "evaluate", "generate"]},
        "repeat": {"type": "integer", "minimum": 1, "maximum": 1000},
        "batch_size": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "shuffle": {"type": "boolean"},
        "drop_last": {"type": "boolean"},
        "workers": {"type": "integer", "minimum": 0, "maximum": 256},
        "subset": {
            "type": "object",
            "required": ["count"],
            "properties": {
                "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
                "per_class": {"type": "boolean"},
                "seed": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
            },
        },
        "sampler": _CHOSEN,
        "order": {"type": "integer", "minimum": -1000, "maximum": 1000},
        "every": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "epochs": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "minItems": 2,
            "maxItems": 2,
        },
        "accumulate": {"type": "integer", "minimum": 1, "maximum": 100_000},
        "clip_norm": {"type": "number", "exclusiveMinimum": 0},
        "clip_value": {"type": "number", "exclusiveMinimum": 0},
        "decay": {"enum": ["all", "weights"]},
        "parameters": {"type": "array", "items": {"type": "string", "pattern": _PATH, "maxLength": 1000}},
    },
}


_COMPARISON: dict[str, Any] = {
    "type": "object",
    "required": ["name", "nodes", "choices"],
    "properties": {
        "name": {"type": "string", "pattern": _ID, "maxLength": MAX_ID},
        "title": {"type": "string", "maxLength": 200},
        "title_zh": {"type": "string", "maxLength": 200},
        "nodes": {
            "type": "array",
            "items": {"type": "string", "pattern": _PATH, "maxLength": 1000},
            "minItems": 1,
            "maxItems": 1000,
            "description": "all of them get the same choice",
        },
        "choices": {
            "type": "array",
            "items": {"type": "string", "pattern": _CHOICE, "maxLength": 1000},
            "minItems": 1,
            "maxItems": 100,
            "description": "component, or component:param=value; none: what comes in passes by",
        },
        "seeds": {"type": "integer", "minimum": 1, "maximum": 1000},
        "epochs": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
    },
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
            "meta": {
                "type": "object",
                "description": "title, title_zh, description, description_zh, source ...",
                "properties": {
                    "task": {"type": "string", "maxLength": 120, "description": "what the graph is for"},
                    "task_zh": {"type": "string", "maxLength": 120},
                    "year": {"type": "integer", "minimum": 1, "maximum": 9999, "description": "of the method"},
                    "comparisons": {"type": "array", "items": _COMPARISON, "maxItems": 100},
                },
            },
            "training": {
                "type": "object",
                "properties": {
                    "epochs": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                    "seed": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
                    "updates": {"enum": ["alternating", "simultaneous"]},
                    "health": {"type": "boolean", "description": "whether a run looks at its nodes while it trains"},
                },
            },
            "params": {"$ref": "#/$defs/table", "description": "of a part of a block: its parameters' defaults"},
            **_BODY,
            "blocks": {
                "type": "object",
                "maxProperties": MAX_BLOCKS,
                "propertyNames": {"pattern": _ID, "maxLength": MAX_ID},
                "additionalProperties": {
                    "type": "object",
                    "required": ["nodes", "edges"],
                    "properties": {"params": {"$ref": "#/$defs/table"}, "meta": {"type": "object"}, **_BODY},
                },
            },
        },
        "$defs": {
            "table": _TABLE,
            "node": {
                "type": "object",
                "required": ["id", "component"],
                "properties": {
                    "id": {"type": "string", "pattern": _ID, "maxLength": MAX_ID},
                    "component": {"type": "string", "pattern": _COMPONENT, "maxLength": 120},
                    "params": {"$ref": "#/$defs/table"},
                    "settings": {"$ref": "#/$defs/settings"},
                    "position": {
                        "type": "array",
                        "items": {"type": "number", "minimum": -1e7, "maximum": 1e7},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
            },
            "settings": _SETTINGS,
            "edge": {
                "type": "object",
                "required": ["from", "to"],
                "properties": {
                    "from": {"type": "string", "pattern": _WIRE_END, "maxLength": 200, "description": "node.port"},
                    "to": {"type": "string", "pattern": _WIRE_END, "maxLength": 200, "description": "node.port"},
                },
            },
        },
    }


@functools.cache
def _validator(definition: str = "") -> Any:
    import jsonschema

    whole = schema()
    if definition:
        whole = {"$ref": f"#/$defs/{definition}", "$defs": whole["$defs"]}
    return jsonschema.Draft202012Validator(whole)


def check_document(document: Mapping[str, Any]) -> None:
    """Holds a document against the schema; GraphError names the first place that breaks it, and what was expected."""
    error = next(_validator().iter_errors(document), None)
    if error is None:
        return
    path = list(error.absolute_path)
    place = "/".join(str(p) for p in path)
    reason, reason_zh = _reason(error)
    raise GraphError(
        f"This is not a valid graph file: at {place or 'the top level'}: {reason}.",
        f"图文件无效：位于{place or '最外层'}：{reason_zh}。",
        _node_id(document, path),
    )


def check_settings(settings: Mapping[str, Any], node: str = "") -> None:
    """Holds a node's settings against the schema; GraphError names the setting and what was expected."""
    error = next(_validator("settings").iter_errors(settings), None)
    if error is not None:
        place = ".".join(str(p) for p in error.absolute_path)
        reason, reason_zh = _reason(error)
        where, where_zh = (f"The setting '{place}'", f"设置“{place}”") if place else ("The settings", "设置")
        raise GraphError(f"{where} does not fit: {reason}.", f"{where_zh}不合要求：{reason_zh}。", node)


_TYPES = {
    "object": ("a table of values", "键值表"),
    "array": ("a list", "列表"),
    "string": ("a text", "文本"),
    "integer": ("an integer", "整数"),
    "number": ("a number", "数字"),
    "boolean": ("true or false", "true 或 false"),
}
_LIMITS = {
    "minimum": ("at least {}", "不小于 {}"),
    "maximum": ("at most {}", "不大于 {}"),
    "exclusiveMinimum": ("greater than {}", "大于 {}"),
    "maxLength": ("a text of at most {} characters", "不超过 {} 个字符的文本"),
    "minItems": ("a list of at least {} items", "不少于 {} 项的列表"),
    "maxItems": ("a list of at most {} items", "不超过 {} 项的列表"),
    "maxProperties": ("a table of at most {} entries", "不超过 {} 项的键值表"),
    "const": ("{!r}", "{!r}"),
}
_PATTERNS = {
    _ID: ("letters, digits and '_', a letter first", "以字母开头，仅含字母、数字和下划线的文本"),
    _WIRE_END: ("'node.port'", "“节点.端口”"),
    _COMPONENT: ("the id of a component, or 'block:name'", "组件编号或“block:模块名”"),
    _PATH: ("a node's id or path", "节点编号或路径"),
    _CHOICE: ("'component' or 'component:param=value'", "“组件”或“组件:参数=值”"),
    _RUN: (
        "the name of a run: letters, digits, '_', '-', '.' and spaces",
        "训练名称（字母、数字、下划线、连字符、点与空格）",
    ),
}


def _reason(error: Any) -> tuple[str, str]:
    """What the schema expected and what stands there, in English and Chinese."""
    rule, value = error.validator, error.validator_value
    if rule == "required":
        missing = next(name for name in value if name not in error.instance)
        return f"'{missing}' is missing", f"缺少“{missing}”"
    if rule == "enum":
        expected = (" or ".join(map(repr, value)), "或".join(map(repr, value)))
    elif rule == "type":
        expected = _TYPES[value]
    elif rule == "pattern":
        expected = _PATTERNS[value]
    else:
        expected = tuple(text.format(value) for text in _LIMITS[rule])
    got = _brief(error.instance)
    return f"expected {expected[0]}, received {got}", f"应为{expected[1]}，收到 {got}"


def _brief(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'{…}' if isinstance(value, dict) else '[…]'} ({len(value)})" if value else repr(value)
    text = repr(value if not isinstance(value, str) else value[:61])
    return text if len(text) <= 60 else text[:59] + "…"


def _node_id(document: Any, path: list[Any]) -> str:
    """The id of the node in which a place lies, where it has one."""
    if path[:1] == ["blocks"]:
        document, path = document["blocks"].get(path[1]) if len(path) > 1 else None, path[2:]
    if isinstance(document, Mapping) and len(path) >= 2 and path[0] == "nodes":
        node = document["nodes"][path[1]]
        if isinstance(node, Mapping) and isinstance(node.get("id"), str):
            return node["id"][:MAX_ID]
    return ""

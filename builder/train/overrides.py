"""``--set node.param=value``: changes to a graph from the command line, typed by the component's own parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from builder.graph import BLOCK_PREFIX, Graph, GraphError, edit, from_document, to_document
from components import registry
from components.spec import ParameterError


def override(graph: Graph, assignments: Iterable[str]) -> Graph:
    """A copy of the graph with values set, each given as ``path=value``.

    A path is one of

    - ``node.param``, or ``block.param`` for a parameter that a block offers;
    - ``node.settings.batch_size`` for a setting, also below (``node.settings.init.component``);
    - ``training.epochs`` for a setting of the run (unless a node has the id ``training``);
    - ``res1.conv1.out_channels`` for a node inside a block: this use gets a block of its own, others stay as they are.

    A value is JSON (``0.1``, ``true``, ``null``, ``[3, 3]``) or a text.

    Raises:
        GraphError: the path leads nowhere (the message lists what is there), or the value breaks the parameter's rule.
    """
    graph = from_document(to_document(graph))
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or len(keys) < 2 or not all(keys):
            raise GraphError(
                f"A value is set as node.param=value. Got {assignment!r}.",
                f"应写作 node.param=value，收到 {assignment!r}。",
            )
        if keys[0] == "training" and "training" not in graph:
            _set_in(graph.training, keys[1:], _parse(text), path)
        else:
            _set(graph, graph.blocks, keys, text, path)
    return from_document(to_document(graph))  # holds the result against the schema


def _set(graph: Graph, blocks: dict[str, Graph], keys: list[str], text: str, path: str) -> None:
    node, *rest = keys
    if node not in graph:
        raise GraphError(
            f"'{path}': there is no node '{node}' (nodes: {', '.join(graph)}).",
            f"“{path}”：没有节点“{node}”（已有：{'、'.join(graph)}）。",
            node,
        )
    data = graph.nodes[node]
    component: str = data["component"]
    if rest[0] == "settings" and len(rest) > 1:
        _set_in(data["settings"], rest[1:], _parse(text), path, node)
    elif component.startswith(BLOCK_PREFIX) and len(rest) > 1:
        _set(blocks[edit.own_block(graph, node, blocks)], blocks, rest, text, path)
    elif len(rest) > 1:
        raise GraphError(
            f"'{path}': '{node}' is no block, so nothing lies below '{rest[0]}'.",
            f"“{path}”：“{node}”不是模块，“{rest[0]}”之下没有内容。",
            node,
        )
    elif component.startswith(BLOCK_PREFIX):
        data["params"][rest[0]] = _block_value(blocks, component.removeprefix(BLOCK_PREFIX), node, rest[0], text)
    else:
        data["params"][rest[0]] = typed_value(component, node, rest[0], text)


def _block_value(blocks: dict[str, Graph], name: str, node: str, param: str, text: str) -> Any:
    offered = blocks[name].block_params if name in blocks else {}
    if param not in offered:
        known, known_zh = ", ".join(offered) or "none", "、".join(offered) or "无"
        raise GraphError(
            f"The block '{name}' has no parameter '{param}' (parameters: {known}).",
            f"模块“{name}”没有参数“{param}”（参数：{known_zh}）。",
            node,
        )
    return _parse(text)


def typed_value(component: str, node: str, param: str, text: str) -> Any:
    """The value that the parameter's type makes of a text; GraphError where there is no such parameter, or it cannot have it."""
    try:
        entry = registry.get(component)
        if param not in entry.parameters:
            raise entry.check({param: text})[1][0]
        parameter = entry.parameters[param]
        value = _parse(text)
        if value is None and parameter.inferred:
            return None
        try:
            parameter.check(value, component)
        except ParameterError:
            if value == text:
                raise
            parameter.check(text, component)  # a text that looks like JSON: "3", "true"
            return text
        return value
    except (ParameterError, registry.UnknownComponentError) as error:
        raise GraphError(f"{node}: {error.message}", f"{node}：{error.message_zh}", node) from None


def _set_in(table: dict[str, Any], keys: list[str], value: Any, path: str, node: str = "") -> None:
    for key in keys[:-1]:
        below = table.setdefault(key, {})
        if not isinstance(below, dict):
            raise GraphError(
                f"'{path}': '{key}' holds a value, so nothing lies below it.",
                f"“{path}”：“{key}”是一个值，其下没有内容。",
                node,
            )
        table = below
    table[keys[-1]] = value


def _parse(text: str) -> Any:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    text = text.strip()
    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return {"none": None, "true": True, "false": False}.get(text.lower(), text)

"""A graph with another choice in a place: another component, initialization, parametrisation or regularizer.

Importing it takes no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from builder.comparison.plan import NONE, Choice, Place
from builder.graph import BLOCK_PREFIX, Graph, GraphError, clone, edit
from builder.train.overrides import typed_value


class Variant(NamedTuple):
    """A graph, and the paths of its nodes that differ."""

    graph: Graph
    nodes: tuple[str, ...]


def applied(graph: Graph, nodes: Sequence[str], choice: Choice, place: Place) -> Variant:
    """A copy of the graph with a choice at these nodes; with ``none``, what comes in there passes by.

    Args:
        nodes: paths; a step into a block's use leads to the block, so every use of it changes.

    Raises:
        GraphError: there is no such node, component or parameter, or a component cannot take over a wire.
    """
    changed = clone(graph)
    return Variant(changed, tuple(_apply(changed, node, choice, place) for node in nodes))


def variant(graph: Graph, nodes: Sequence[str], choice: Choice, place: Place = "component") -> Graph:
    """As ``applied``, for a graph that can be trained.

    Raises:
        CompileError: the graph does not fit together with it.
    """
    from builder.compiler import CompileError, check  # late: it takes torch

    changed = applied(graph, nodes, choice, place).graph
    report = check(changed, fixes=False)
    if not report.ok:
        raise CompileError(report)
    return changed


def same_place(graph: Graph, one: str, other: str) -> bool:
    """Whether two paths lead to the same node, perhaps through different uses of its block.

    Raises:
        GraphError: one of them leads to none.
    """
    (part, node), (second, twin) = _place(graph, one), _place(graph, other)
    return part is second and node == twin


def component_at(graph: Graph, path: str) -> str:
    """The component of the node at a path; GraphError where there is none."""
    part, node = _place(graph, path)
    return part.nodes[node]["component"]


class Misfit(NamedTuple):
    """Why a choice cannot stand in a place."""

    message: str
    message_zh: str


def misfits(
    graph: Graph, nodes: Sequence[str], choices: Iterable[Choice], place: Place
) -> Mapping[Choice, Misfit | None]:
    """By choice, why it cannot be compared; None where the compiler has proved that it can."""
    return {choice: _misfit(graph, nodes, choice, place) for choice in choices}


def _misfit(graph: Graph, nodes: Sequence[str], choice: Choice, place: Place) -> Misfit | None:
    from builder.compiler import CompileError

    try:
        variant(graph, nodes, choice, place)
    except CompileError as error:
        problem = error.report.problems[0]
        at, at_zh = (f"{problem.node}: ", f"{problem.node}：") if problem.node else ("", "")
        return Misfit(at + problem.message, at_zh + problem.message_zh)
    except GraphError as error:
        return Misfit(error.message, error.message_zh)
    return None


def _apply(graph: Graph, path: str, choice: Choice, place: Place) -> str:
    """Puts a choice at a node, in place; the node's path now."""
    part, node = _place(graph, path)
    if place == "component":
        if choice.component == NONE:
            edit.set_setting(part, node, "mode", "bypass")
            return path
        node = _replaced(graph, part, node, choice, path)
        edit.set_setting(part, node, "mode", None)
        for name, value in _values(choice, node).items():
            edit.set_param(part, node, name, value)
        return "/".join([*path.split("/")[:-1], node])
    item = None if choice.component == NONE else {"component": choice.component, "params": _values(choice, node)}
    edit.set_setting(part, node, place, item if place == "init" or item is None else [item])
    return path


def _replaced(graph: Graph, part: Graph, node: str, choice: Choice, path: str) -> str:
    if choice.component == part.nodes[node]["component"]:
        return node
    done = edit.replace_node(part, node, choice.component, graph.blocks, graph)
    if done.wires:
        lost, lost_zh = ", ".join(map(str, done.wires)), "、".join(map(str, done.wires))
        raise GraphError(
            f"'{choice.component}' cannot take over {lost}.", f"“{choice.component}”无法接替连线 {lost_zh}。", path
        )
    return done.node


def _values(choice: Choice, node: str) -> dict[str, Any]:
    return {name: typed_value(choice.component, node, name, value) for name, value in choice.params}


def _place(graph: Graph, path: str) -> tuple[Graph, str]:
    """The graph or block that holds the node of a path, and its id there."""
    part, *steps = graph, *path.split("/")
    for step in steps[:-1]:
        component = part.nodes[step]["component"] if step in part else ""
        if not component.startswith(BLOCK_PREFIX) or component.removeprefix(BLOCK_PREFIX) not in graph.blocks:
            raise GraphError(f"'{step}' in '{path}' is no use of a block.", f"“{path}”中的“{step}”不是模块。", path)
        part = graph.blocks[component.removeprefix(BLOCK_PREFIX)]
    if steps[-1] not in part:
        known, known_zh = ", ".join(part.nodes), "、".join(part.nodes)
        raise GraphError(
            f"There is no node '{path}'. There are: {known}.", f"没有节点“{path}”。现有：{known_zh}。", path
        )
    return part, steps[-1]

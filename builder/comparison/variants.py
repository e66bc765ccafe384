"""A graph with another component in a node's place."""

from __future__ import annotations

from builder.compiler import CompileError, check
from builder.graph import BLOCK_PREFIX, Graph, GraphError, clone, edit

NONE = "none"


def variant(graph: Graph, node: str, choice: str) -> Graph:
    """A copy of the graph in which ``choice`` stands at ``node``; with ``none``, what comes in there passes by.

    Args:
        node: path of the node; a step into a block's use leads to the block, so every use of it changes.
        choice: a component's id.

    Raises:
        GraphError: there is no such node or component, or it cannot take over a wire.
        CompileError: the graph does not fit together with it.
    """
    changed = clone(graph)
    part, name = _place(changed, node)
    if choice == NONE:
        edit.set_setting(part, name, "mode", "bypass")
    elif choice != part.nodes[name]["component"]:
        done = edit.replace_node(part, name, choice, changed.blocks, changed)
        if done.wires:
            lost = ", ".join(map(str, done.wires))
            raise GraphError(f"'{choice}' cannot take over {lost}.", f"“{choice}”无法接替连线 {lost}。", node)
    report = check(changed, fixes=False)
    if not report.ok:
        raise CompileError(report)
    return changed


def _place(graph: Graph, path: str) -> tuple[Graph, str]:
    """The graph or block that holds the node of a path, and its id there."""
    part, *steps = graph, *path.split("/")
    for step in steps[:-1]:
        component = part.nodes[step]["component"] if step in part else ""
        if not component.startswith(BLOCK_PREFIX) or component.removeprefix(BLOCK_PREFIX) not in graph.blocks:
            raise GraphError(f"'{step}' in '{path}' is no use of a block.", f"“{path}”中的“{step}”不是模块。", path)
        part = graph.blocks[component.removeprefix(BLOCK_PREFIX)]
    if steps[-1] not in part:
        known = ", ".join(part.nodes)
        raise GraphError(f"There is no node '{path}'. There are: {known}.", f"没有节点“{path}”。现有：{known}。", path)
    return part, steps[-1]

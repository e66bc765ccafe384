"""What a check knows of the nodes on the canvas: paths of the unfolded graph brought back to the block that is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph
from builder.ui.desk import Desk, block_of
from components.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from builder.compiler.ownership import Turn
    from builder.compiler.report import Problem, Report


@dataclass
class Facts:
    """What is known of one node; of a block, the sum of what is inside."""

    inputs: dict[str, tuple[TensorSpec, ...]] = field(default_factory=dict)
    outputs: dict[str, TensorSpec] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0
    flops: int = 0
    problems: list[Problem] = field(default_factory=list)


def facts_of(report: Report, graph: Graph, scope: Sequence[str]) -> dict[str, Facts]:
    """The facts of each node of the open graph. Of a repeated block that is open, the first copy is shown."""
    prefix, current = opened(graph, scope)
    found = {node: _node_facts(report, graph, current, prefix, node) for node in current}
    for path, known in report.nodes.items():
        node, inside, _ = path.removeprefix(prefix).partition("/")
        if inside and path.startswith(prefix) and node in found and not _is_use(current, node):
            found[node].parameters += known.parameters  # of a block that the node takes as a parameter
    names = tuple("/".join(scope).split("/")) if scope else ()
    for problem in report.problems:
        path = plain_path(problem.node)
        if path[: len(names)] == names and len(path) > len(names) and path[len(names)] in found:
            found[path[len(names)]].problems.append(problem)
    return found


def _is_use(graph: Graph, node: str) -> bool:
    return graph.nodes[node]["component"].startswith(BLOCK_PREFIX)


def opened(graph: Graph, scope: Sequence[str]) -> tuple[str, Graph]:
    """The beginning of the paths in the part that is open, and that part."""
    prefix, current = "", graph
    for step in scope:
        prefix += f"{step}/" if "/" in step else _inside(current, step)
        current = graph.blocks[block_of(current, step)]
    return prefix, current


def drawn_paths(desk: Desk) -> Iterator[tuple[str, str]]:
    """The nodes on the canvas, each by its id there and its path; a block that is drawn open shows what is inside alone."""
    for way in desk.drawn_parts():
        prefix, part = opened(desk.graph, way)
        for node in part:
            if (*way, node) not in desk.expanded:
                yield "/".join((*way[len(desk.shown) :], node)), prefix + node


def trained_by(turns: Sequence[Turn], graph: Graph, scope: Sequence[str]) -> dict[str, list[Turn]]:
    """By node of the open graph, the optimizers that change weights at it or inside of it."""
    prefix, current = opened(graph, scope)
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        inside = {path.removeprefix(prefix).partition("/")[0] for path in turn.nodes if path.startswith(prefix)}
        for node in inside & set(current):
            found.setdefault(node, []).append(turn)
    return found


def acting(turns: Sequence[Turn], graph: Graph, scope: Sequence[str]) -> dict[str, Turn]:
    """The optimizers among the nodes of the open graph."""
    prefix, current = opened(graph, scope)
    return {node: turn for turn in turns for node in current if turn.path == prefix + node}


def plain_path(path: str) -> tuple[str, ...]:
    """The node ids of a path, without the numbers of copies: ``res1/n0/conv1`` is (res1, conv1)."""
    parts = path.split("/")
    return tuple(p for i, p in enumerate(parts) if not (0 < i < len(parts) - 1 and p[:1] == "n" and p[1:].isdigit()))


def _inside(graph: Graph, node: str, last: bool = False) -> str:
    """The part of a path that leads into a block node: into its first or its last copy."""
    repeat = graph.nodes[node]["settings"].get("repeat", 1)
    if not isinstance(repeat, int) or repeat <= 1:
        return f"{node}/"
    return f"{node}/n{repeat - 1 if last else 0}/"


def _node_facts(report: Report, graph: Graph, current: Graph, prefix: str, node: str) -> Facts:
    component = current.nodes[node]["component"]
    if _is_use(current, node):
        return _block_facts(report, graph, current, prefix, node)
    if component == PORT_IN:
        for edge in current.wires_from(node):
            reader = report.nodes.get(prefix + edge.target)
            specs = reader.inputs.get(edge.target_port, ()) if reader else ()
            if specs:
                place = [e.source for e in current.wires_into(edge.target, edge.target_port)].index(node)
                return Facts(outputs={"y": specs[min(place, len(specs) - 1)]})
        return Facts()
    known = report.nodes.get(prefix + node)
    if known is None:
        return Facts()
    return Facts(dict(known.inputs), dict(known.outputs), known.params, known.parameters, known.flops)


def _block_facts(report: Report, graph: Graph, current: Graph, prefix: str, node: str) -> Facts:
    inside = [known for path, known in report.nodes.items() if path.startswith(f"{prefix}{node}/")]
    block = graph.blocks.get(current.nodes[node]["component"].removeprefix(BLOCK_PREFIX))
    outputs = {}
    for port, data in block.nodes(data=True) if block else ():
        if data["component"] == PORT_OUT:
            spec = _leaving(report, graph, current, prefix, node, port)
            if spec:
                outputs[port] = spec
    params = {**block.block_params, **current.nodes[node]["params"]} if block else {}
    return Facts({}, outputs, params, sum(k.parameters for k in inside), sum(k.flops for k in inside))


def _leaving(
    report: Report, graph: Graph, current: Graph, prefix: str, node: str, port: str, depth: int = 0
) -> TensorSpec | None:
    """What leaves a block at a port: what the node in it gives that the port is wired to."""
    block = graph.blocks.get(current.nodes[node]["component"].removeprefix(BLOCK_PREFIX))
    if block is None or depth > 20 or port not in block:
        return None
    into = prefix + _inside(current, node, last=True)
    for edge in block.wires_into(port):
        if edge.source in block and block.nodes[edge.source]["component"].startswith(BLOCK_PREFIX):
            return _leaving(report, graph, block, into, edge.source, edge.source_port, depth + 1)
        known = report.nodes.get(into + edge.source)
        if known:
            return known.outputs.get(edge.source_port)
    return None

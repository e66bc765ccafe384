"""Edits that repair a problem. Each is tried on a copy of the graph and offered only if the problem goes and no other comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from builder.compiler.report import Fix, Problem
from builder.graph import Edge, Graph, from_document, to_document
from builder.graph import edit as edits
from builder.graph.graph import BLOCK_PREFIX

MAX_PROBLEMS = 12
FLATTEN = "op_flatten"


def apply(graph: Graph, fix: Fix) -> None:
    """Makes the edit of a fix. The node's path may lead into blocks: there the block itself is changed."""
    *blocks, node = [part for part in fix.node.split("/") if not _is_copy(part)]
    scope = scope_of(graph, blocks)
    if fix.action == "reset_param":
        edits.reset_param(scope, node, fix.param)
    elif fix.action == "set_param":
        edits.set_param(scope, node, fix.param, fix.value)
    else:
        _insert(scope, graph, fix)


def scope_of(graph: Graph, blocks: list[str]) -> Graph:
    """The graph in which a node stands: the whole, or the block that is reached through these block nodes."""
    scope = graph
    for id in blocks:
        scope = graph.blocks[scope.nodes[id]["component"].removeprefix(BLOCK_PREFIX)]
    return scope


def _is_copy(part: str) -> bool:
    return part.startswith("n") and part[1:].isdigit()


def _insert(scope: Graph, graph: Graph, fix: Fix) -> None:
    edge = edits.edge_between(*fix.edge)
    ends = [scope.nodes[edge.source]["position"] or [0, 0], scope.nodes[edge.target]["position"] or [0, 0]]
    middle = ((ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2)
    new = edits.add_node(scope, fix.component, middle, blocks=graph.blocks)
    signature = scope.signature(new, graph.blocks)
    wires = scope.wires_into(edge.target, edge.target_port)
    scope.unwire(edge)
    scope.wire(Edge(edge.source, edge.source_port, new, next(iter(signature.inputs))))
    outgoing = Edge(new, next(iter(signature.outputs)), edge.target, edge.target_port)
    for wire in wires:  # keep the place among the wires of a variadic port
        scope.unwire(wire)
        scope.wire(outgoing if wire == edge else wire)


def add_fixes(graph: Graph, analysis: Any) -> None:
    """Adds to each problem of the analysis the first fix that proves to work."""
    report = analysis.report
    before = {(p.node, p.port, p.code) for p in report.problems}
    for index, problem in enumerate(report.problems[:MAX_PROBLEMS]):
        if problem.code in ("unconnected", "cycle", "data", "memory"):
            continue
        for fix in _candidates(graph, analysis, problem):
            if _works(graph, fix, problem, before):
                report.problems[index] = replace(problem, fix=fix)
                break


def _works(graph: Graph, fix: Fix, problem: Problem, before: set[tuple[str, str, str]]) -> bool:
    from builder.compiler.check import check

    trial = from_document(to_document(graph))
    try:
        apply(trial, fix)
    except (ValueError, KeyError):
        return False
    after = {(p.node, p.port, p.code) for p in check(trial, fixes=False).problems}
    return (problem.node, problem.port, problem.code) not in after and after <= before


def _candidates(graph: Graph, analysis: Any, problem: Problem) -> Iterator[Fix]:
    node = analysis.flat.nodes.get(problem.node)
    if node is None:
        return
    values = analysis.values.get(problem.node, {})
    if problem.code == "mismatch":
        yield _reset(problem.node, problem.param)
        for upstream, param in _sizing(analysis, node):
            size = values[problem.param]
            yield _set(upstream, param, size)
    if problem.param and problem.code == "parameter":
        yield from _parameter_values(node, values, problem)
        yield _reset(problem.node, problem.param)
    if problem.code == "classes":
        target = analysis.metas[node.inputs["target"][0]].high
        for upstream, param in _sizing(analysis, node, "logits"):
            yield _set(upstream, param, target)
    if problem.code in ("shape", "parameter"):
        yield from _flattenings(graph, analysis, node)
    if problem.code == "shape":
        for param in ("padding", "kernel_size"):
            if param in values and isinstance(values.get("kernel_size"), int):
                yield _set(problem.node, param, values["kernel_size"] // 2 if param == "padding" else 1)


def _reset(node: str, param: str) -> Fix:
    return Fix(f"Set {param} to automatic", f"将 {param} 设为自动", "reset_param", node, param)


def _set(node: str, param: str, value: Any) -> Fix:
    return Fix(f"Set {param} of {node} to {value}", f"将 {node} 的 {param} 设为 {value}", "set_param", node, param, value)


def _parameter_values(node: Any, values: dict[str, Any], problem: Problem) -> Iterator[Fix]:
    """A divisor where one is asked for: the largest that is not above the value given."""
    given = values.get(problem.param)
    if not isinstance(given, int) or isinstance(given, bool):
        return
    sizes = [v for k, v in values.items() if isinstance(v, int) and not isinstance(v, bool) and k != problem.param]
    for divisor in range(min(given, 4096) - 1, 0, -1):
        if any(size % divisor == 0 for size in sizes if size >= divisor):
            yield _set(problem.node, problem.param, divisor)


def _sizing(analysis: Any, node: Any, port: str = "") -> Iterator[tuple[str, str]]:
    """The nearest nodes upstream whose output size is a parameter of theirs."""
    ports = [port] if port else list(node.inputs)
    for name in ports:
        for source, _ in node.inputs.get(name, ()):
            feeding = analysis.flat.nodes[source]
            for param in ("out_features", "out_channels"):
                if param in feeding.component.parameters:
                    yield source, param
                    return
            yield from _sizing(analysis, feeding)


def _flattenings(graph: Graph, analysis: Any, node: Any) -> Iterator[Fix]:
    """A flatten on the wire into this node, or into the first fully connected layer above it that reads a map."""
    current, seen = node, set()
    while current is not None and current.path not in seen:
        seen.add(current.path)
        following = None
        for port, ends in current.inputs.items():
            for source, source_port in ends:
                meta = analysis.metas.get((source, source_port))
                if meta is not None and len(meta.shape) > 2 and meta.dtype.is_floating_point:
                    fix = _flatten_before(graph, current.path, port, source, source_port)
                    if fix is not None and (current is node or current.component.id == "linear"):
                        yield fix
                if following is None and source in analysis.flat.nodes:
                    following = analysis.flat.nodes[source]
        current = following


def _flatten_before(graph: Graph, path: str, port: str, source: str, source_port: str) -> Fix | None:
    """The fix where both ends stand in the same graph or block; a wire through a block's port is left to the person."""
    *blocks, node = path.split("/")
    *source_blocks, source_node = source.split("/")
    if blocks != source_blocks:
        return None
    return Fix(
        f"Insert Flatten before {node}",
        f"在 {node} 之前插入展平层",
        "insert",
        path,
        component=FLATTEN,
        edge=(f"{source_node}.{source_port}", f"{node}.{port}"),
    )

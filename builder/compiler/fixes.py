"""Edits that repair a problem. Each is tried on a copy of the graph and offered only where it works."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder.compiler.inference import NodeError
from builder.compiler.report import Fix, Problem, Report
from builder.graph import Edge, FlatNode, Graph, GraphError, clone
from builder.graph import edit as edits
from builder.graph.graph import BLOCK_PREFIX

if TYPE_CHECKING:
    from builder.compiler.check import Analysis

MAX_PROBLEMS = 12  # that are looked at, and edits that are tried for one
MAX_TRIALS = 8
FLATTEN = "op_flatten"
UNFIXABLE = ("unconnected", "cycle", "data", "memory")


def apply(graph: Graph, fix: Fix) -> None:
    """Makes the edit of a fix. The node's path may lead into blocks: there the block itself is changed.

    Raises:
        GraphError: the graph has changed since, and the node or the wire is gone.
    """
    scope, node = _scope_of(graph, fix.node)
    if fix.action == "reset_param":
        edits.reset_param(scope, node, fix.param)
    elif fix.action == "set_param":
        edits.set_param(scope, node, fix.param, fix.value)
    else:
        _insert(scope, graph, fix)


def _scope_of(graph: Graph, path: str) -> tuple[Graph, str]:
    """The graph or block in which the node of a path stands, and its id there."""
    scope, blocks = graph, path.split("/")
    node = blocks.pop()
    for part in blocks:
        if part in scope:
            scope = graph.blocks[scope.nodes[part]["component"].removeprefix(BLOCK_PREFIX)]
        elif not re.fullmatch(r"n\d+", part):  # else a copy of a repeated block
            raise GraphError(f"There is no node '{path}'.", f"没有节点“{path}”。", path)
    return scope, node


def _insert(scope: Graph, graph: Graph, fix: Fix) -> None:
    edge = edits.edge_between(*fix.edge)
    if edge not in scope.wires_into(edge.target):
        raise GraphError(f"There is no wire {edge}.", f"没有连线 {edge}。", edge.target, edge.target_port)
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


# ------------------------------------------------------------------ trying


def add_fixes(graph: Graph, analysis: Analysis) -> None:
    """Adds to each problem of the analysis the first fix that proves to work."""
    report = analysis.report
    known = {(p.node, p.port, p.code) for p in report.problems}
    for index, problem in enumerate(report.problems[:MAX_PROBLEMS]):
        if problem.code in UNFIXABLE or problem.node not in analysis.flat.nodes:
            continue
        trials = list(itertools.islice(_candidates(analysis, problem), MAX_TRIALS))
        reports = [_tried(graph, fix) for fix in trials]
        for strict in (True, False):
            fix = next((f for f, r in zip(trials, reports) if r and _works(report, r, problem, known, strict)), None)
            if fix is not None:
                report.problems[index] = replace(problem, fix=fix)
                break


def _tried(graph: Graph, fix: Fix) -> Report | None:
    """What a check says after the fix; None where it cannot be made."""
    from builder.compiler.check import check

    trial = clone(graph)
    try:
        apply(trial, fix)
    except GraphError:  # the path leads through a block that the fix cannot reach
        return None
    return check(trial, fixes=False)


def _works(before: Report, after: Report, problem: Problem, known: set[tuple[str, str, str]], strict: bool) -> bool:
    """Whether the problem went and no other came. Without ``strict``, one may show that lay hidden behind it: at a node
    that could not be looked at before, while the problem's own node is now right.
    """
    place = (problem.node, problem.port, problem.code)
    left = {(p.node, p.port, p.code) for p in after.problems}
    if place in left:
        return False
    if left <= known:
        return True
    if strict or problem.code not in ("mismatch", "parameter", "classes"):
        return False
    hidden = {path for path, node in before.nodes.items() if not node.outputs}
    return all(node in hidden and node != problem.node for node, _, _ in left - known)


# ------------------------------------------------------------------ candidates


def _candidates(analysis: Analysis, problem: Problem) -> Iterator[Fix]:
    """Edits that may repair a problem, the likeliest first."""
    node = analysis.flat.nodes[problem.node]
    if problem.code == "mismatch":
        yield from _flattenings(analysis, node, analysis.values[node.path][problem.param])
        yield _reset(node, problem.param)
        for upstream, param in _sizing(analysis, node):
            yield _set(upstream, param, analysis.values[node.path][problem.param])
    if problem.code == "parameter" and problem.param:
        if problem.param in node.params and problem.param not in node.component.parameters:
            yield _remove(problem.node, problem.param)
            return
        yield from _divisors(analysis, node, problem.param)
        parameter = node.component.parameters.get(problem.param)
        if problem.param in node.params and parameter is not None and not parameter.required:
            yield _reset(node, problem.param)
    if problem.code == "classes":
        target = analysis.metas[node.inputs["target"][0]].high
        for upstream, param in _sizing(analysis, node, "logits"):
            yield _set(upstream, param, target)
    if problem.code in ("shape", "parameter"):
        yield from _flattenings(analysis, node)
    if problem.code == "shape":
        yield from _other_end(node, problem)
        yield from _windows(analysis, node)


def _reset(node: FlatNode, param: str) -> Fix:
    parameter = node.component.parameters[param]
    if parameter.inferred:
        return Fix(f"Set {param} to automatic", f"将 {param} 设为自动", "reset_param", node.path, param)
    default = parameter.default
    label, label_zh = f"Set {param} to its default, {default}", f"将 {param} 恢复为默认值 {default}"
    return Fix(label, label_zh, "reset_param", node.path, param)


def _remove(node: str, param: str) -> Fix:
    return Fix(f"Remove the unknown parameter {param}", f"删除未知参数 {param}", "reset_param", node, param)


def _set(node: str, param: str, value: Any) -> Fix:
    shown = list(value) if isinstance(value, tuple) else value
    return Fix(
        f"Set {param} of {node} to {shown}", f"将 {node} 的 {param} 设为 {shown}", "set_param", node, param, shown
    )


def _accepts(analysis: Analysis, node: FlatNode, **changes: Any) -> bool:
    """Whether the node itself takes these values; a whole check is dearer."""
    resolved = analysis.resolved(node, **changes)
    try:
        return not resolved.errors and bool(resolved.infer())
    except NodeError:
        return False


def _divisors(analysis: Analysis, node: FlatNode, param: str) -> Iterator[Fix]:
    """Where a count does not divide another: the largest count below that does."""
    given = analysis.values[node.path].get(param)
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        return
    values = analysis.resolved(node).values.items()
    sizes = [v for name, v in values if name != param and isinstance(v, int) and not isinstance(v, bool)]
    top = min(given - 1, max(sizes, default=given))  # a divisor is at most as large as what it divides
    below = range(top, max(0, top - 256), -1)
    fitting = next((value for value in below if _accepts(analysis, node, **{param: value})), None)
    if fitting is not None:
        yield _set(node.path, param, fitting)


def _sizing(analysis: Analysis, node: FlatNode, port: str = "") -> Iterator[tuple[str, str]]:
    """The nearest nodes upstream whose output size is a parameter of theirs."""
    stack = [source for name in ([port] if port else node.inputs) for source, _ in node.inputs.get(name, ())]
    seen: set[str] = set()
    while stack:
        path = stack.pop()
        if path in seen:
            continue
        seen.add(path)
        feeding = analysis.flat.nodes[path]
        sizing = next((p for p in ("out_features", "out_channels") if p in feeding.component.parameters), None)
        if sizing:
            yield path, sizing
        else:
            stack += [source for ends in feeding.inputs.values() for source, _ in ends]


def _flattenings(analysis: Analysis, node: FlatNode, size: int | None = None) -> Iterator[Fix]:
    """A flatten where a map enters the fully connected part: before the first linear layer on the way to this node.

    With ``size``, only where the map has as many values as that.
    """
    found: list[Fix] = []
    current: FlatNode | None = node
    seen: set[str] = set()
    while current is not None and current.path not in seen:
        seen.add(current.path)
        following = None
        for port, ends in current.inputs.items():
            for source, source_port in ends:
                meta = analysis.metas.get((source, source_port))
                following = following or analysis.flat.nodes[source]
                reads_map = meta is not None and len(meta.shape) > 2 and meta.dtype.is_floating_point
                if meta is None or not reads_map or current.component.id != "linear":
                    continue
                fix = _flatten_before(current.path, port, source, source_port)
                if fix is not None and size in (None, math.prod(meta.shape[1:])):
                    found.append(fix)
        current = following
    yield from reversed(found)


def _flatten_before(path: str, port: str, source: str, source_port: str) -> Fix | None:
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


def _other_end(node: FlatNode, problem: Problem) -> Iterator[Fix]:
    """Classes that stand at the other end of the logits, as in a language model."""
    if node.component.kind in ("loss", "metric") and "class_axis" in node.component.parameters:
        given = node.params.get("class_axis", node.component.parameters["class_axis"].default)
        yield _set(problem.node, "class_axis", 1 if given == -1 else -1)


def _windows(analysis: Analysis, node: FlatNode) -> Iterator[Fix]:
    """A window that is larger than its map: one that just fits, or a border that keeps the size."""
    values = analysis.values[node.path]
    kernel, x = values.get("kernel_size"), analysis.resolved(node).inputs.get("x")
    if not isinstance(kernel, int) or not x:
        return
    room = min(x[0].shape[2:], default=0) + 2 * (values["padding"] if isinstance(values.get("padding"), int) else 0)
    fitting = next((k for k in range(min(kernel, room), 0, -1) if _accepts(analysis, node, kernel_size=k)), None)
    if fitting is not None and fitting < kernel:
        yield _set(node.path, "kernel_size", fitting)
    if "padding" in values:
        yield _set(node.path, "padding", kernel // 2)

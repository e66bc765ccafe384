"""Fixes that set or reset a value at a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from builder.compiler.inference import NodeError
from builder.compiler.report import Fix, Problem
from builder.graph import FlatNode

if TYPE_CHECKING:
    from builder.compiler.check import Analysis


def value_fixes(analysis: Analysis, node: FlatNode, problem: Problem) -> Iterator[Fix]:
    """Values that may repair a problem, the likeliest first."""
    if problem.code == "mismatch":
        yield _reset(node, problem.param)
        for upstream, param in _sizing(analysis, node):
            yield set_value(upstream, param, analysis.values[node.path][problem.param])
    if problem.code in ("parameter", "sharing") and problem.param:
        yield from _rules(analysis, node, problem.param)
    if problem.code == "classes":
        target = analysis.metas[node.inputs["target"][0]].high
        for upstream, param in _sizing(analysis, node, "logits"):
            yield set_value(upstream, param, target)
    if problem.code == "shape":
        yield from _other_end(node, problem)
        yield from _windows(analysis, node)
    if problem.code == "setting":
        for name in node.settings:
            yield Fix(f"Remove the setting {name}", f"移除设置 {name}", "drop_setting", node.path, name)


def _rules(analysis: Analysis, node: FlatNode, param: str) -> Iterator[Fix]:
    """Where a value breaks a rule: one near it that does not, or back to the default."""
    parameter = node.component.parameters.get(param)
    if param in node.params and parameter is None:
        yield Fix(f"Remove the unknown parameter {param}", f"删除未知参数 {param}", "reset_param", node.path, param)
        return
    owner = analysis.flat.find(analysis.examples.get(node.path, ""))
    if owner is not None and param in owner.blocks:
        yield set_value(node.path, param, owner.params[param])
        return
    divisor = _divisor(analysis, node, param)
    if divisor is not None:
        yield set_value(node.path, param, divisor)
    if param in node.params and parameter is not None and not parameter.required and parameter.default != divisor:
        yield _reset(node, param)


def _reset(node: FlatNode, param: str) -> Fix:
    parameter = node.component.parameters[param]
    if parameter.inferred:
        return Fix(f"Set {param} to automatic", f"将 {param} 设为自动", "reset_param", node.path, param)
    default = parameter.default
    label, label_zh = f"Set {param} to its default, {default}", f"将 {param} 恢复为默认值 {default}"
    return Fix(label, label_zh, "reset_param", node.path, param)


def set_value(node: str, param: str, value: Any) -> Fix:
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


def _divisor(analysis: Analysis, node: FlatNode, param: str) -> int | None:
    """Where a count does not divide another: the largest count below that does."""
    given = analysis.values[node.path].get(param)
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        return None
    values = analysis.resolved(node).values.items()
    sizes = [v for name, v in values if name != param and isinstance(v, int) and not isinstance(v, bool)]
    top = min(given - 1, max(sizes, default=given))  # a divisor is at most as large as what it divides
    below = range(top, max(0, top - 256), -1)
    return next((value for value in below if _accepts(analysis, node, **{param: value})), None)


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


def _other_end(node: FlatNode, problem: Problem) -> Iterator[Fix]:
    """Classes that stand at the other end of the logits, as in a language model."""
    if node.component.kind in ("loss", "metric") and "class_axis" in node.component.parameters:
        given = node.params.get("class_axis", node.component.parameters["class_axis"].default)
        yield set_value(problem.node, "class_axis", 1 if given == -1 else -1)


def _windows(analysis: Analysis, node: FlatNode) -> Iterator[Fix]:
    """A window that is larger than its map: one that just fits, or a border that keeps the size."""
    values = analysis.values[node.path]
    kernel, x = values.get("kernel_size"), analysis.resolved(node).inputs.get("x")
    if not isinstance(kernel, int) or not x:
        return
    room = min(x[0].shape[2:], default=0) + 2 * (values["padding"] if isinstance(values.get("padding"), int) else 0)
    fitting = next((k for k in range(min(kernel, room), 0, -1) if _accepts(analysis, node, kernel_size=k)), None)
    if fitting is not None and fitting < kernel:
        yield set_value(node.path, "kernel_size", fitting)
    if "padding" in values:
        yield set_value(node.path, "padding", kernel // 2)

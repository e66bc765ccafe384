"""Fixes that draw a wire, take another loss, or add what training lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from builder.compiler.report import Fix, Problem
from builder.graph import FlatNode
from components.spec import Port

if TYPE_CHECKING:
    from builder.compiler.check import Analysis

End = tuple[str, str]
MAX_SOURCES = 6


def wire_fixes(analysis: Analysis, node: FlatNode, problem: Problem) -> Iterator[Fix]:
    """Wires and losses that may repair a problem, the likeliest first."""
    if problem.code == "unconnected":
        for path, port in _sources(analysis, node, problem.port):
            source = f"{path.rpartition('/')[2]}.{port}"
            end = f"{node.path.rpartition('/')[2]}.{problem.port}"
            label, label_zh = f"Connect {source} to {end}", f"将 {source} 连接到 {end}"
            yield Fix(label, label_zh, "connect", node.path, port=problem.port, source=source)
    if problem.code in ("shape", "classes") and node.component.kind == "loss":
        yield from _other_loss(analysis, node)


def _sources(analysis: Analysis, node: FlatNode, port: str) -> list[End]:
    """The outputs beside a node that may feed a port: of a data set for a target, else those that nothing reads yet."""
    wanted, scope = node.component.inputs[port], _scope(node.path)
    outputs = [
        (path, name)
        for path, other in analysis.flat.nodes.items()
        if _scope(path) == scope and path != node.path and other.component.kind not in ("metric", "visualizer")
        for name, given in other.component.outputs_for(other.params).items()
        if given.dims.kind == wanted.dims.kind and _carries(analysis, (path, name), wanted)
    ]
    if port == "target":
        return [end for end in outputs if analysis.flat.nodes[end[0]].component.kind == "dataset"][:MAX_SOURCES]
    read = {end for other in analysis.flat.nodes.values() for ends in other.inputs.values() for end in ends}
    twins = [
        end for other in analysis.flat.nodes.values() if other.path != node.path for end in other.inputs.get(port, ())
    ]
    likely = [end for end in outputs if end not in read] or [
        end for end in outputs if port in ("logits", "prediction") and end in twins
    ]
    return likely[:MAX_SOURCES]


def _scope(path: str) -> str:
    return path.rpartition("/")[0]


def _carries(analysis: Analysis, end: End, wanted: Port) -> bool:
    """Whether what leaves a port has a rank that another takes; a schedule has none."""
    meta = analysis.metas.get(end)
    return wanted.dims.kind != "tensor" or (meta is not None and wanted.dims.accepts_rank(len(meta.shape)))


def _other_loss(analysis: Analysis, node: FlatNode) -> Iterator[Fix]:
    """The loss for the target that arrives: classes, or yes and no."""
    target = next((analysis.metas.get(end) for end in node.inputs.get("target", ())), None)
    if target is None or target.dtype.is_floating_point:
        return
    name = node.path.rpartition("/")[2]
    if node.component.id in ("loss_bce", "loss_mse", "loss_l1"):
        yield Fix(
            f"Use cross-entropy in {name}: the target is a class", f"{name} 改用交叉熵：目标是类别", "swap", node.path,
            component="loss_cross_entropy",
        )  # fmt: skip
    elif node.component.id == "loss_cross_entropy" and target.high == 2:
        yield Fix(
            f"Use binary cross-entropy in {name}: the target is 0 or 1", f"{name} 改用二元交叉熵：目标为 0 或 1", "swap",
            node.path, component="loss_bce",
        )  # fmt: skip


# ------------------------------------------------------------------ what training lacks


def completions(analysis: Analysis) -> Iterator[Fix]:
    """What a sound graph lacks to be trained: a loss behind its last layer, or an optimizer behind its losses."""
    nodes = analysis.flat.nodes
    if any(node.component.kind == "optimizer" for node in nodes.values()):
        return
    read = {end for node in nodes.values() for ends in node.inputs.values() for end in ends}
    losses = [
        (node.path, port)
        for node in nodes.values()
        if node.component.kind == "loss" and not _scope(node.path)
        for port in node.component.outputs_for(node.params)
        if (node.path, port) not in read
    ]
    if len(losses) == 1:
        (path, port) = losses[0]
        yield Fix(
            f"Add Adam behind {path}", f"在 {path} 之后添加 Adam", "append", path, component="opt_adam", port=port
        )
    elif not losses:
        yield from _losses(analysis, read)


def _losses(analysis: Analysis, read: set[End]) -> Iterator[Fix]:
    """A loss between the one output that nothing reads and the target of the one data set."""
    nodes = analysis.flat.nodes
    ends = [end for end in analysis.metas if end not in read and not _scope(end[0])]
    last = [end for end in ends if nodes[end[0]].component.kind in ("layer", "op")]
    targets = [end for end in ends if nodes[end[0]].component.kind == "dataset" and end[1] == "y"]
    if len(last) != 1 or len(targets) != 1:
        return
    (path, port), target = last[0], analysis.metas[targets[0]]
    classes = not target.dtype.is_floating_point
    component = "loss_cross_entropy" if classes else "loss_mse"
    name, name_zh = ("cross-entropy", "交叉熵损失") if classes else ("mean squared error", "均方误差损失")
    yield Fix(
        f"Add {name} between {path} and {targets[0][0]}.y", f"在 {path} 与 {targets[0][0]}.y 之间添加{name_zh}",
        "append", path, component=component, port=port, source=f"{targets[0][0]}.y",
    )  # fmt: skip

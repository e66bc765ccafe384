"""Fixes that put a node on a wire, so that what arrives has the shape or the kind of number that is wanted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from builder.compiler.fix_values import set_value
from builder.compiler.report import Fix, Problem
from builder.graph import FlatNode
from components import registry

if TYPE_CHECKING:
    from builder.compiler.check import Analysis
    from builder.compiler.inference import Meta

Shape = tuple[int, ...]


def shape_fixes(analysis: Analysis, node: FlatNode, problem: Problem) -> Iterator[Fix]:
    """Nodes that may repair a problem when they stand on a wire, the likeliest first."""
    if problem.code == "mismatch":
        given = analysis.values[node.path][problem.param]
        yield from _flattenings(analysis, node, given)
        arriving = analysis.metas[node.inputs[problem.port][0]].shape
        if len(arriving) == 3 and arriving[2] == given != arriving[1]:
            yield _swapped(node, problem.port)
    if problem.code in ("shape", "parameter"):
        joined = _joined(analysis, node)
        if joined:
            yield from _meetings(analysis, node, joined)
            return
        yield from _flattenings(analysis, node)
    if problem.code == "parameter" and problem.port:
        yield _swapped(node, problem.port)
    if problem.code == "shape" and problem.port in node.component.inputs:
        for place, end in enumerate(node.inputs.get(problem.port, ())):
            if end in analysis.metas:
                yield from _adapted(analysis, node, problem.port, place, analysis.metas[end])
    if problem.code == "shape" and node.component.kind in ("loss", "metric"):
        yield from _pooled(analysis, node)


def _swapped(node: FlatNode, port: str) -> Fix:
    en, zh = "Swap axes 1 and 2 before {}", "在 {} 之前交换维度 1 与 2"
    return on_wire(node.path, port, "op_transpose", en, zh, dim0=1, dim1=2)


def on_wire(
    path: str, port: str, component: str, en: str, zh: str, place: int = 0, more: tuple[Fix, ...] = (), **params: Any
) -> Fix:
    """A component on the wire that is number ``place`` at a port; ``{}`` in the labels stands for the node there."""
    name = path.rpartition("/")[2]
    defaults = {name: p.default for name, p in registry.get(component).parameters.items()}
    given = tuple((key, value) for key, value in params.items() if value != defaults[key])
    return Fix(
        en.replace("{}", name), zh.replace("{}", name), "insert", path, component=component, params=given, port=port,
        place=place, more=more,
    )  # fmt: skip


def _fixed(analysis: Analysis, sizes: Sequence[int]) -> bool:
    return not any(analysis.symbols.varies(size) for size in sizes)


# ------------------------------------------------------------------ a map that enters the fully connected part


def _flattenings(analysis: Analysis, node: FlatNode, size: int | None = None) -> Iterator[Fix]:
    """A flatten before the first linear layer on the way to this node. With ``size``, only of a map of so many values."""
    for path, port, meta in reversed(list(_linear_on_maps(analysis, node))):
        if size in (None, math.prod(meta.shape[1:])):
            yield on_wire(path, port, "op_flatten", "Insert Flatten before {}", "在 {} 之前插入展平层")


def _linear_on_maps(analysis: Analysis, node: FlatNode) -> Iterator[tuple[str, str, Meta]]:
    """The linear layers on the way to a node, itself first, that read more than one vector a sample."""
    current: FlatNode | None = node
    seen: set[str] = set()
    while current is not None and current.path not in seen:
        seen.add(current.path)
        following = None
        for port, ends in current.inputs.items():
            for end in ends:
                meta = analysis.metas.get(end)
                following = following or analysis.flat.nodes[end[0]]
                if current.component.id == "linear" and meta and len(meta.shape) > 2 and meta.dtype.is_floating_point:
                    yield current.path, port, meta
        current = following


# ------------------------------------------------------------------ tensors that meet


def _joined(analysis: Analysis, node: FlatNode) -> list[Shape]:
    """The shapes at the port of a node that adds, multiplies or joins tensors; empty where it is no such node."""
    port = next((p for p in node.component.inputs.values() if p.variadic), None)
    ends = node.inputs.get(port.name, []) if port else []
    shapes = [analysis.metas[end].shape for end in ends if end in analysis.metas]
    return shapes if len(shapes) == len(ends) > 1 else []


def _meetings(analysis: Analysis, node: FlatNode, shapes: list[Shape]) -> Iterator[Fix]:
    """What brings the tensors that meet at a node to one shape: in the branches, at the joint, or on the wires."""
    port = next(name for name, p in node.component.inputs.items() if p.variadic)
    joins = "dim" in node.component.parameters
    axis = analysis.values[node.path].get("dim", 1) if joins else None
    other = _other_axis(shapes, axis) if axis is not None else None
    if other is not None:
        yield set_value(node.path, "dim", other)
        return
    yield from _kept_sizes(analysis, node, port)
    for goal in _goals(analysis, node, port, shapes):
        steps = [
            (place, _bridge(analysis, node, port, place, shape, shapes[goal], axis))
            for place, shape in enumerate(shapes)
            if not _agree(shape, shapes[goal], axis)
        ]
        if steps and all(step for _, step in steps):
            first, *further = [step for _, step in steps if step]
            label = "; ".join(f.label for f in (first, *further))
            label_zh = "；".join(f.label_zh for f in (first, *further))
            yield Fix(
                label, label_zh, first.action, first.node, component=first.component, params=first.params,
                port=first.port, place=first.place, more=tuple(further),
            )  # fmt: skip


def _agree(first: Shape, second: Shape, axis: int | None) -> bool:
    if axis is None:
        return first == second
    if len(first) != len(second):
        return False
    return all(a == b for i, (a, b) in enumerate(zip(first, second, strict=True)) if i != axis % len(first))


def _goals(analysis: Analysis, node: FlatNode, port: str, shapes: list[Shape]) -> list[int]:
    """The places at the port in the order in which they serve as the model for the others: the longest branch first."""
    depth = [len(_above(analysis, source)) for source, _ in node.inputs[port]]
    return sorted(range(len(shapes)), key=lambda place: (-depth[place], place))


def _above(analysis: Analysis, path: str) -> set[str]:
    """A node and all that it depends on."""
    found, stack = set(), [path]
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            stack += [source for ends in analysis.flat.nodes[current].inputs.values() for source, _ in ends]
    return found


def _other_axis(shapes: list[Shape], axis: int) -> int | None:
    """The axis along which tensors could be joined that differ along it only."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    axes = (i for i in range(1, len(shapes[0])) if i != axis % len(shapes[0]))
    return next((i for i in axes if all(_agree(shape, shapes[0], i) for shape in shapes)), None)


def _kept_sizes(analysis: Analysis, node: FlatNode, port: str) -> Iterator[Fix]:
    """Padding for the windows of the branches, so that they keep the size of the map."""
    branches = [_above(analysis, source) for source, _ in node.inputs[port]]
    common = set.intersection(*branches)
    steps = []
    for path in analysis.order:
        if path in set.union(*branches) - common:
            values = analysis.values.get(path, {})
            kernel, stride, dilation = (values.get(name, 1) for name in ("kernel_size", "stride", "dilation"))
            odd = isinstance(kernel, int) and kernel > 1 and kernel % 2 == 1
            if odd and "padding" in values and stride == 1 and isinstance(dilation, int):
                steps.append(set_value(path, "padding", dilation * (kernel - 1) // 2))
    steps = [step for step in steps if step.value != analysis.values[step.node]["padding"]]
    if steps:
        names = ", ".join(step.node for step in steps)
        first, *further = steps
        yield Fix(
            f"Keep the size: padding of {names}", f"保持尺寸：为 {names} 设置填充", "set_param", first.node, "padding",
            first.value, more=tuple(further),
        )  # fmt: skip


def _bridge(
    analysis: Analysis, node: FlatNode, port: str, place: int, shape: Shape, goal: Shape, axis: int | None
) -> Fix | None:
    """What turns one of the shapes that meet into another: a projection, or (where they are joined) a resizing."""
    source = _beside(node.path, node.inputs[port][place][0])
    if len(shape) != len(goal) or len(shape) < 2 or shape[0] != goal[0]:
        return None
    spatial, wanted = shape[2:], goal[2:]
    if axis is not None:  # joined: sizes must agree, channels need not
        if axis % len(shape) == 1 and wanted and _fixed(analysis, (*spatial, *wanted)):
            sizes = " x ".join(map(str, wanted))
            return on_wire(
                node.path, port, "op_upsample", f"Resize what comes from {source[0]} to {sizes}",
                f"将来自{source[1]}的特征图缩放到 {sizes.replace(' x ', '×')}", place, scale_factor=None, size=wanted,
            )  # fmt: skip
        return None
    if shape[:-1] == goal[:-1] and _fixed(analysis, (shape[-1], goal[-1])) and len(shape) < 4:
        return on_wire(
            node.path, port, "linear", f"Project what comes from {source[0]} to {goal[-1]} features",
            f"将来自{source[1]}的张量投影到 {goal[-1]} 个特征", place, out_features=goal[-1],
        )  # fmt: skip
    return _projection(analysis, node, port, place, shape, goal, source)


def _beside(path: str, source: str) -> tuple[str, str]:
    """The name of what feeds a node where the node stands: a node, a block, or the input of the block around it."""
    scope = path.rpartition("/")[0]
    inside = source.removeprefix(f"{scope}/") if scope else source
    if scope and inside == source:
        return "the block's input", "模块输入"
    name = inside.partition("/")[0]
    return name, f" {name} "


def _projection(
    analysis: Analysis, node: FlatNode, port: str, place: int, shape: Shape, goal: Shape, source: tuple[str, str]
) -> Fix | None:
    """A convolution with a kernel of 1 on a skip connection, with the stride that the size asks for."""
    changing = [size for pair in zip(shape[1:], goal[1:], strict=True) if pair[0] != pair[1] for size in pair]
    if not 3 <= len(shape) <= 5 or not _fixed(analysis, changing) or analysis.symbols.varies(shape[1]):
        return None
    strides = [1 if a == b else math.ceil(a / b) for a, b in zip(shape[2:], goal[2:], strict=True)]
    if any(a != b and (a - 1) // s + 1 != b for a, b, s in zip(shape[2:], goal[2:], strides, strict=True)):
        return None
    stride: Any = strides[0] if len(set(strides)) == 1 else tuple(strides)
    kernel = " x ".join("1" * len(strides))
    with_stride = "" if stride == 1 else f", stride {stride}", "" if stride == 1 else f"，步幅 {stride}"
    return on_wire(
        node.path, port, "conv_standard",
        f"Project what comes from {source[0]}: {kernel} convolution, {goal[1]} channels{with_stride[0]}",
        f"投影来自{source[1]}的特征图：{kernel.replace(' x ', '×')} 卷积，{goal[1]} 通道{with_stride[1]}", place, out_channels=goal[1],
        kernel_size=1, stride=stride,
    )  # fmt: skip


# ------------------------------------------------------------------ one tensor that a port does not take


def _adapted(analysis: Analysis, node: FlatNode, port: str, place: int, meta: Meta) -> Iterator[Fix]:
    dims = node.component.inputs[port].dims
    if dims.dtype == "float" and not meta.dtype.is_floating_point and dims.accepts_rank(len(meta.shape) + 1):
        yield on_wire(node.path, port, "embedding", "Insert Embedding before {}", "在 {} 之前插入嵌入层", place)
        if meta.high:
            yield on_wire(
                node.path, port, "op_one_hot", f"Turn the {meta.high} classes into one-hot vectors before {{}}",
                f"在 {{}} 之前将 {meta.high} 个类别转为独热向量", place, num_classes=meta.high,
            )  # fmt: skip
    if not dims.accepts_rank(len(meta.shape)) and node.component.kind not in ("loss", "metric"):
        ranks = [len(axes) for axes in dims.alternatives() if "*" not in axes]
        for shape in _arrangements(meta.shape[1:], ranks) if _fixed(analysis, meta.shape[1:]) else ():
            text = f"({', '.join(map(str, shape))})"
            yield on_wire(
                node.path, port, "op_reshape", f"Reshape each sample to {text} before {{}}",
                f"在 {{}} 之前将每个样本变形为 {text}", place, shape=shape,
            )  # fmt: skip
        if len(meta.shape) > max(ranks, default=len(meta.shape)):
            yield from _averages(node.path, port, len(meta.shape), place)


def _arrangements(sizes: Shape, ranks: Sequence[int]) -> Iterator[Shape]:
    """The ways to arrange a sample's values in as many axes as a port takes (the batch counts among the ranks)."""
    if len(sizes) == 1:
        side = math.isqrt(sizes[0])
        if 4 in ranks and side * side == sizes[0] and side > 1:
            yield 1, side, side
        if 3 in ranks:
            yield (1, sizes[0]) if 4 in ranks else (sizes[0], 1)
    elif len(sizes) == 2 and 4 in ranks:
        yield (1, *sizes)
    elif len(sizes) == 3 and 3 in ranks:
        yield sizes[0] * sizes[1], sizes[2]


def _pooled(analysis: Analysis, node: FlatNode) -> Iterator[Fix]:
    """A loss that wants one prediction a sample: the steps or places are summed up before the last linear layer."""
    places = [
        (path, port, len(meta.shape)) for path, port, meta in itertools.islice(_linear_on_maps(analysis, node), 1)
    ]
    ports = [port for port in node.component.inputs if port != "target"]
    for port in ports[:1]:
        for end in node.inputs.get(port, ()):
            if end in analysis.metas:
                places.append((node.path, port, len(analysis.metas[end].shape)))
    for path, port, rank in places:
        yield from _averages(path, port, rank, 0)


def _averages(path: str, port: str, rank: int, place: int) -> Iterator[Fix]:
    """One vector a sample from a sequence (B, T, C) or from a map (B, C, H, W)."""
    if rank == 3:
        yield on_wire(
            path, port, "op_mean", "Average over the steps before {}", "在 {} 之前对时间步求平均", place, dim=1
        )
        yield on_wire(path, port, "op_select", "Keep the last step before {}", "在 {} 之前只取最后一步", place)
    elif rank in (4, 5):
        yield on_wire(
            path, port, "pool_global_avg", "Insert global average pooling before {}", "在 {} 之前插入全局平均池化",
            place, keepdim=False,
        )  # fmt: skip

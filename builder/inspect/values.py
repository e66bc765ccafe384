"""The output of a node on a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from builder.compiler import End
from builder.compiler.axes import Axes
from builder.inspect.channels import Ranking
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of, tokens_of
from builder.inspect.layout import Kind
from builder.inspect.samples import Sample, feature_names

DRAWN: frozenset[Kind] = frozenset(
    {"image", "maps", "volume", "sequence", "vector", "scalar", "tokens", "mask", "nodes", "attention"}
)


@dataclass(frozen=True)
class Value:
    """One sample of a node's output.

    Args:
        node: path of the node.
        port: its output port.
        kind: how it is drawn.
        axes: what each axis of the array is: C channels or features, T steps, H and W rows and columns, V nodes of a
            graph, h heads, L layers.
        array: without the axis of the batch. Sequences have the steps first: (T, C).
        steps: what the steps of a sequence stand for, where that is known.
        names: of the entries of the last axis (features, classes), or of the classes that a label can be.
        ranking: the order in which channels of maps are shown, where it is not their own.
    """

    node: str
    port: str
    kind: Kind
    axes: Axes
    array: np.ndarray
    steps: Steps | None = None
    names: tuple[str, ...] = ()
    ranking: Ranking | None = None


@dataclass(frozen=True)
class Texts:
    """A text that is read and the text that should be written, of one sample."""

    read: Value
    written: Value


def drawn_ports(inspector: Inspector, node: str) -> list[str]:
    """The output ports of a node that can be drawn."""
    report = inspector.compiled.report.nodes[node]
    return [port for port in report.outputs if inspector.layout.kind((node, port)) in DRAWN]


def value(inspector: Inspector, sample: Sample, end: End) -> Value:
    """A node's output on a sample.

    Raises:
        InspectError: the node has no such output, or the sample does not determine it (an upload has no target).
    """
    node, port = end
    if not inspector.layout.known(end):
        raise InspectError(f"'{node}' has no output '{port}'.", f"“{node}”没有输出“{port}”。", node)
    tensor = inspector.value(sample, end)
    batch = inspector.layout.batch_axis(end)
    array = (tensor if batch is None else tensor.select(batch, 0)).numpy()
    kind, axes = inspector.layout.kind(end), inspector.layout.sample_axes(end)
    if kind == "sequence" and axes in (("C", "L"), ("C", "T")):
        array, axes = array.T, ("T", "C")
    steps = None
    if kind == "tokens":
        steps = tokens_of(inspector, sample, end)
    elif axes[:1] in (("T",), ("S",)) and len(axes) <= 2:
        steps = steps_of(inspector, sample, end, array.shape[0])
    return Value(node, port, kind, axes, array, steps, _names(inspector, end))


def _names(inspector: Inspector, end: End) -> tuple[str, ...]:
    for head in inspector.heads:
        if head.end == end and head.task in ("classes", "yes_no") and not head.tokens:
            return head.names if len(head.names) == inspector.layout.spec(end).shape[-1] else ()
    node = inspector.compiled.flat.nodes[end[0]]
    spec = inspector.layout.spec(end)
    if node.component.kind == "dataset" and spec.dtype.startswith("float") and len(spec.shape) == 2:
        return feature_names(inspector.compiled, end)
    if node.component.kind == "dataset" and end[1] == "y" and spec.dtype.startswith("int"):
        return tuple(inspector.compiled.dataset(end[0]).classes or ())
    return ()


def picture(array: np.ndarray) -> np.ndarray:
    """An image (C, H, W) as (H, W) or, of three channels, (H, W, 3), in [0, 1]; other ranges are stretched to it.

    Of another number of channels, their mean is shown.
    """
    if array.shape[0] not in (1, 3):
        array = array.mean(0, keepdims=True)
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        array = (array - low) / max(high - low, 1e-12)
    return array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0)

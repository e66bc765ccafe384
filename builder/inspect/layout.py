"""What the axes of a node's value mean, and so how it is drawn. Nothing runs here: shapes come from the compiler."""

from __future__ import annotations

from typing import Literal

from builder.compiler import Compiled, End
from builder.compiler.axes import Axes, AxisNames
from components.tensor_spec import TensorSpec

Kind = Literal[
    "image", "maps", "volume", "sequence", "vector", "scalar", "tokens", "mask", "nodes", "attention", "other"
]

BATCH = "B"  # the axis of samples; "N" and "E" are the nodes and edges of the one graph that is a whole sample
IMAGE_CHANNELS = (1, 3)
_STEPS = (("T",), ("S",), ("U",))  # of a text, of one that is read, of one that is written


class Layout:
    """The axes of every value of a compiled graph, and how it is drawn."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._axes = AxisNames(compiled)

    def known(self, end: End) -> bool:
        """Whether a value is a tensor (a schedule is none)."""
        report = self.compiled.report.nodes.get(end[0])
        return report is not None and end[1] in report.outputs

    def spec(self, end: End) -> TensorSpec:
        """The shape (with symbolic axes) and dtype of a value."""
        return self.compiled.report.nodes[end[0]].outputs[end[1]]

    def batch_axis(self, end: End) -> int | None:
        """Where the samples of a batch stand; None where a value belongs to no single sample."""
        return next((i for i, size in enumerate(self.spec(end).shape) if size == BATCH), None)

    def axes(self, end: End) -> Axes:
        """The names of all axes, that of the batch included: ``("B", "C", "H", "W")``."""
        return self._axes.of(end)

    def sample_axes(self, end: End) -> Axes:
        """The names of the axes of one sample."""
        batch = self.batch_axis(end)
        return tuple(axis for i, axis in enumerate(self.axes(end)) if i != batch)

    def sample_shape(self, end: End) -> tuple[int | str, ...]:
        """The sizes of one sample."""
        batch = self.batch_axis(end)
        return tuple(size for i, size in enumerate(self.spec(end).shape) if i != batch)

    def kind(self, end: End) -> Kind:
        """How one sample of this value is drawn."""
        spec, axes, shape = self.spec(end), self.sample_axes(end), self.sample_shape(end)
        node = self.compiled.flat.nodes[end[0]]
        if spec.dtype == "bool":
            return "mask" if len(axes) == 1 else "other"
        if spec.dtype.startswith(("int", "uint")):
            return "scalar" if not axes else "tokens" if axes in _STEPS else "other"
        if end[1] == "weights" and len(axes) == 3:
            return "attention"
        if axes[:1] == ("N",):
            return "nodes" if len(axes) == 2 else "other"
        if axes == ("C", "H", "W") and node.component.kind in ("dataset", "transform") and shape[0] in IMAGE_CHANNELS:
            return "image"
        return {0: "scalar", 1: "vector", 2: "sequence", 3: "maps", 4: "volume"}.get(len(axes), "other")  # type: ignore[return-value]

"""What the axes of a node's value mean, and so how it is drawn. Nothing runs here: shapes come from the compiler."""

from __future__ import annotations

from typing import Literal

from builder.compiler import Compiled, End
from components.tensor_spec import TensorSpec

Kind = Literal[
    "image", "maps", "volume", "sequence", "vector", "scalar", "tokens", "mask", "nodes", "attention", "other"
]
Axes = tuple[str, ...]

BATCH = "B"  # the axis of samples; "N" and "E" are the nodes and edges of the one graph that is a whole sample
_BY_RANK: dict[int, Axes] = {
    0: (),
    1: ("B",),
    2: ("B", "C"),
    3: ("B", "T", "C"),
    4: ("B", "C", "H", "W"),
    5: ("B", "C", "D", "H", "W"),
}
_IMAGE_CHANNELS = (1, 3)


class Layout:
    """The axes of every value of a compiled graph.

    A port's own declaration comes first; a port that takes any shape (an activation, an addition) has the axes of an
    input of equal shape; else the number of axes decides.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._axes: dict[End, Axes] = {}

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
        if end not in self._axes:
            self._axes[end] = self._find_axes(end)
        return self._axes[end]

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
            return "scalar" if not axes else "tokens" if axes == ("T",) else "other"
        if end[1] == "weights" and len(axes) == 3:
            return "attention"
        if axes[:1] == ("N",):
            return "nodes" if len(axes) == 2 else "other"
        if axes == ("C", "H", "W") and node.component.kind in ("dataset", "transform") and shape[0] in _IMAGE_CHANNELS:
            return "image"
        return {0: "scalar", 1: "vector", 2: "sequence", 3: "maps", 4: "volume"}.get(len(axes), "other")  # type: ignore[return-value]

    def _find_axes(self, end: End) -> Axes:
        path, port = end
        node = self.compiled.flat.nodes[path]
        shape = self.spec(end).shape
        values = self.compiled.report.nodes[path].params
        if node.component.kind == "dataset" and len(shape) == 3 and values.get("channels_first"):
            return ("B", "C", "T")
        declared = node.component.outputs_for(values)[port].dims.alternatives()
        for axes in declared:
            if "*" not in axes and len(axes) == len(shape):
                return tuple(axes)
        for source in (source for ends in node.inputs.values() for source in ends):
            if self.known(source) and self.spec(source).shape == shape:
                return self.axes(source)
        for axes in declared:
            if axes[:1] == ["B"] and axes[-1:] == ["C"] and len(shape) == 3:  # any axes between: steps
                return ("B", "T", "C")
        usual = _BY_RANK.get(len(shape), tuple(f"axis {i}" for i in range(len(shape))))
        return ("N", *usual[1:]) if shape[:1] == ("N",) else usual

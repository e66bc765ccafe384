"""What the axes of a value mean, by name."""

from __future__ import annotations

from builder.compiler.compiled import Compiled, End

Axes = tuple[str, ...]

_BY_RANK: dict[int, Axes] = {
    0: (),
    1: ("B",),
    2: ("B", "C"),
    3: ("B", "T", "C"),
    4: ("B", "C", "H", "W"),
    5: ("B", "C", "D", "H", "W"),
}


class AxisNames:
    """The names of the axes of every value of a compiled graph: ``("B", "C", "H", "W")``.

    A port's own declaration comes first; a port that takes any shape (an activation, an addition) has the axes of an
    input of equal shape; else the number of axes decides. "B" are samples, "N" and "E" the nodes and edges of a graph.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._found: dict[End, Axes] = {}

    def of(self, end: End) -> Axes:
        """The names of all axes of a value."""
        if end not in self._found:
            self._found[end] = self._find(end)
        return self._found[end]

    def units(self, end: End) -> int:
        """The axis along which the units of a layer lie: channels or features."""
        axes = self.of(end)
        return axes.index("C") if "C" in axes else len(axes) - 1

    def _find(self, end: End) -> Axes:
        path, port = end
        node = self.compiled.flat.nodes[path]
        shape = self.compiled.report.nodes[path].outputs[port].shape
        values = self.compiled.report.nodes[path].params
        if node.component.kind == "dataset" and len(shape) == 3 and values.get("channels_first"):
            return ("B", "C", "T")
        declared = node.component.outputs_for(values)[port].dims.alternatives()
        for axes in declared:
            if "*" not in axes and len(axes) == len(shape):
                return tuple(axes)
        for source in (source for ends in node.inputs.values() for source in ends):
            report = self.compiled.report.nodes.get(source[0])
            if report is not None and source[1] in report.outputs and report.outputs[source[1]].shape == shape:
                return self.of(source)
        for axes in declared:
            if axes[:1] == ["B"] and axes[-1:] == ["C"] and len(shape) == 3:  # any axes between: steps
                return ("B", "T", "C")
        usual = _BY_RANK.get(len(shape), tuple(f"axis {i}" for i in range(len(shape))))
        return ("N", *usual[1:]) if shape[:1] == ("N",) else usual

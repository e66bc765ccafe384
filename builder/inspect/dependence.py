"""What a value depends on by its numbers: not what it takes its size from alone, as noise does from a batch."""

from __future__ import annotations

from builder.compiler import End
from builder.compiler.order import READS_SHAPE
from builder.inspect.inspector import Inspector


def origins(inspector: Inspector, end: End) -> set[End]:
    """Every value that another one is made of, itself included."""
    return _behind(inspector, end, smooth=False)


def differentiable(inspector: Inspector, end: End) -> set[End]:
    """Those of them that gradients lead back to: only real numbers stand between."""
    return _behind(inspector, end, smooth=True)


def _behind(inspector: Inspector, end: End, smooth: bool) -> set[End]:
    compiled = inspector.compiled
    found: set[End] = set()
    waiting = [compiled.passed(end)]
    while waiting:
        value = waiting.pop()
        if value in found or (smooth and not inspector.layout.spec(value).dtype.startswith("float")):
            continue
        found.add(value)
        if READS_SHAPE not in compiled.flat.nodes[value[0]].component.tags:
            waiting += [source for sources in compiled.sources(value[0]).values() for source in sources]
    return found


def tells_of_data(inspector: Inspector, end: End) -> bool:
    """Whether a value depends on what the data are, not only on how many."""
    nodes = inspector.compiled.flat.nodes
    return any(nodes[path].component.kind == "dataset" for path, _ in origins(inspector, end))

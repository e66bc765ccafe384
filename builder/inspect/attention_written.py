"""Attention that a graph spells out: a softmax over the scores of a matrix product, whose rows weigh values in another."""

from __future__ import annotations

from collections.abc import Iterable

from builder.compiler import Compiled, End
from builder.graph import FlatNode

_SOFTMAX, _PRODUCT = "act_softmax", "op_matmul"


def scores_of(compiled: Compiled, node: str) -> FlatNode | None:
    """The product of queries and keys that a softmax turns into attention weights; None where it does nothing like it.

    Between the products and the softmax there may be whatever keeps the axes, in any order: a scale, a mask that is added,
    dropout, a mixing of heads. A softmax over features (of linear attention) has no such product before it.
    """
    found = compiled.flat.nodes[node]
    if found.component.id != _SOFTMAX:
        return None
    shape = compiled.report.nodes[node].outputs["y"].shape
    last = compiled.report.nodes[node].params["dim"] in (-1, len(shape) - 1)
    if not last or len(shape) not in (3, 4) or shape[0] != "B":
        return None
    behind = _next_products(compiled, node, shape, forward=True)
    if not any(("a", end) in _wires(product) for product, end in behind):
        return None
    return next((product for product, _ in _next_products(compiled, node, shape, forward=False)), None)


def _next_products(
    compiled: Compiled, node: str, shape: tuple[int | str, ...], forward: bool
) -> list[tuple[FlatNode, End]]:
    """The first matrix products before or behind a node, the nearest first, and the wire by which each was reached."""
    nodes, found, seen = compiled.flat.nodes, [], {node}
    steps = [node]
    while steps:
        path = steps.pop(0)
        if forward:
            wires = [(n, end) for n in nodes.values() for _, end in _wires(n) if end[0] == path]
        else:
            wires = [(nodes[end[0]], end) for _, end in _wires(nodes[path])]
        for near, end in wires:
            if not _same_axes(compiled, end, shape):
                continue
            if near.component.id == _PRODUCT:
                found.append((near, end))
            elif near.path not in seen:
                seen.add(near.path)
                steps.append(near.path)
    return found


def _wires(node: FlatNode) -> Iterable[tuple[str, End]]:
    return [(port, end) for port, ends in node.inputs.items() for end in ends]


def _same_axes(compiled: Compiled, end: End, shape: tuple[int | str, ...]) -> bool:
    """Whether a value has the axes of the weights, in whatever order."""
    report = compiled.report.nodes.get(end[0])
    spec = None if report is None else report.outputs.get(end[1])
    return spec is not None and sorted(map(str, spec.shape)) == sorted(map(str, shape))

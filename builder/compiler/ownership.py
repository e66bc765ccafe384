"""What each optimizer of a graph trains, and in which order they act: read from the graph, before anything is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.compiler.check import Analysis
from builder.compiler.order import STOPS_GRADIENT
from builder.graph import FlatNode


@dataclass(frozen=True)
class Turn:
    """An optimizer's part of a training step.

    Args:
        path: of the optimizer.
        place: from 1, among the optimizers of a step.
        every: it acts at steps that this number divides.
        epochs: the first and the last epoch in which it acts; None for all.
        nodes: paths of the nodes whose weights it changes; sharers beside the owner.
    """

    path: str
    place: int
    every: int
    epochs: tuple[int, int] | None
    nodes: frozenset[str]


def in_turn(nodes: Iterable[FlatNode]) -> list[FlatNode]:
    """Optimizers in the order in which they act: by their setting ``order``, ties as they stand."""
    return sorted(nodes, key=lambda node: node.settings.get("order", 0))


def turns(analysis: Analysis) -> list[Turn]:
    """The optimizers of a graph in the order in which they act, with what each trains."""
    nodes = analysis.flat.nodes
    optimizers = in_turn(nodes[path] for path in analysis.order if nodes[path].component.kind == "optimizer")
    return [
        Turn(
            node.path,
            place,
            int(node.settings.get("every", 1)),
            tuple(node.settings["epochs"]) if "epochs" in node.settings else None,
            frozenset(_trained(analysis, node)),
        )
        for place, node in enumerate(optimizers, 1)
    ]


def _trained(analysis: Analysis, optimizer: FlatNode) -> Iterable[str]:
    reached = set(_reached(analysis, optimizer))
    owners = {analysis.owners.get(path, path) for path in reached if _learns(analysis, path)}
    wanted = optimizer.settings.get("parameters")
    if wanted is not None:
        selected = {analysis.owners.get(p, p) for p in analysis.report.nodes if any(_within(p, w) for w in wanted)}
        owners &= selected
    return [path for path in reached if analysis.owners.get(path, path) in owners] + [
        path for path in owners if path not in reached
    ]


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}/")


def _learns(analysis: Analysis, path: str) -> bool:
    """Whether a node has weights that training may change."""
    owner = analysis.flat.find(analysis.owners.get(path, path))
    if owner is None or owner.settings.get("frozen") or owner.settings.get("weights", {}).get("from") == "average":
        return False
    report = analysis.report.nodes.get(owner.path)
    return report is not None and report.parameters > 0


def _reached(analysis: Analysis, optimizer: FlatNode) -> Iterable[str]:
    """The nodes to which the gradients of an optimizer's losses flow, those inside block parameters among them."""
    nodes = analysis.flat.nodes
    found: set[str] = set()
    stack = [source for source, _ in optimizer.inputs.get("loss", ())]
    while stack:
        path = stack.pop()
        if path in found or STOPS_GRADIENT in nodes[path].component.tags:
            continue
        found.add(path)
        yield path
        yield from (inner.path for inner in nodes[path].within())
        stack += [source for ends in nodes[path].inputs.values() for source, _ in ends if source in nodes]

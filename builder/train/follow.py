"""Schedules: chains of them at a port, and the modules whose strength follows one."""

from __future__ import annotations

from collections.abc import Sequence

from builder.compiler import Compiled
from builder.graph import FlatNode
from components.schedule._base import Schedule, chained_factor
from components.scheduled import Scheduled


def schedules_at(compiled: Compiled, node: FlatNode, port: str = "schedule") -> list[Schedule]:
    """The schedule at a node's input, the one at that one's input ``then``, and so on."""
    chain: list[Schedule] = []
    ends = node.inputs.get(port)
    while ends:
        path = ends[0][0]
        chain.append(compiled.build(path))
        ends = compiled.flat.nodes[path].inputs.get("then")
    return chain


class Followers:
    """The modules of a graph that have a schedule at an input."""

    def __init__(self, compiled: Compiled) -> None:
        self._chains: list[tuple[Scheduled, Sequence[Schedule]]] = []
        for path in compiled.analysis.order:
            node, module = compiled.flat.nodes[path], compiled.module(path)
            for name, port in node.component.inputs.items():
                if port.dims.kind == "schedule" and node.inputs.get(name) and isinstance(module, Scheduled):
                    self._chains.append((module, schedules_at(compiled, node, name)))

    def __call__(self, epoch: float, epochs: float) -> None:
        """Tells each the factor at a moment of the run; 2.5 is the middle of the third epoch."""
        for module, chain in self._chains:
            module.follow(chained_factor(chain, epoch, epochs))

"""Schedules: chains of them at a port, and the modules whose strength follows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from builder.compiler import Compiled
from builder.graph import FlatNode
from components.schedule._base import Schedule, chained_factor
from components.scheduled import Scheduled


def schedules_at(compiled: Compiled, node: FlatNode, port: str = "schedule") -> list[Schedule]:
    """The schedule at a node's input, the one at that one's input ``then``, and so on."""
    return [compiled.build(path) for path in chain_at(compiled, node, port)]


def chain_at(compiled: Compiled, node: FlatNode, port: str = "schedule") -> list[str]:
    """The paths of these schedules."""
    chain: list[str] = []
    ends = node.inputs.get(port)
    while ends:
        chain.append(ends[0][0])
        ends = compiled.flat.nodes[chain[-1]].inputs.get("then")
    return chain


def followers(compiled: Compiled) -> dict[str, list[str]]:
    """By path, the modules whose strength follows a schedule, with the paths of the schedules."""
    nodes = [compiled.flat.nodes[path] for path in compiled.analysis.order]
    return {
        node.path: chain_at(compiled, node, name)
        for node in nodes
        for name, port in node.component.inputs.items()
        if port.dims.kind == "schedule" and node.inputs.get(name) and isinstance(compiled.module(node.path), Scheduled)
    }


class Followers:
    """The modules of a graph that have a schedule at an input."""

    def __init__(self, compiled: Compiled) -> None:
        self._chains: list[tuple[Any, Sequence[Schedule]]] = [
            (compiled.module(path), [compiled.build(schedule) for schedule in chain])
            for path, chain in followers(compiled).items()
        ]

    def __call__(self, epoch: float, epochs: float) -> None:
        """Tells each the factor at a moment of the run; 2.5 is the middle of the third epoch."""
        for module, chain in self._chains:
            module.follow(chained_factor(chain, epoch, epochs))

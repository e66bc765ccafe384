"""The factor that a schedule gives over a run, with what stands before and behind it in a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.graph import Graph
from components import registry
from components.schedule._base import Schedule, chained_factor

POINTS = 240


@dataclass(frozen=True)
class ScheduleCurve:
    """The factor at moments of a run, in epochs; ``own`` is the stretch in which the node itself decides it."""

    epoch: tuple[float, ...]
    factor: tuple[float, ...]
    own: tuple[float, float]


def schedule_curve(graph: Graph, node: str, params: Mapping[str, Any], epochs: int) -> ScheduleCurve | None:
    """The curve of the chain in which a schedule stands, as an optimizer behind it has it.

    Args:
        params: by node id, parameter values as far as they are known better than from the graph.
        epochs: of the whole run.

    Returns:
        None where a schedule of the chain does not take its values.
    """
    chain = _chain(graph, node)
    built: list[Schedule] = []
    for name in chain:
        try:
            values = {**graph.nodes[name]["params"], **params.get(name, {})}
            schedule = registry.create(graph.nodes[name]["component"], **values)
        except (ValueError, TypeError):  # said at the node itself
            return None
        if not isinstance(schedule, Schedule):
            return None
        built.append(schedule)
    place = chain.index(node)
    begin = min(sum(schedule.length for schedule in built[:place]), float(epochs))
    end = min(begin + built[place].length, float(epochs)) if place + 1 < len(chain) else float(epochs)
    moments = sorted({epochs * i / POINTS for i in range(POINTS + 1)} | {begin, end})
    try:
        factors = [chained_factor(built, moment, epochs) for moment in moments]
    except OverflowError:  # a factor that grows beyond all numbers
        return None
    return ScheduleCurve(tuple(moments), tuple(factors), (begin, end))


def _chain(graph: Graph, node: str) -> list[str]:
    """The schedules that follow each other, from the one that begins: wires lead into an input ``then``."""
    chain = [node]
    while (before := next((w.target for w in graph.wires_from(chain[0]) if w.target_port == "then"), None)) is not None:
        if before in chain:
            break
        chain.insert(0, before)
    while (after := next((w.source for w in graph.wires_into(chain[-1], "then")), None)) is not None:
        if after in chain:
            break
        chain.append(after)
    return chain

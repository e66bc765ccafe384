"""Which components follow which in a set of graphs: what people usually put behind a port, or before one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import log1p

from builder.graph.flatten import flatten
from builder.graph.graph import Graph
from components import registry

Port = tuple[str, str]  # component, port
NEVER = 0.1  # what a component that no graph has counts among the others of its family


@dataclass
class Following:
    """In how many graphs wires run between two ports, or between two families, and a component is used."""

    pairs: Counter[tuple[Port, Port]] = field(default_factory=Counter)
    families: Counter[tuple[str, str]] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    usual: Counter[str] = field(default_factory=Counter)  # by family, how often its most usual component is used

    def likelihood(self, source: Port, target: Port) -> float:
        """A score that grows with the logarithm of the counts; 0 where nothing of the kind was ever wired.

        Of what the families have together, a pair has the part that its less usual component has in its family.
        """
        kin = self.families[_family(source[0]), _family(target[0])]
        part = min(self._part(source[0]), self._part(target[0]))
        return 3 * log1p(self.pairs[source, target]) + 0.5 * log1p(kin * part)

    def _part(self, component: str) -> float:
        """How often a component is used, relative to the most usual one of its family."""
        return (self.used[component] + NEVER) / (self.usual[_family(component)] + NEVER)

    def habit(self, component: str) -> float:
        """How usual a component is at all, 0 where no graph has it."""
        return log1p(self.used[component])


def following(graphs: Iterable[Graph]) -> Following:
    """Counts in how many graphs each pair stands, seen through the ports of blocks; a pair counts once a graph."""
    found = Following()
    for graph in graphs:
        flat = flatten(graph)
        nodes = {**flat.nodes, **flat.inner}
        pairs = {
            ((nodes[source].component.id, source_port), (node.component.id, port))
            for node in nodes.values()
            for port, ends in node.inputs.items()
            for source, source_port in ends
            if source in nodes
        }
        found.pairs.update(pairs)
        found.families.update({(_family(source), _family(target)) for (source, _), (target, _) in pairs})
        found.used.update({node.component.id for node in nodes.values()})
    for component, count in found.used.items():
        found.usual[_family(component)] = max(found.usual[_family(component)], count)
    return found


def _family(component: str) -> str:
    known = registry.all_components().get(component)
    return component if known is None else known.family

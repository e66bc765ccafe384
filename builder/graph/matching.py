"""Which node of a graph is which in a later state of it: by name, by component, by what stands around it. Pure data."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from builder.graph.document import plain
from builder.graph.graph import Graph

ROUNDS = 4  # how far around a node its surroundings are looked at


class _Wire(NamedTuple):
    """A wire as one of its nodes sees it."""

    way: str
    port: str
    port_there: str
    node: str


Wires = Mapping[str, list[_Wire]]


def match(before: Graph, after: Graph) -> dict[str, str]:
    """By node of the earlier graph, the same node in the later one.

    First by name and component; then, for what was renamed, by component and surroundings; last by name alone.
    """
    pairs = {n: n for n in before if n in after and before.nodes[n]["component"] == after.nodes[n]["component"]}
    looks, wires = (_looks(before), _looks(after)), (_wires(before), _wires(after))
    _match_alike(looks, wires, pairs)
    _match_nearest((before, after), looks, wires, pairs)
    used = set(pairs.values())
    pairs |= {node: node for node in before if node in after and node not in pairs and node not in used}
    return {node: pairs[node] for node in before if node in pairs}


def _looks(graph: Graph) -> dict[str, str]:
    """What each node is, wherever it stands."""
    return {node: repr((data["component"], _ordered(data["params"]))) for node, data in graph.nodes(data=True)}


def _ordered(params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(plain(dict(params)).items(), key=lambda item: item[0])


def _wires(graph: Graph) -> Wires:
    found: dict[str, list[_Wire]] = {node: [] for node in graph}
    for edge in graph.wires():
        found[edge.source].append(_Wire("to", edge.source_port, edge.target_port, edge.target))
        found[edge.target].append(_Wire("from", edge.target_port, edge.source_port, edge.source))
    return found


def _match_alike(
    looks: tuple[Mapping[str, str], Mapping[str, str]], wires: tuple[Wires, Wires], pairs: dict[str, str]
) -> None:
    """Pairs nodes whose parameters and surroundings are alike, where there is only one such node on each side."""
    known = (pairs, {node: node for node in pairs.values()})
    colours = [
        {node: f"={same[node]}" if node in same else look for node, look in seen.items()}
        for seen, same in zip(looks, known, strict=True)
    ]
    for _ in range(ROUNDS):
        colours = [_refined(seen, colour) for seen, colour in zip(wires, colours, strict=True)]
        names = [_by_value(colour) for colour in colours]
        used = set(pairs.values())
        for look, old in names[0].items():
            new = names[1].get(look, [])
            if len(old) == len(new) == 1 and old[0] not in pairs and new[0] not in used:
                pairs[old[0]] = new[0]


def _refined(wires: Wires, colours: Mapping[str, str]) -> dict[str, str]:
    """The looks of nodes together with those of their neighbours."""

    def refined(node: str, colour: str) -> str:
        around = sorted((*wire[:3], colours[wire.node]) for wire in wires[node])
        return hashlib.sha256(repr((colour, around)).encode()).hexdigest()

    return {node: colour if colour.startswith("=") else refined(node, colour) for node, colour in colours.items()}


def _by_value(colours: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for node, colour in colours.items():
        found[colour].append(node)
    return found


def _match_nearest(
    graphs: tuple[Graph, Graph],
    looks: tuple[Mapping[str, str], Mapping[str, str]],
    wires: tuple[Wires, Wires],
    pairs: dict[str, str],
) -> None:
    """Pairs what is left, of the same component, by the wires that two nodes share with nodes known already; best first."""
    before, after = graphs
    shared: Counter[tuple[str, str]] = Counter()  # of two nodes that are not known yet

    def known(found: Iterable[tuple[str, str]]) -> None:
        """Counts the wires that lead to nodes that are known now."""
        used = set(pairs.values())
        for pair in found:
            ends: dict[tuple[str, ...], set[str]] = defaultdict(set)
            for wire in wires[1][pair[1]]:
                ends[wire[:3]].add(wire.node)
            for wire in set(wires[0][pair[0]]):
                if wire.node not in pairs:
                    component = before.nodes[wire.node]["component"]
                    others = (n for n in ends[wire[:3]] - used if after.nodes[n]["component"] == component)
                    shared.update((wire.node, other) for other in others)

    known(pairs.items())
    while shared:
        _, _, _, _, *best = min(
            (-count, looks[0][a] != looks[1][b], *sorted((a, b)), a, b) for (a, b), count in shared.items()
        )
        a, b = best
        pairs[a] = b
        for pair in [pair for pair in shared if pair[0] == a or pair[1] == b]:
            del shared[pair]
        known([(a, b)])

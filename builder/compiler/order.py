"""The order in which data flow through an unfolded graph, the circles that stop them, and who shares weights."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence, Set

import networkx as nx

from builder.graph import Flat, FlatNode

STOPS_GRADIENT = "stops_gradient"
"""The tag of components behind which no gradient flows."""
READS_SHAPE = "reads_shape"
"""The tag of components that look at nothing of their inputs but the shape."""


def data_order(flat: Flat) -> tuple[list[str], list[list[str]]]:
    """Paths so that sources come first (else as they stand in the file), and the circles, which are left out of it."""
    sources = {
        path: {source for ends in node.inputs.values() for source, _ in ends} for path, node in flat.nodes.items()
    }
    order = _sorted(sources, frozenset())
    if len(order) == len(sources):
        return order, []
    graph = nx.DiGraph([(source, path) for path, before in sources.items() for source in before])
    position = {path: index for index, path in enumerate(flat.nodes)}
    circles = [
        _circle(graph.subgraph(members), position)
        for members in nx.strongly_connected_components(graph)
        if len(members) > 1 or any(graph.has_edge(m, m) for m in members)
    ]
    circles.sort(key=lambda circle: position[circle[0]])
    return _sorted(sources, {path for circle in circles for path in circle}), circles


def _sorted(sources: Mapping[str, Set[str]], without: Set[str]) -> list[str]:
    position = {path: index for index, path in enumerate(sources)}
    waiting = {path: len(before - without) for path, before in sources.items() if path not in without}
    following: dict[str, list[str]] = {}
    for path in waiting:
        for source in sources[path]:
            following.setdefault(source, []).append(path)
    ready = [(position[path], path) for path, count in waiting.items() if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, path = heapq.heappop(ready)
        order.append(path)
        for after in following.get(path, ()):
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, (position[after], after))
    return order


def _circle(members: nx.DiGraph, position: Mapping[str, int]) -> list[str]:
    """The nodes of a strongly connected part: first one way around, then those that lie on other ways."""
    start = min(members, key=position.__getitem__)
    way = [source for source, _ in nx.find_cycle(members, start)]
    return way + sorted(set(members) - set(way), key=position.__getitem__)


# ------------------------------------------------------------------ shared weights

SHARING = ("shared", "average")


def resolve_owner(path: str, name: str, flat: Flat) -> str:
    """The path that a node's setting means: a neighbour in the same block first, else a path from the top."""
    if name.startswith("/"):  # inherited from a block: a path from the top
        return name[1:]
    beside = f"{path.rpartition('/')[0]}/{name}".lstrip("/")
    return beside if flat.find(beside) or flat.mode_of(beside) else name


def sharing(node: FlatNode, flat: Flat, kinds: Sequence[str] = SHARING) -> list[str]:
    """The paths along which a node takes its weights from another, itself first.

    The chain ends where weights are a node's own, where it leads nowhere, or where it comes back to a path it has.
    """
    chain, current = [node.path], node
    while current.settings.get("weights", {}).get("from") in kinds:
        path = resolve_owner(current.path, current.settings["weights"].get("node", ""), flat)
        chain.append(path)
        found = flat.find(path)
        if found is None or path in chain[:-1]:
            break
        current = found
    return chain


def owner_of(node: FlatNode, flat: Flat) -> str | None:
    """The path of the node whose weights this one uses, at the end of a chain of sharing; None for its own."""
    return _end_of(node, flat, ("shared",))


def example_of(node: FlatNode, flat: Flat) -> str | None:
    """The path of the node after whose parameters this one's follow: the owner of its weights, or of their average."""
    return _end_of(node, flat, SHARING)


def _end_of(node: FlatNode, flat: Flat, kinds: Sequence[str]) -> str | None:
    if node.settings.get("weights", {}).get("from") not in kinds:
        return None
    chain = sharing(node, flat, kinds)
    owner = flat.find(chain[-1])
    if owner is None or chain[-1] in chain[:-1] or owner.component.id != node.component.id:
        return None
    return owner.path

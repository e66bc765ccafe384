"""Where the cards of a graph lie: automatic places for all nodes, for some, or for those that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.graph import Graph
from builder.graph.alignment import Box
from builder.graph.layout import Point, layered
from builder.graph.room import make_room
from builder.ui.canvas.cards import Card, cards_of
from builder.ui.catalogue import Catalogue

SETTLING = 6  # rounds


def arrange(graph: Graph, cards: Mapping[str, Card], aspect: float) -> dict[str, Point]:
    """New places for all nodes of the open graph."""
    return _layered(graph, cards, list(graph.nodes), aspect)


def arrange_some(graph: Graph, cards: Mapping[str, Card], nodes: Sequence[str]) -> dict[str, Point]:
    """New places for some nodes, in the shape of the area that they take; others move only where they would be covered."""
    boxes = boxes_of(graph, cards)
    own = [boxes[node] for node in nodes]
    left, top = min(box.x for box in own), min(box.y for box in own)
    width, height = max(b.x + b.width for b in own) - left, max(b.y + b.height for b in own) - top
    chosen = [node for node in graph.nodes if node in nodes]
    found: dict[str, Point] = {}
    for _ in range(SETTLING):  # until the shape that comes out is the shape that was asked for
        before, found = found, _layered(graph, cards, chosen, width / height)
        if found == before:
            break
        width = max(x + cards[node].size[0] for node, (x, _) in found.items())
        height = max(y + cards[node].size[1] for node, (_, y) in found.items())
    placed = {node: (left + x, top + y) for node, (x, y) in found.items()}
    return placed | make_room(boxes | {n: Box(*placed[n], *cards[n].size) for n in placed}, chosen)


def boxes_of(graph: Graph, cards: Mapping[str, Card]) -> dict[str, Box]:
    """Where the nodes lie, with their sizes."""
    places = {node: graph.nodes[node]["position"] or (0.0, 0.0) for node in cards}
    return {node: Box(places[node][0], places[node][1], *card.size) for node, card in cards.items()}


def _layered(graph: Graph, cards: Mapping[str, Card], nodes: Sequence[str], aspect: float) -> dict[str, Point]:
    def anchor(node: str, port: str, output: bool) -> float:
        return cards[node].port_y(port, output)

    sizes = {node: cards[node].size for node in nodes}
    standing = {node: (x, y) for node in nodes for x, y in [graph.nodes[node]["position"] or (0.0, 0.0)]}
    return layered(nodes, graph.wires(), sizes, anchor=anchor, aspect=aspect, standing=standing)


def place_missing(graph: Graph, catalogue: Catalogue, aspect: float = 1.0) -> None:
    """Arranges the graph, and each of its blocks, where nodes have no place yet (as in files written by hand)."""
    for part in (graph, *graph.blocks.values()):
        if any(data["position"] is None for _, data in part.nodes(data=True)):
            cards = cards_of(part, graph.blocks, catalogue, {}, "en")
            for node, (x, y) in arrange(part, cards, aspect).items():
                part.nodes[node]["position"] = [x, y]

"""A small drawing of a graph: nodes at their places in the colours of their families, and the wires between them."""

from __future__ import annotations

from builder.graph import Graph
from builder.ui import drawing, theme
from builder.ui.canvas.arrangement import place_missing
from builder.ui.canvas.cards import Card, cards_of
from builder.ui.catalogue import Catalogue

WIDTH, HEIGHT, MARGIN = 320.0, 150.0, 12.0
MOST_NODES = 400
PAPER = ("#ffffff", "#20242c")


def thumbnail(graph: Graph, catalogue: Catalogue) -> str:
    """The graph as on the canvas, without texts, as HTML. Nodes without a place are laid out (in the graph)."""
    place_missing(graph, catalogue, aspect=WIDTH / HEIGHT)
    cards = dict(list(cards_of(graph, graph.blocks, catalogue, {}, "en").items())[:MOST_NODES])
    return drawing.image(lambda mode: _drawn(graph, cards, mode), "thumb", WIDTH, HEIGHT)


def _drawn(graph: Graph, cards: dict[str, Card], mode: int) -> str:
    if not cards:
        return ""
    places = {node: tuple(map(float, graph.nodes[node]["position"])) for node in cards}
    left, top = min(x for x, _ in places.values()), min(y for _, y in places.values())
    right = max(places[n][0] + cards[n].size[0] for n in cards)
    bottom = max(places[n][1] + cards[n].size[1] for n in cards)
    scale = min((WIDTH - 2 * MARGIN) / (right - left), (HEIGHT - 2 * MARGIN) / (bottom - top), 0.4)
    shift_x, shift_y = (WIDTH - scale * (right - left)) / 2, (HEIGHT - scale * (bottom - top)) / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return round(shift_x + scale * (x - left), 1), round(shift_y + scale * (y - top), 1)

    drawn = []
    for wire in graph.wires():
        if wire.source in cards and wire.target in cards:
            (x0, y0), (x1, y1) = places[wire.source], places[wire.target]
            source, target = cards[wire.source], cards[wire.target]
            x0, y0 = at(x0 + source.size[0], y0 + source.port_y(wire.source_port, True))
            x1, y1 = at(x1, y1 + target.port_y(wire.target_port, False))
            path = _curve(x0, y0, x1, y1)
            colour = theme.accent(source.family)[mode]
            drawn.append(f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='.9' opacity='.6'/>")
    for node, card in cards.items():
        x, y = at(*places[node])
        width, height = round(card.size[0] * scale, 1), round(card.size[1] * scale, 1)
        box, radius, colour = (
            f"x='{x}' y='{y}' height='{height}'",
            round(min(4.0, height / 3), 1),
            theme.accent(card.family)[mode],
        )
        stroke = f"stroke='{colour}' stroke-opacity='.45' stroke-width='.8'"
        drawn.append(f"<rect {box} width='{width}' rx='{radius}' fill='{PAPER[mode]}' {stroke}/>")
        drawn.append(f"<rect {box} width='{round(max(2.0, width * 0.06), 1)}' rx='1' fill='{colour}'/>")
    return "".join(drawn)


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    """A wire; one that goes back to the left turns round the nodes like a line feed."""
    if x1 > x0 - 2:
        bend = max(4.0, min(abs(x1 - x0) / 2, 24.0))
        return f"M{x0} {y0}C{x0 + bend:.1f} {y0} {x1 - bend:.1f} {y1} {x1} {y1}"
    return f"M{x0} {y0}H{x0 + 4:.1f}V{(y0 + y1) / 2:.1f}H{x1 - 4:.1f}V{y1}H{x1}"

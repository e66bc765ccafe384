"""A small drawing of a graph, as SVG: nodes at their places in the colours of their families, and the wires between them."""

from __future__ import annotations

from html import escape

from builder.graph import Graph
from builder.ui import theme
from builder.ui.canvas.view import cards_of, place_missing
from builder.ui.catalogue import Catalogue

WIDTH, HEIGHT, MARGIN = 320.0, 150.0, 10.0
MOST_NODES = 400


def thumbnail(graph: Graph, catalogue: Catalogue) -> str:
    """The drawing, about as it looks on the canvas, without texts. Nodes without a place are laid out first (in the graph)."""
    place_missing(graph, catalogue, aspect=WIDTH / HEIGHT)
    cards = dict(list(cards_of(graph, graph.blocks, catalogue, {}, "en").items())[:MOST_NODES])
    if not cards:
        return _svg("")
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
            source, target = cards[wire.source], cards[wire.target]
            x0, y0 = at(
                places[wire.source][0] + source.size[0], places[wire.source][1] + source.port_y(wire.source_port, True)
            )
            x1, y1 = at(places[wire.target][0], places[wire.target][1] + target.port_y(wire.target_port, False))
            bend = round(max(6.0, abs(x1 - x0) / 2), 1)
            path = f"M{x0} {y0}C{x0 + bend:g} {y0} {x1 - bend:g} {y1} {x1} {y1}"
            drawn.append(f'<path class="{escape(theme.slug(source.family))}" d="{path}"/>')
    for node, card in cards.items():
        x, y = at(*places[node])
        width, height = round(card.size[0] * scale, 1), round(card.size[1] * scale, 1)
        radius = round(min(4.0, height / 3), 1)
        drawn.append(
            f'<g class="{escape(theme.slug(card.family))}"><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>'
            f'<rect class="edge" x="{x}" y="{y}" width="{round(max(2.0, width * 0.06), 1)}" height="{height}" rx="1"/></g>'
        )
    return _svg("".join(drawn))


def _svg(inside: str) -> str:
    return f'<svg class="thumb" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="xMidYMid meet" aria-hidden="true">{inside}</svg>'

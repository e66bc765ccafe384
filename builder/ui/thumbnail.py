"""A small drawing of a graph: nodes at their places in the colours of their families, and the wires between them."""

from __future__ import annotations

from collections.abc import Iterator

from builder.graph import Graph
from builder.graph.alignment import Box
from builder.graph.layout import Point
from builder.graph.routing import Wire, curve, routed
from builder.ui import drawing, theme
from builder.ui.canvas.arrangement import boxes_of, place_missing
from builder.ui.canvas.cards import Card, cards_of
from builder.ui.catalogue import Catalogue

WIDTH, HEIGHT, MARGIN = 320.0, 150.0, 12.0
MOST_NODES = 400
PAPER = ("#ffffff", "#20242c")


def thumbnail(graph: Graph, catalogue: Catalogue) -> str:
    """The graph as on the canvas, without texts, as HTML. Nodes without a place are laid out (in the graph)."""
    place_missing(graph, catalogue, aspect=WIDTH / HEIGHT)
    cards = dict(list(cards_of(graph, graph.blocks, catalogue, {}, "en").items())[:MOST_NODES])
    boxes = boxes_of(graph, cards)
    wires = list(_wires(graph, cards, boxes))
    return drawing.image(lambda mode: _drawn(cards, boxes, wires, mode), "thumb", WIDTH, HEIGHT)


def _drawn(cards: dict[str, Card], boxes: dict[str, Box], wires: list[tuple[str, list[Point]]], mode: int) -> str:
    if not cards:
        return ""
    left, top = min(box.x for box in boxes.values()), min(box.y for box in boxes.values())
    right, bottom = max(box.x + box.width for box in boxes.values()), max(box.y + box.height for box in boxes.values())
    scale = min((WIDTH - 2 * MARGIN) / (right - left), (HEIGHT - 2 * MARGIN) / (bottom - top), 0.4)
    shift_x, shift_y = (WIDTH - scale * (right - left)) / 2, (HEIGHT - scale * (bottom - top)) / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return round(shift_x + scale * (x - left), 1), round(shift_y + scale * (y - top), 1)

    drawn = []
    for source, way in wires:
        (x, y), *more = (at(*point) for point in way)
        path = f"M{x} {y}" + "".join(f"L{x} {y}" for x, y in more)
        colour = theme.accent(cards[source].family)[mode]
        drawn.append(f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='.9' opacity='.6'/>")
    for node, card in cards.items():
        x, y = at(boxes[node].x, boxes[node].y)
        width, height = round(boxes[node].width * scale, 1), round(boxes[node].height * scale, 1)
        box, radius, colour = (
            f"x='{x}' y='{y}' height='{height}'",
            round(min(4.0, height / 3), 1),
            theme.accent(card.family)[mode],
        )
        stroke = f"stroke='{colour}' stroke-opacity='.45' stroke-width='.8'"
        drawn.append(f"<rect {box} width='{width}' rx='{radius}' fill='{PAPER[mode]}' {stroke}/>")
        drawn.append(f"<rect {box} width='{round(max(2.0, width * 0.06), 1)}' rx='1' fill='{colour}'/>")
    return "".join(drawn)


def _wires(graph: Graph, cards: dict[str, Card], boxes: dict[str, Box]) -> Iterator[tuple[str, list[Point]]]:
    """By its source, the way of each wire, round the cards as on the canvas."""
    wires = []
    for wire in graph.wires():
        if wire.source in boxes and wire.target in boxes:
            source, target = boxes[wire.source], boxes[wire.target]
            start = (source.x + source.width, source.y + cards[wire.source].port_y(wire.source_port, True))
            end = (target.x, target.y + cards[wire.target].port_y(wire.target_port, False))
            wires.append(Wire(wire.source, wire.target, start, end))
    ways = routed(boxes, wires)
    for number, wire in enumerate(wires):
        yield wire.source, ways.get(number) or curve(wire.start, wire.end)

"""The part of the graph that is on the canvas as React Flow draws it, with its expanded blocks as frames around their nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph
from builder.graph.alignment import Box
from builder.graph.layout import Point, Size
from builder.ui import expansion
from builder.ui.canvas.arrangement import boxes_of
from builder.ui.canvas.cards import Card, cards_of, training_of
from builder.ui.canvas.spoken import name_elements
from builder.ui.canvas.view import OVERHANG, PIN_H, PIN_W, Element, elements
from builder.ui.catalogue import Catalogue
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.expansion import GUTTER_IN, GUTTER_OUT, LANES, MARGIN, NOWHERE, Frame, Way
from builder.ui.facts import facts_of

PINS = {PORT_IN: "y", PORT_OUT: "x"}
LEAST = 200.0  # the least width of a frame's inside
ISSUE = 44.0  # room for a message below a card
LEVEL = 2_002  # of z-indices: React Flow lifts a selected node by 1,000


@dataclass
class Drawn:
    """A part of the graph: its elements, how far its cards reach, and the pins at which its ports hang on the frame."""

    nodes: list[Element]
    edges: list[Element]
    reach: Size
    ports: dict[str, Element]


def drawn(desk: Desk, catalogue: Catalogue, known: Checked, language: str) -> tuple[list[Element], list[Element]]:
    """The nodes and edges of the canvas. An id within an expanded block begins with the way there: ``use/node``."""
    drawing = _Drawing(desk, catalogue, known, language)
    found = drawing.part(desk.shown)
    drawing.note_boxes()
    return found.nodes, found.edges


class _Drawing:
    def __init__(self, desk: Desk, catalogue: Catalogue, known: Checked, language: str) -> None:
        self.desk, self.catalogue, self.known, self.language = desk, catalogue, known, language
        self.frames: dict[Way, tuple[Point, Size]] = {}  # where each frame lies in the part around it, and its size

    def part(self, way: Way, around: Frame | None = None) -> Drawn:
        """The elements of a part and of all that is expanded in it; ``around`` is the frame that it lies in."""
        graph = self.desk.part(way)
        frames = self._frames(graph, way)
        cards = self._cards(graph, way, frames)
        sizes = {node: card.size for node, card in cards.items()}
        boxes = boxes_of(graph, cards)
        inner: dict[str, Drawn] = {}
        for use, frame in frames.items():
            frame.inside = (GUTTER_IN + LANES, cards[use].header)
            inner[use] = self.part((*way, use), frame)
            width, height = sizes[use]
            right, bottom = inner[use].reach
            sizes[use] = (max(GUTTER_IN + LANES + LEAST, right) + LANES + GUTTER_OUT, max(height, bottom + MARGIN))
            frame.grown = (sizes[use][0] - width, sizes[use][1] - height)
            frame.look(boxes, use)
        hidden = [n for n in graph if around and graph.nodes[n]["component"] in (PORT_IN, PORT_OUT)]
        if around and around.origin is None:
            corners = [boxes[node][:2] for node in graph if node not in hidden] or [(0.0, 0.0)]
            around.origin = (min(x for x, _ in corners), min(y for _, y in corners))
        places = {node: self._place(way, node, boxes[node], around) for node in graph}
        self.frames |= {(*way, use): (places[use], sizes[use]) for use in frames}
        found = self._elements(graph, cards, way, places, sizes)
        ports = self._take_out(found, graph, way, hidden)
        for use, part in inner.items():
            for port, pin in part.ports.items():
                output = port in {p.name for p in cards[use].outputs}
                x = sizes[use][0] - GUTTER_OUT if output else GUTTER_IN - PIN_W
                pin |= {"pos": (x, cards[use].port_y(port, output) - PIN_H / 2), "parentNode": self._id(way, use)}
            found.nodes += part.nodes
            found.edges += part.edges
        reached = [
            (places[n][0] + sizes[n][0], places[n][1] + sizes[n][1] + (ISSUE if cards[n].error else 0))
            for n in graph
            if n not in hidden
        ]
        found.reach = max((x for x, _ in reached), default=0.0), max((y for _, y in reached), default=0.0)
        found.ports = ports
        return found

    def _take_out(self, found: Drawn, graph: Graph, way: Way, hidden: Sequence[str]) -> dict[str, Element]:
        """Takes the cards of a block's ports out of what is drawn; their pins, which the frame around gets.

        A pin that only a wire of the file names goes too, with its wires: it has no card to hang on.
        """
        pins = {node: f"{self._id(way, node)}.{PINS[graph.nodes[node]['component']]}" for node in hidden}
        cards = {self._id(way, node) for node in hidden}
        gone = {e["id"] for e in found.nodes if e["id"] in cards or e.get("parentNode") in cards} - set(pins.values())
        ports = {node: next(e for e in found.nodes if e["id"] == pin) for node, pin in pins.items()}
        found.nodes = [e for e in found.nodes if e["id"] not in gone]
        found.edges = [e for e in found.edges if not {e["source"], e["target"]} & gone]
        return ports

    def note_boxes(self) -> None:
        """Tells each frame where on the canvas it has been drawn; those that are not drawn lie nowhere."""
        for way, frame in self.desk.expanded.items():
            if way not in self.frames:
                frame.box = NOWHERE
                continue
            chain = [self.frames[way[:depth]][0] for depth in range(len(self.desk.shown) + 1, len(way) + 1)]
            frame.box = Box(sum(x for x, _ in chain), sum(y for _, y in chain), *self.frames[way][1])

    def _id(self, way: Way, node: str) -> str:
        return "/".join((*way[len(self.desk.shown) :], node))

    def _frames(self, graph: Graph, way: Way) -> dict[str, Frame]:
        """The uses of blocks in a part that are expanded."""
        return {
            node: self.desk.expanded[*way, node]
            for node, data in graph.nodes(data=True)
            if (*way, node) in self.desk.expanded
            and data["component"].startswith(BLOCK_PREFIX)
            and data["component"].removeprefix(BLOCK_PREFIX) in self.desk.blocks
        }

    def _cards(self, graph: Graph, way: Way, frames: Mapping[str, Frame]) -> dict[str, Card]:
        desk, known = self.desk, self.known
        if way == desk.scope:
            facts = known.facts
        else:
            facts = facts_of(known.report, desk.graph, way) if known.report else {}
        training = training_of(known.turns, desk.graph, way) if desk.shows_training else None
        cards = cards_of(graph, desk.blocks, self.catalogue, facts, self.language, training)
        return {node: replace(card, expanded=node in frames) for node, card in cards.items()}

    def _place(self, way: Way, node: str, box: Box, around: Frame | None) -> Point:
        base = around.base if around else (0.0, 0.0)
        x, y = expansion.shift(self.desk.expanded, way, node)
        return base[0] + box.x + x, base[1] + box.y + y

    def _elements(
        self,
        graph: Graph,
        cards: Mapping[str, Card],
        way: Way,
        places: Mapping[str, Point],
        sizes: Mapping[str, Size],
    ) -> Drawn:
        """The elements of a part itself, under their ids on the canvas and at their places."""
        edited = self.desk.scope == way
        selection, wires = (self.desk.selection, self.desk.wires) if edited else ((), ())
        nodes, edges = elements(graph, cards, selection, wires, self.language)
        name_elements(nodes, edges, cards, self.language)
        level = len(way) - len(self.desk.shown)
        frame = {"parentNode": self._id(way[:-1], way[-1])} if level else {}
        placed: list[Element] = []
        for element in nodes:
            node, _, port = element["id"].partition(".")
            if port:
                own: Element = {"parentNode": self._id(way, node)}
                if cards[node].expanded and element["like"] == "out":
                    own["pos"] = (sizes[node][0] - PIN_W + OVERHANG, element["pos"][1])
            else:
                own = {"pos": places[node], "zIndex": LEVEL * level, **frame}
                if cards[node].expanded:
                    width, height = sizes[node]
                    own |= {
                        "className": f"{element['className']} is-expanded",
                        "width": width,
                        "height": height,
                    }
            placed.append({**element, "id": self._id(way, element["id"]), **own})
        if level:
            edges = [self._inner_edge(edge, way, LEVEL * level - 1) for edge in edges]
        return Drawn(placed, edges, (0.0, 0.0), {})

    def _inner_edge(self, edge: Element, way: Way, z: int) -> Element:
        source, target = self._id(way, edge["source"]), self._id(way, edge["target"])
        return {**edge, "id": f"{source}->{target}", "source": source, "target": target, "zIndex": z}

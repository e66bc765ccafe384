"""The ways of wires on the canvas: no wire of a gallery graph passes behind a card, inside of expanded blocks as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph import Graph, load
from builder.graph.alignment import Box
from builder.graph.routing import Wire, crossed
from builder.ui.canvas import arrangement, view
from builder.ui.canvas.cards import cards_of
from builder.ui.canvas.view import PIN_H, PIN_W, Element
from builder.ui.canvas.ways import ways_of
from builder.ui.catalogue import Catalogue


def elements(part: Graph, whole: Graph, catalogue: Catalogue) -> tuple[list[Element], list[Element]]:
    return view.elements(part, cards_of(part, whole.blocks, catalogue, {}, "en"), (), (), "en")


def behind(nodes: list[Element], edges: list[Element]) -> dict[str, list[str]]:
    """The wires that pass behind cards, with these."""
    by_id = {node["id"]: node for node in nodes}
    boxes = {
        id: Box(node["pos"][0], node["pos"][1], node["width"], node["height"])
        for id, node in by_id.items()
        if "." not in id
    }
    ways, found = ways_of(nodes, edges), {}
    for edge in edges:
        (left, top), (right, bottom) = (
            (boxes[node["parentNode"]].x + node["pos"][0], boxes[node["parentNode"]].y + node["pos"][1] + PIN_H / 2)
            for node in (by_id[edge["source"]], by_id[edge["target"]])
        )
        source, target = edge["source"].split(".")[0], edge["target"].split(".")[0]
        wire = Wire(source, target, (left + PIN_W, top), (right, bottom))
        way = ways.get(edge["id"])
        if way:
            assert way[0] == pytest.approx(wire.start, abs=0.1)
            assert way[-1] == pytest.approx(wire.end, abs=0.1)
        found[edge["id"]] = crossed(boxes, wire, way)
    return {id: names for id, names in found.items() if names}


@pytest.mark.parametrize("path", sorted(Path("graphs").glob("*.json")), ids=lambda path: path.stem)
def test_no_wire_of_the_gallery_passes_behind_a_card(path: Path, catalogue: Catalogue) -> None:
    graph = load(path)
    arrangement.place_missing(graph, catalogue)
    for name, part in {"": graph, **graph.blocks}.items():
        assert behind(*elements(part, graph, catalogue)) == {}, name


def test_wires_within_a_frame_go_round_its_own_cards(catalogue: Catalogue) -> None:
    graph = load("graphs/resnet_small.json")
    arrangement.place_missing(graph, catalogue)
    nodes, edges = elements(graph.blocks["residual"], graph, catalogue)
    alone = ways_of(nodes, edges)
    frame: Element = {"id": "use", "pos": (500.0, 300.0), "width": 2000, "height": 2000}
    inner = [
        {**n, "id": f"use/{n['id']}", "parentNode": f"use/{n['parentNode']}" if "parentNode" in n else "use"}
        for n in nodes
    ]
    within = [{**e, **{key: f"use/{e[key]}" for key in ("source", "target")}} for e in edges]
    moved = ways_of([frame, *inner], within)
    assert alone
    assert moved == {id: [(x + 500, y + 300) for x, y in way] for id, way in alone.items()}

"""What a screen reader says of the canvas."""

from __future__ import annotations

import pytest

from builder.compiler import check
from builder.graph import Edge, Graph
from builder.ui.canvas import spoken, view
from builder.ui.canvas.cards import cards_of
from builder.ui.catalogue import Catalogue
from builder.ui.facts import facts_of
from builder.ui.text import TEXTS
from tests.ui.conftest import chain


def names(graph: Graph, catalogue: Catalogue, language: str = "en") -> dict[str, str]:
    cards = cards_of(graph, graph.blocks, catalogue, facts_of(check(graph), graph, ()), language)
    nodes, edges = view.elements(graph, cards, (), (), language)
    spoken.name_elements(nodes, edges, cards, language)
    return {element["id"]: element["ariaLabel"] for element in (*nodes, *edges)}


def test_nodes_ports_and_wires_have_names(catalogue: Catalogue) -> None:
    said = names(chain(), catalogue)
    assert said["fc"].startswith("fc, Linear")
    assert said["fc"].endswith("×5")
    assert said["fc.x"] == "input x of fc, from data.x"
    assert said["fc.y"] == "output y of fc, to act.x"
    assert said["act.y"] == "output y of act, not connected"
    assert said["data.x->fc.x"] == "wire from data.x to fc.x"


def test_a_problem_is_said(catalogue: Catalogue) -> None:
    graph = chain()
    graph.unwire(Edge("data", "x", "fc", "x"))
    said = names(graph, catalogue, "zh")
    assert "问题：" in said["fc"]
    assert said["fc.x"] == "fc 的输入 x，未连接"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_parts_of_the_page_have_names_of_their_own(language: str) -> None:
    places = spoken.places(language)
    assert len({place["name"] for place in places}) == len(places)
    assert "spoken_help" in TEXTS

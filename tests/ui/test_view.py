"""What the canvas draws for a graph."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from builder.compiler import check
from builder.graph import Edge, Graph
from builder.ui.canvas import arrangement, view
from builder.ui.canvas.cards import BOTTOM, GAP, LINE, MODE_MARKS, NAME, ROW, TOP, WIDTH, Card, cards_of
from builder.ui.catalogue import Catalogue
from builder.ui.facts import facts_of
from tests.ui.conftest import chain


def drawn(graph: Graph, catalogue: Catalogue, language: str = "en") -> dict[str, Card]:
    return cards_of(graph, graph.blocks, catalogue, facts_of(check(graph), graph, ()), language)


def test_a_card_shows_name_shape_and_parameters(catalogue: Catalogue) -> None:
    graph = chain()
    html = view.html_of(drawn(graph, catalogue)["fc"], "en")
    assert ">fc<" in html
    assert "Linear" in html
    assert "(B,5)" in html or "(N,5)" in html
    assert ">25<" in html  # 4 * 5 weights and 5 biases
    assert "Output features 5" in html


def test_a_card_speaks_chinese(catalogue: Catalogue) -> None:
    card = drawn(chain(), catalogue, "zh")["fc"]
    assert card.label == "全连接层"
    assert card.detail == "输出特征数 5"


def test_every_port_has_a_pin_that_lies_on_the_edge_of_its_card(catalogue: Catalogue) -> None:
    graph = chain()
    nodes, edges = view.elements(graph, drawn(graph, catalogue), (), (), "en")
    by_id = {node["id"]: node for node in nodes}
    assert {"fc", "fc.x", "fc.y"} <= set(by_id)
    assert by_id["fc.x"]["parentNode"] == "fc"
    assert by_id["fc.x"]["pos"][0] == -view.OVERHANG
    assert by_id["fc.y"]["pos"][0] + view.PIN_W == WIDTH + view.OVERHANG
    assert (by_id["fc.x"]["like"], by_id["fc.y"]["like"]) == ("in", "out")
    assert by_id["fc"]["height"] == TOP + NAME + 2 * LINE + GAP + ROW + BOTTOM
    assert [e["id"] for e in edges] == ["data.x->fc.x", "fc.y->act.x"]
    parents = [node["id"] for node in nodes]
    assert all(parents.index(n["parentNode"]) < parents.index(n["id"]) for n in nodes if "parentNode" in n)


def test_an_element_says_only_what_is_its_own(catalogue: Catalogue) -> None:
    graph = chain()
    nodes, edges = view.elements(graph, drawn(graph, catalogue), (), (), "en")
    for element in (*nodes, *edges):
        common = view.KINDS[element["like"]]
        assert [key for key in element if key in common and element[key] == common[key]] == []


def test_a_card_is_drawn_anew_where_it_says_something_else(catalogue: Catalogue) -> None:
    card = drawn(chain(), catalogue)["fc"]
    other = replace(card, shapes={})
    assert hash(other) == hash(card)
    assert "code" in view.html_of(card, "en")
    assert "code" not in view.html_of(other, "en")


def test_whoever_gets_elements_may_change_them(catalogue: Catalogue) -> None:
    graph = chain()
    cards = drawn(graph, catalogue)
    for element in view.elements(graph, cards, (), (), "en")[0]:
        element["ariaLabel"] = "named"
    assert not any("ariaLabel" in element for element in view.elements(graph, cards, (), (), "en")[0])


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize(
    "evil", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "a\n\n<b>", "`x` $y$ **z**"]
)
def test_texts_of_files_are_escaped(catalogue: Catalogue, evil: str) -> None:
    graph = chain()
    graph.nodes["fc"]["settings"]["name"] = evil
    graph.nodes["fc"]["params"][evil] = evil
    graph.nodes["act"]["component"] = "no_such_thing"
    for card in drawn(graph, catalogue).values():
        html = view.html_of(card, "en")
        assert "\n" not in html
        tags = Tags()
        tags.feed(html)
        assert set(tags.tags) <= {"div", "span", "code"}


def test_an_unknown_component_keeps_its_wires(catalogue: Catalogue) -> None:
    graph = chain()
    graph.nodes["fc"]["component"] = "from_the_future"
    card = drawn(graph, catalogue)["fc"]
    assert card.unknown
    assert card.error
    assert [p.name for p in card.inputs] == ["x"]
    assert [p.name for p in card.outputs] == ["y"]
    nodes, _ = view.elements(graph, {**drawn(graph, catalogue)}, (), (), "en")
    assert "missing" in next(n for n in nodes if n["id"] == "fc.x")["className"]


def test_errors_stand_at_the_node_and_its_port(catalogue: Catalogue) -> None:
    graph = chain()
    graph.nodes["fc"]["params"]["in_features"] = 99
    card = drawn(graph, catalogue)["fc"]
    assert "99" in card.error
    nodes, _ = view.elements(graph, drawn(graph, catalogue), (), (), "en")
    assert "is-error" in next(n for n in nodes if n["id"] == "fc")["className"]


@pytest.mark.parametrize(("mode", "wire"), [("mute", "silent"), ("bypass", "passing")])
def test_a_node_that_does_not_act_is_drawn_so(mode: str, wire: str, catalogue: Catalogue) -> None:
    graph = chain()
    graph.nodes["act"]["settings"]["mode"] = mode
    cards = drawn(graph, catalogue)
    assert [mark for mark, _ in cards["act"].badges] == [MODE_MARKS[mode]]
    nodes, edges = view.elements(graph, cards, (), (), "en")
    classes = {n["id"]: n["className"].split() for n in nodes}
    assert {"is-silent", f"is-{mode}"} <= set(classes["act"])
    assert "silent" in classes["act.x"]
    assert "is-silent" not in classes["fc"]
    assert [wire in e["className"].split() for e in edges] == [False, True]


def test_an_open_port_is_a_hint_and_no_error(catalogue: Catalogue) -> None:
    graph = chain()
    graph.unwire(Edge("data", "x", "fc", "x"))
    card = drawn(graph, catalogue)["fc"]
    assert card.error == ""
    assert "not connected" in card.waiting


def test_wires_into_a_variadic_port_carry_their_order(catalogue: Catalogue) -> None:
    graph = chain()
    graph.place("cat", "op_concat", position=(900, 0))
    graph.wire(Edge("act", "y", "cat", "xs"))
    graph.wire(Edge("fc", "y", "cat", "xs"))
    _, edges = view.elements(graph, drawn(graph, catalogue), (), (), "en")
    labels = {e["id"]: e.get("label") for e in edges}
    assert labels["act.y->cat.xs"] == "1"
    assert labels["fc.y->cat.xs"] == "2"
    assert labels["fc.y->act.x"] is None


def test_a_wire_back_to_the_left_turns_round(catalogue: Catalogue) -> None:
    graph = chain()
    graph.nodes["act"]["position"] = [0, 300]
    _, edges = view.elements(graph, drawn(graph, catalogue), (), (), "en")
    assert {e["id"]: e.get("type") for e in edges} == {"data.x->fc.x": None, "fc.y->act.x": "smoothstep"}


def test_a_counting_parameter_decides_the_ports(catalogue: Catalogue) -> None:
    entry = next(e for e in catalogue.values() if e.numbered)
    prefix, counter, default = entry.numbered or ("", "", 0)
    assert [p.name for p in entry.outputs_for({})] == [f"{prefix}{i}" for i in range(1, default + 1)]
    assert len(entry.outputs_for({counter: [1, 2, 3, 4]})) == 4
    assert entry.outputs_for({counter: "nonsense"}) == entry.outputs
    assert entry.outputs_for({counter: 10**9}) == entry.outputs


def test_missing_places_are_found(catalogue: Catalogue, nested: Graph) -> None:
    for part in (nested, nested.blocks["pair"]):
        for node in part:
            part.nodes[node]["position"] = None
    arrangement.place_missing(nested, catalogue)
    assert all(d["position"] for part in (nested, nested.blocks["pair"]) for _, d in part.nodes(data=True))


def test_given_places_stay(catalogue: Catalogue) -> None:
    graph = chain()
    arrangement.place_missing(graph, catalogue)
    assert graph.nodes["act"]["position"] == [600, 0]


def test_badges_of_settings(catalogue: Catalogue, nested: Graph) -> None:
    nested.place("fc", "linear", settings={"frozen": True, "weights": {"from": "shared", "node": "other"}})
    cards = drawn(nested, catalogue)
    assert cards["many"].badges == (("×3", "Repeated 3 times"),)
    assert [mark for mark, _ in cards["fc"].badges] == ["❄", "⚭"]

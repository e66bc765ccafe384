"""Blocks drawn open on the canvas: what is drawn where, and that positions in the graph stay what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.graph import Edge, Graph, load, to_document
from builder.graph.alignment import Box
from builder.graph.room import covers
from builder.graph.routing import Wire, crossed
from builder.ui import expansion, reactions
from builder.ui.canvas import events
from builder.ui.canvas.arrangement import place_missing
from builder.ui.canvas.cards import WIDTH
from builder.ui.canvas.expanded import drawn
from builder.ui.canvas.ways import ways_of
from builder.ui.catalogue import Catalogue
from builder.ui.checking import Checked
from builder.ui.clipboard import HEIGHT
from builder.ui.desk import Desk
from builder.ui.session import read_desk


def draw(desk: Desk, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """The nodes on the canvas by id."""
    nodes, _ = drawn(desk, catalogue, Checked(), "en")
    return {node["id"]: node for node in nodes}


def places(elements: dict[str, dict[str, Any]]) -> dict[str, tuple[float, float]]:
    return {id: element["pos"] for id, element in elements.items() if "." not in id}


def send(desk: Desk, type: str, **values: Any) -> None:
    batch = events.parse({"client": "abcd", "events": [{"seq": 1, "type": type, **values}]})
    assert not batch.bad, values
    for event in batch.events:
        reactions.handle(desk, event)


@pytest.fixture
def two(nested: Graph) -> Desk:
    nested.place("under", "act_relu", position=(300, 400))
    return Desk(nested)


def test_an_expanded_block_shows_its_nodes_and_the_others_make_room(two: Desk, catalogue: Catalogue) -> None:
    before, document = draw(two, catalogue), to_document(two.graph)
    send(two, "expand", node="one")
    after = draw(two, catalogue)
    assert {"one/fc", "one/act"} <= after.keys()
    assert not {"one/x", "one/y"} & after.keys()  # the ports are pins of the frame
    assert after["one/x.y"]["parentNode"] == after["one/fc"]["parentNode"] == "one"
    wider = after["one"]["width"] - before["one"]["width"]
    higher = after["one"]["height"] - before["one"]["height"]
    assert wider > 0
    assert higher > 0
    moved = places(after)
    assert moved["one"] == before["one"]["pos"]
    assert moved["data"] == before["data"]["pos"]
    assert moved["many"] == (before["many"]["pos"][0] + wider, before["many"]["pos"][1])
    assert moved["under"] == (before["under"]["pos"][0], before["under"]["pos"][1] + higher)
    assert to_document(two.graph) == document
    assert not two.history.can_undo
    send(two, "expand", node="one")
    assert places(draw(two, catalogue)) == places(before)


def test_wires_inside_begin_and_end_at_the_ports_of_the_frame(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",)])
    nodes, edges = drawn(two, catalogue, Checked(), "en")
    ids = {edge["id"] for edge in edges}
    assert {"one/x.y->one/fc.x", "one/fc.y->one/act.x", "one/act.y->one/y.x", "data.x->one.x", "one.y->many.x"} == ids
    known = {node["id"] for node in nodes}
    assert all(edge["source"] in known and edge["target"] in known for edge in edges)


def test_wires_to_the_ports_of_a_frame_go_round_its_cards(catalogue: Catalogue) -> None:
    desk = Desk(load("graphs/resnet_small.json"))
    place_missing(desk.graph, catalogue)
    desk.toggle([("res2",)])
    nodes, edges = drawn(desk, catalogue, Checked(), "en")
    by_id = {node["id"]: node for node in nodes}
    frame = by_id["res2"]["pos"]
    boxes = {
        id: Box(frame[0] + node["pos"][0], frame[1] + node["pos"][1], node["width"], node["height"])
        for id, node in by_id.items()
        if id.startswith("res2/") and "." not in id
    }
    way = ways_of(nodes, edges)["res2/relu2.y->res2/y.x"]
    assert crossed(boxes, Wire("res2/relu2", "res2/y", way[0], way[-1]), way) == []
    right = max(box.x + box.width for box in boxes.values())
    assert max(x for x, _ in way[1:-1]) > right, "it rises beside the cards"


def test_a_wire_of_a_file_to_no_pin_of_a_port_does_not_stop_the_drawing(two: Desk, catalogue: Catalogue) -> None:
    two.blocks["pair"].wire(Edge("fc", "y", "x", "nothing"))
    two.toggle([("one",)])
    nodes, edges = drawn(two, catalogue, Checked(), "en")
    known = {node["id"] for node in nodes}
    assert {"one/x.y", "one/y.x"} <= known
    assert all(node.get("parentNode", "one") in known for node in nodes)
    assert all(edge["source"] in known and edge["target"] in known for edge in edges)


def test_what_is_dragged_stays_where_it_was_put(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",)])
    draw(two, catalogue)
    send(two, "move", positions={"one/act": (240.0, 220.0)})
    assert places(draw(two, catalogue))["one/act"] == (240.0, 220.0)
    put = {"many": (1500.0, -40.0), "data": (2000.0, 900.0)}
    send(two, "move", positions=put)
    after = places(draw(two, catalogue))
    assert {id: after[id] for id in put} == put
    assert two.history.cursor == 2
    stored = {n: d["position"] for n, d in two.graph.nodes(data=True)}
    grown = two.expanded["one",].grown
    assert stored["many"] == [1500.0 - grown[0], -40.0]
    assert stored["data"] == [2000.0, 900.0]
    two.undo()
    assert two.graph.nodes["many"]["position"] == [600, 0]


def test_a_card_dropped_in_a_frame_becomes_part_of_the_block(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",)])
    x, y = (draw(two, catalogue)["one"]["pos"][axis] + (120, 160)[axis] for axis in (0, 1))
    send(two, "add", component="act_gelu", x=x, y=y)
    (new,) = two.selection
    assert new in two.blocks["pair"]
    assert places(draw(two, catalogue))[f"one/{new}"] == (120.0, 160.0)
    after = draw(two, catalogue)
    x, y = after["one"]["pos"][0] + after["one"]["width"] + 50, 10.0
    send(two, "add", component="act_gelu", x=x, y=y)
    (new,) = two.selection
    assert new in two.graph
    assert places(draw(two, catalogue))[new] == (x, y)


@pytest.mark.parametrize("lower", [False, True])
def test_what_is_pasted_beside_a_frame_lies_where_it_was_asked_for(
    two: Desk, catalogue: Catalogue, lower: bool
) -> None:
    two.toggle([("one",)])
    frame = draw(two, catalogue)["one"]
    x, y = frame["pos"][0] + frame["width"] + 400.0, frame["pos"][1] + lower * (frame["height"] - 20.0)
    send(two, "select", nodes=["data"], edges=[])
    send(two, "command", name="copy")
    send(two, "paste", text=None, at=[x, y])
    (new,) = two.selection
    wanted = (x - WIDTH / 2, y - HEIGHT / 2)
    assert places(draw(two, catalogue))[new] == pytest.approx(wanted, abs=0.1)


def test_a_selected_inner_node_is_edited_in_the_block(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",), ("many",)])
    send(two, "select", nodes=["many/fc"], edges=[])
    assert (two.shown, two.within, two.selection) == ((), ("many",), ("fc",))
    assert two.open_graph is two.blocks["pair"]
    selected = {id for id, element in draw(two, catalogue).items() if element.get("selected")}
    assert selected == {"many/fc"}
    send(two, "connect", source="many/fc.y", target="many/y.x")
    assert Edge("fc", "y", "y", "x") in set(two.blocks["pair"].wires())
    send(two, "select", nodes=["one", "one/fc"], edges=[])
    assert (two.within, two.selection) == ((), ("one",))
    send(two, "select", nodes=[], edges=["one/x.y->one/fc.x"])
    assert (two.within, two.wires) == (("one",), (Edge("x", "y", "fc", "x"),))
    send(two, "escape")
    assert two.within == two.wires == ()


@pytest.mark.parametrize("source", ["one/fc.y", "nowhere/fc.y"])
def test_a_wire_across_a_border_is_refused(two: Desk, source: str) -> None:
    two.toggle([("one",)])
    before = to_document(two.graph)
    send(two, "connect", source=source, target="many.x")
    assert to_document(two.graph) == before
    assert two.notices[-1].kind == "error"


@pytest.mark.parametrize("path", ["one//fc", "/one", "one/", "../one", "one/fc.y", "one/<b>", "/".join("a" * 40)])
def test_paths_that_lead_nowhere_are_not_read(path: str) -> None:
    batch = events.parse({"client": "abcd", "events": [{"seq": 1, "type": "expand", "node": path}]})
    assert (batch.events, batch.bad) == ([], 1)


def test_what_was_selected_inside_leaves_with_the_collapse(two: Desk) -> None:
    two.toggle([("one",)])
    send(two, "select", nodes=["one/fc"], edges=[])
    two.toggle([("one",)])
    assert (two.scope, two.selection) == ((), ("one",))


def test_blocks_in_blocks_expand_too(nested: Graph, catalogue: Catalogue) -> None:
    outer = Graph()
    outer.place("deep", "block:pair", position=(0, 0))
    outer.place("beside", "act_relu", position=(300, 0))
    nested.blocks["outer"] = outer
    nested.place("top", "block:outer", position=(0, 300))
    desk = Desk(nested)
    desk.toggle([("top",), ("top", "deep")])
    found = draw(desk, catalogue)
    assert found["top/deep/fc"]["parentNode"] == "top/deep"
    assert found["top/deep"]["parentNode"] == "top"
    deep, beside, top = found["top/deep"], found["top/beside"], found["top"]
    assert beside["pos"][0] >= deep["pos"][0] + deep["width"]
    assert top["width"] >= beside["pos"][0] + beside["width"]
    send(desk, "select", nodes=["top/deep/fc"], edges=[])
    assert desk.scope == ("top", "deep")
    desk.show(("top", "deep", "act"))
    assert (desk.shown, desk.within, desk.selection) == ((), ("top", "deep"), ("act",))
    assert desk.canvas_id("act") == "top/deep/act"


def test_what_is_expanded_outlives_the_process(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",)])
    send(two, "select", nodes=["one/fc"], edges=[])
    again = read_desk("abcdefgh1234", json.dumps(two.to_data()).encode())
    assert list(again.expanded) == [("one",)]
    assert (again.within, again.selection) == (("one",), ("fc",))
    assert places(draw(again, catalogue)) == places(draw(two, catalogue))


def test_a_use_that_is_gone_is_not_drawn(two: Desk, catalogue: Catalogue) -> None:
    two.toggle([("one",)])
    send(two, "select", nodes=["one"], edges=[])
    two.edit(lambda graph: graph.remove_node("one"))
    assert "one/fc" not in draw(two, catalogue)
    two.undo()
    assert "one/fc" in draw(two, catalogue)


_boxes = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.builds(Box, st.integers(0, 12), st.integers(0, 12), st.integers(1, 4), st.integers(1, 4)),
    min_size=2,
)


@settings(max_examples=300, deadline=None)
@given(_boxes, st.data())
def test_what_was_apart_stays_apart_whatever_grows(given_boxes: dict[str, Box], data: st.DataObject) -> None:
    """Any set of boxes, any of them growing by any amount: two that did not overlap do not overlap afterwards."""
    growing = data.draw(st.lists(st.sampled_from(sorted(given_boxes)), unique=True, min_size=1))
    grown = {node: (data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))) for node in growing}
    after = dict(given_boxes)
    for use, (wider, higher) in grown.items():
        right, below = expansion.making_room(given_boxes, use)
        assert use not in right | below
        for node in given_boxes:
            x, y, w, h = after[node]
            after[node] = Box(x + wider * (node in right), y + higher * (node in below), w, h)
    after |= {n: Box(*after[n][:2], after[n].width + w, after[n].height + h) for n, (w, h) in grown.items()}
    for one in given_boxes:
        for other in given_boxes:
            if one < other and not covers(given_boxes[one], given_boxes[other]):
                assert not covers(after[one], after[other]), (one, other, after)

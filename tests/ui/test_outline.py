"""What a search for nodes looks through, and the way to what was found."""

from __future__ import annotations

import pytest

from builder.graph import Graph, GraphError
from builder.ui import outline as outlines
from builder.ui.canvas import events
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from builder.ui.outline import outline
from builder.ui.reactions import handle


def test_nodes_of_the_graph_come_before_those_inside_of_blocks(catalogue: Catalogue, nested: Graph) -> None:
    nested.blocks["pair"].nodes["fc"]["settings"]["name"] = "Projection"
    found = outline(nested, catalogue)
    assert [path for path, _, _ in found][:3] == [["data"], ["one"], ["many"]]
    assert ["many", "act"] in [path for path, _, _ in found]
    assert [["one", "fc"], "Projection", "linear"] in found
    assert len(found) == 3 + 2 * 4


def test_every_place_can_be_gone_to(catalogue: Catalogue, nested: Graph) -> None:
    desk = Desk(nested)
    for number, (path, _, _) in enumerate(outline(nested, catalogue), 1):
        handle(desk, events.Show(seq=number, type="show", path=path))
        assert desk.scope == tuple(path[:-1])
        assert desk.selection == (path[-1],)
        assert desk.focus.number == number
    assert desk.notices == []


def test_blocks_that_are_parameters_are_looked_into(catalogue: Catalogue) -> None:
    entry = next(entry for entry in catalogue.values() if entry.blocks)
    parameter = entry.blocks[0].name
    graph = Graph()
    graph.place("outer", entry.id, {parameter: "inner"}, position=(0, 0))
    block = Graph()
    block.place("deep", "linear", {"out_features": 2}, position=(0, 0))
    graph.blocks["inner"] = block
    assert [["outer", parameter, "deep"], "", "linear"] in outline(graph, catalogue)
    desk = Desk(graph)
    desk.find(["outer", parameter, "deep"])
    assert (desk.scope, desk.selection) == ((f"outer/{parameter}",), ("deep",))


def test_a_block_within_itself_does_not_go_on_for_ever(catalogue: Catalogue, nested: Graph) -> None:
    nested.blocks["pair"].place("again", "block:pair", position=(0, 0))
    paths = [path for path, _, _ in outline(nested, catalogue)]
    assert ["one", "again"] in paths
    assert max(map(len, paths)) == 2


def test_there_is_an_end(catalogue: Catalogue, nested: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlines, "MOST", 5)
    assert len(outline(nested, catalogue)) == 5


def test_a_way_that_leads_nowhere_is_refused_and_nothing_moves(nested: Graph) -> None:
    desk = Desk(nested)
    desk.enter("one")
    desk.select(("fc",))
    with pytest.raises(GraphError, match="many/nothing"):
        desk.find(["many", "nothing"])
    assert (desk.scope, desk.selection) == (("one",), ("fc",))
    handle(desk, events.Show(seq=1, type="show", path=["gone"]))
    assert "gone" in desk.notices[-1].en


@pytest.mark.parametrize("path", [[], ["../x"], ["a"] * 65, [1], "fc", ["<b>"]])
def test_a_path_that_cannot_be_one_is_not_read(path: object) -> None:
    batch = events.parse({"client": "abcd1234", "events": [{"seq": 1, "type": "show", "path": path}]})
    assert (batch.events, batch.bad) == ([], 1)

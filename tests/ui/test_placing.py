"""Where nodes lie at the desk: arranging, aligning, and room for what comes in. Each is one step that can be undone."""

from __future__ import annotations

import pytest

from builder.graph import GraphError
from builder.graph.alignment import Box
from builder.graph.room import covers
from builder.ui import actions, commands, placing
from builder.ui.canvas import arrangement
from builder.ui.canvas.cards import cards_of
from builder.ui.canvas.view import edge_id
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk


def places(desk: Desk) -> dict[str, tuple[float, ...]]:
    return {node: tuple(data["position"]) for node, data in desk.graph.nodes(data=True)}


def lie_apart(desk: Desk, catalogue: Catalogue) -> bool:
    boxes = list(arrangement.boxes_of(desk.graph, cards_of(desk.graph, {}, catalogue, {}, "en")).values())
    return not any(covers(one, other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])


def test_arranging_moves_nodes_and_can_be_undone(desk: Desk) -> None:
    for node in desk.graph:
        desk.graph.nodes[node]["position"] = [0, 0]
    desk.record()
    placing.arrange(desk)
    assert len(set(places(desk).values())) == 3
    assert desk.arranged == 1
    steps = len(desk.history.states)
    placing.arrange(desk)
    assert len(desk.history.states) == steps, "arranging again moves nothing"
    desk.undo()
    assert set(places(desk).values()) == {(0, 0)}


def test_arranging_some_leaves_the_others_where_they_are(desk: Desk, catalogue: Catalogue) -> None:
    desk.graph.nodes["fc"]["position"] = [300, 5]
    desk.graph.nodes["act"]["position"] = [310, 15]
    desk.record()
    desk.select(["fc", "act"])
    before = places(desk)
    commands.run(desk, "arrange_selection")
    after = places(desk)
    assert after["data"] == before["data"]
    assert after["fc"] == (300, 5)
    assert lie_apart(desk, catalogue)
    placing.arrange_selection(desk)
    assert places(desk) == after


@pytest.mark.parametrize("name", [name for name in commands.COMMANDS if name.startswith(("align_", "distribute_"))])
def test_every_alignment_is_a_step_of_its_own(desk: Desk, catalogue: Catalogue, name: str) -> None:
    desk.graph.nodes["fc"]["position"] = [330, 70]
    desk.graph.nodes["act"]["position"] = [900, 210]
    desk.record()
    before = places(desk)
    desk.select(desk.graph.nodes)
    assert commands.COMMANDS[name].possible(desk)
    commands.run(desk, name)
    assert places(desk) != before
    assert lie_apart(desk, catalogue)
    desk.undo()
    assert places(desk) == before


def test_one_node_cannot_be_aligned(desk: Desk) -> None:
    desk.select(["fc"])
    assert not commands.COMMANDS["align_left"].possible(desk)
    with pytest.raises(GraphError, match="at least 2 nodes"):
        commands.run(desk, "align_left")


def test_a_node_dropped_on_a_wire_makes_room_in_the_same_step(desk: Desk, catalogue: Catalogue) -> None:
    before = places(desk)
    wire = next(edge for edge in desk.graph.wires() if edge.source == "fc")
    new = actions.add(desk, "act_tanh", (540.0, 10.0), edge_id(wire))
    after = places(desk)
    assert [before["data"], before["fc"]] == [after["data"], after["fc"]]
    assert after["fc"][0] < after[new][0] < after["act"][0]
    assert after["act"][1] == before["act"][1]
    assert lie_apart(desk, catalogue)
    desk.undo()
    assert places(desk) == before


def test_a_node_where_there_is_room_moves_nothing(desk: Desk) -> None:
    before = places(desk)
    new = actions.add(desk, "act_tanh", (300.0, 900.0))
    after = places(desk)
    assert after.pop(new) == (300, 900)
    assert after == before


def test_boxes_are_those_of_the_cards(desk: Desk, catalogue: Catalogue) -> None:
    cards = cards_of(desk.graph, {}, catalogue, {}, "en")
    assert arrangement.boxes_of(desk.graph, cards)["fc"] == Box(300, 0, *cards["fc"].size)

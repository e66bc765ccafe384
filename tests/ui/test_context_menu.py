"""Which commands the right mouse button offers where."""

from __future__ import annotations

from builder.ui import commands
from builder.ui.desk import Desk


def offered(desk: Desk, menu: str) -> list[str]:
    return [command["name"] for command in commands.as_data(desk, "en") if menu in command["menus"]]


def test_a_node_offers_what_acts_on_nodes_and_a_wire_what_acts_on_wires(desk: Desk) -> None:
    assert {"copy", "cut", "duplicate", "delete", "group"} <= set(offered(desk, "node"))
    assert not {"open", "expand", "keep_block"} & set(offered(desk, "node"))
    assert {"open", "expand", "keep_block"} <= set(offered(desk, "block"))
    assert "delete" in offered(desk, "wire")
    assert "copy" not in offered(desk, "wire")
    assert not {"arrange", "undo", "paste"} & set(offered(desk, "node"))


def test_the_canvas_offers_what_needs_nothing_selected(desk: Desk) -> None:
    assert {"undo", "redo", "paste", "arrange", "select_all", "fit"} <= set(offered(desk, "canvas"))
    assert not {"copy", "delete"} & set(offered(desk, "canvas"))


def test_every_offered_command_has_an_icon_and_a_label(desk: Desk) -> None:
    for command in commands.as_data(desk, "zh"):
        if command["menus"]:
            assert command["icon"]
            assert command["label"]

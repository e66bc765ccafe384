"""What is offered in a node's place, and what is said of what did not fit."""

from __future__ import annotations

import pytest

from builder.graph import Graph
from builder.ui import commands, replace_panel
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from tests.ui.conftest import chain


@pytest.fixture
def desk() -> Desk:
    return Desk(chain())


def test_components_of_the_same_family_come_first_and_blocks_last(desk: Desk, catalogue: Catalogue) -> None:
    desk.graph.blocks["part"] = Graph()
    found = replace_panel.choices(desk, "act", catalogue)
    families = [catalogue[id].family for id in found[:-1]]
    own = catalogue["act_relu"].family
    assert families == sorted(families, key=lambda family: (family != own, family))
    assert families[0] == own
    assert "act_relu" not in found
    assert found[-1] == "block:part"
    assert "init_zero" not in found
    assert replace_panel.named("block:part", catalogue, "zh") == "part · 模块"
    assert replace_panel.named("act_tanh", catalogue, "en").startswith("Tanh · ")


def test_replacing_is_one_step_and_says_what_is_lost(desk: Desk) -> None:
    desk.graph.nodes["fc"]["settings"]["frozen"] = True
    desk.record()
    desk.select(("fc",))
    replace_panel.replace(desk, "fc", "op_flatten", "Flatten", "展平")
    assert desk.graph.nodes[desk.selection[0]]["component"] == "op_flatten"
    notice = desk.notices[-1]
    assert (notice.kind, "settings frozen" in notice.en, "设置 frozen" in notice.zh) == ("info", True, True)
    desk.undo()
    assert desk.graph.nodes["fc"]["component"] == "linear"


def test_what_fits_wholly_is_done_without_words(desk: Desk) -> None:
    desk.graph.nodes["act"]["params"] = {}
    replace_panel.replace(desk, "act", "act_tanh", "Tanh", "双曲正切")
    assert desk.notices == []
    replace_panel.replace(desk, desk.selection[0], "no_such", "", "")
    assert desk.notices[-1].kind == "error"


def test_the_command_asks_for_one_node(desk: Desk) -> None:
    desk.select(("fc", "act"))
    commands.attempt(desk, "replace")
    assert (desk.dialog, desk.notices[-1].kind) == (None, "error")
    desk.select(("fc",))
    commands.attempt(desk, "replace")
    assert desk.dialog == "replace"

"""The form of a block's port."""

from __future__ import annotations

import pytest

from builder.graph import Graph
from tests.ui.pages import desk_of, open_page, run


@pytest.mark.parametrize(("name", "selected"), [("features", "features"), ("fc", "x"), ("no good", "x")])
def test_a_port_that_is_renamed_stays_selected_and_so_does_one_that_is_not(
    nested: Graph, name: str, selected: str
) -> None:
    app = open_page("build", nested)
    desk_of(app).enter("one")
    desk_of(app).select(("x",))
    run(app).text_input(key="field-one-x-port").set_value(name)
    run(app)
    assert desk_of(app).selection == (selected,)
    assert [notice.kind for notice in desk_of(app).notices] == ([] if selected == name else ["error"])
    target = [wire.target_port for wire in desk_of(app).graph.wires_into("one")]
    assert target == [selected]

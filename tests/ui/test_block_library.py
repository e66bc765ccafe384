"""A person's own blocks: kept in files, placed in any graph, renamed, deleted and brought back."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import Graph, GraphError, to_document
from builder.ui import actions, block_library
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from builder.ui.palette import palette_data

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def stacked(nested: Graph) -> Graph:
    """A block ``stack`` that uses the block ``pair``, beside it."""
    stack = Graph()
    stack.place("deep", "block:pair", {"width": 9}, position=(0, 0))
    nested.blocks["stack"] = stack
    return nested


def test_a_block_is_kept_with_those_that_it_uses(stacked: Graph) -> None:
    path = block_library.keep(stacked.blocks, "stack", "My stack")
    assert path.name == "My stack.json"
    (item,) = block_library.kept()
    assert (item.name, item.problem) == ("My stack", None)
    assert item.block is not None
    assert to_document(item.block)["nodes"] == to_document(stacked.blocks["stack"])["nodes"]
    assert set(block_library.read("My stack").blocks) == {"pair", "stack"}


def test_a_kept_block_is_placed_in_another_graph(stacked: Graph) -> None:
    block_library.keep(stacked.blocks, "stack", "My stack")
    desk = Desk(Graph())
    first = actions.add(desk, "library:My stack", (10, 20))
    second = actions.add(desk, "library:My stack", (300, 20))
    assert {desk.graph.nodes[n]["component"] for n in (first, second)} == {"block:stack"}
    assert set(desk.blocks) == {"pair", "stack"}
    assert desk.history.cursor == 2
    desk.undo()
    desk.undo()
    assert not desk.blocks
    assert not desk.graph


def test_a_different_block_of_that_name_stays_and_the_kept_one_takes_a_new_name(stacked: Graph, nested: Graph) -> None:
    block_library.keep(stacked.blocks, "stack", "stack")
    desk = Desk(nested)
    desk.edit(lambda _: desk.blocks["pair"].place("extra", "act_gelu"))
    new = actions.add(desk, "library:stack", (0, 0))
    name = desk.graph.nodes[new]["component"].removeprefix("block:")
    inner = desk.blocks[name].nodes["deep"]["component"].removeprefix("block:")
    assert inner != "pair"
    assert "extra" in desk.blocks["pair"]
    assert "extra" not in desk.blocks[inner]


def test_a_block_does_not_come_into_itself(nested: Graph) -> None:
    block_library.keep(nested.blocks, "pair", "pair")
    desk = Desk(nested)
    desk.enter("one")
    before = to_document(desk.graph)
    with pytest.raises(GraphError, match="itself"):
        actions.add(desk, "library:pair", (0, 0))
    assert to_document(desk.graph) == before


@pytest.mark.parametrize("name", ["../out", "", ".hidden", "a/b", "x" * 81, "a\0b", "con:1"])
def test_names_that_are_none_are_refused(nested: Graph, name: str) -> None:
    block_library.keep(nested.blocks, "pair", "pair")
    for act in (
        lambda: block_library.keep(nested.blocks, "pair", name),
        lambda: block_library.read(name),
        lambda: block_library.rename("pair", name),
        lambda: block_library.rename(name, "other"),
        lambda: block_library.delete(name),
    ):
        with pytest.raises(GraphError, match="name"):
            act()
    assert [item.name for item in block_library.kept()] == ["pair"]


def test_a_taken_name_is_replaced_only_where_asked(nested: Graph) -> None:
    block_library.keep(nested.blocks, "pair", "pair")
    with pytest.raises(GraphError, match="already"):
        block_library.keep(nested.blocks, "pair", "pair")
    nested.blocks["pair"].place("extra", "act_gelu")
    block_library.keep(nested.blocks, "pair", "pair", replace=True)
    assert "extra" in block_library.read("pair").blocks["pair"]


def test_deleted_blocks_come_back_under_a_free_name(nested: Graph) -> None:
    block_library.keep(nested.blocks, "pair", "pair")
    block_library.delete("pair")
    assert not block_library.kept()
    block_library.keep(nested.blocks, "pair", "pair")
    (gone,) = block_library.deleted()
    assert gone.name == "pair"
    assert block_library.restore(gone.path) == "pair 2"
    assert [item.name for item in block_library.kept()] == ["pair", "pair 2"]
    assert not block_library.deleted()
    with pytest.raises(GraphError, match="bin"):
        block_library.restore(block_library.folder() / "pair.json")


def test_renaming_keeps_what_has_the_new_name(nested: Graph) -> None:
    block_library.keep(nested.blocks, "pair", "one")
    block_library.keep(nested.blocks, "pair", "two")
    with pytest.raises(GraphError, match="already"):
        block_library.rename("one", "two")
    block_library.rename("one", "三号")
    assert {item.name for item in block_library.kept()} == {"two", "三号"}


@pytest.mark.parametrize("content", ["{", '{"format": "layerloom-graph", "version": 1, "nodes": [], "edges": []}', ""])
def test_broken_files_are_shown_with_the_reason(workspace: Path, catalogue: Catalogue, content: str) -> None:
    (workspace / "blocks").mkdir()
    (workspace / "blocks" / "odd.json").write_text(content)
    (item,) = block_library.kept()
    assert item.problem is not None
    assert all(item.problem)
    (card,) = [
        e for e in palette_data(catalogue, {}, False, "zh", block_library.kept())["entries"] if e["id"] == "library:odd"
    ]
    assert card["broken"]
    assert card["help_zh"] == item.problem[1]
    with pytest.raises(GraphError):
        actions.add(Desk(Graph()), "library:odd", (0, 0))


def test_the_palette_lists_kept_blocks_in_any_graph(nested: Graph, catalogue: Catalogue) -> None:
    block_library.keep(nested.blocks, "pair", "Twice")
    data = palette_data(catalogue, {}, False, "en", block_library.kept())
    assert data["families"][0]["label"] == "My blocks"
    card = data["entries"][0]
    assert (card["id"], card["name"], card["broken"]) == ("library:Twice", "Twice", False)


def test_a_folder_that_cannot_be_written_is_one_clear_message(workspace: Path, nested: Graph) -> None:
    (workspace / "blocks").write_text("in the way")
    with pytest.raises(GraphError, match="Cannot write"):
        block_library.keep(nested.blocks, "pair", "pair")


def _library_page() -> None:
    from builder.ui import block_dialogs

    block_dialogs._library()


def test_the_library_renames_deletes_and_brings_back(nested: Graph) -> None:
    block_library.keep(nested.blocks, "pair", "pair")
    block_library.keep(nested.blocks, "pair", "other")
    page = AppTest.from_function(_library_page).run()
    page.text_input("my_block_name_pair").set_value("twins").run()
    assert [item.name for item in block_library.kept()] == ["other", "twins"]
    page.text_input("my_block_name_twins").set_value("other").run()
    assert "already" in page.error[0].value
    assert [item.name for item in block_library.kept()] == ["other", "twins"]
    page.button("my_block_delete_0").click().run()
    assert [item.name for item in block_library.kept()] == ["twins"]
    page.button("my_block_restore_0").click().run()
    assert [item.name for item in block_library.kept()] == ["other", "twins"]
    assert not page.exception

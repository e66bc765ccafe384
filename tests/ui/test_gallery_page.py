"""The Gallery page in Streamlit's own test harness: filters, links, and a person's own graphs."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.ui import saved_graphs, session
from tests.ui.conftest import chain
from tests.ui.pages import desk_of, open_page, run, said

pytestmark = pytest.mark.usefixtures("workspace")


def cards(app: AppTest) -> set[str]:
    return {b.key.removeprefix("gallery_open_") for b in app.button if (b.key or "").startswith("gallery_open_")}


def test_the_address_keeps_the_filter() -> None:
    app = open_page("gallery", task="generation", era="2012-2016", sort="newest")
    assert cards(app) == {"gan", "vae", "real_nvp"}
    assert "3 of" in said(app)
    app.button_group(key="gallery_era").set_value(["since-2020"])
    run(app)
    assert cards(app) == {"ddpm"}
    assert app.query_params["era"] == "since-2020"
    app.button(key="gallery_clear").click()
    run(app)
    assert len(cards(app)) > 20
    assert "era" not in app.query_params
    assert "task" not in app.query_params
    assert app.query_params["sort"] == "newest"


def test_another_list_begins_without_the_filters_of_the_one_before() -> None:
    saved_graphs.write("mine", chain())
    app = open_page("gallery", task="generation", q="noise")
    app.button_group(key="gallery_view").set_value("mine")
    run(app)
    assert cards(app) == {"saved_mine"}
    assert app.query_params["view"] == "mine"
    assert not {"task", "q"} & set(app.query_params)


@pytest.mark.parametrize("address", [{"task": "no-such"}, {"era": "1800"}, {"sort": "<b>"}, {"view": "../mine"}])
def test_a_strange_address_shows_all(address: dict[str, str]) -> None:
    assert len(cards(open_page("gallery", **address))) > 20


def test_cards_say_task_and_year_and_have_a_link() -> None:
    app = open_page("gallery", q="lecun")
    assert cards(app) == {"lenet5"}
    assert "<span>Image classification</span><span>1998</span>" in said(app)
    assert 'href="./?graph=lenet5"' in said(app)


def test_my_graphs_are_listed_and_found() -> None:
    graph = chain()
    graph.meta["title"] = "Net <b>of</b> mine"
    saved_graphs.write("first", graph)
    saved_graphs.write("second", chain())
    app = open_page("gallery", view="mine")
    assert cards(app) == {"saved_first", "saved_second"}
    assert "Net &lt;b&gt;of&lt;/b&gt; mine" in said(app)
    app.text_input(key="mine_search").set_value("net mine")
    run(app)
    assert cards(app) == {"saved_first"}


def test_empty_lists_say_what_would_be_there() -> None:
    for view, words in (("mine", "Ctrl+S"), ("recent", "Work that you leave"), ("bin", "can be restored")):
        assert words in said(open_page("gallery", view=view))


def test_recent_work_is_shown_with_its_place() -> None:
    desk = session.fresh(chain())
    desk.graph.meta["title"] = "Left behind"
    desk.record()
    session.keep(desk)
    app = open_page("gallery", view="recent")
    assert f"recent_{desk.id}" in cards(app)
    assert "kept automatically, no file" in said(app)
    assert desk_of(app).id != desk.id


def test_what_was_deleted_is_restored_from_the_bin() -> None:
    saved_graphs.write("mine", chain())
    gone = saved_graphs.delete("mine")
    app = open_page("gallery", view="bin")
    app.button(key=f"bin_restore_{gone.path.name}").click()
    run(app)
    assert [each.name for each in saved_graphs.saved()] == ["mine"]
    assert "is among my graphs again" in said(app)


def choose(app: AppTest, name: str, item: str) -> AppTest:
    """Chooses an item of a card's menu."""
    app.session_state[f"mine_more_{name}"] = True
    run(app)
    app.button(key=f"mine_{item}_{name}").click()
    return run(app)


def test_a_graph_is_deleted_and_that_is_undone() -> None:
    saved_graphs.write("mine", chain())
    app = choose(open_page("gallery", view="mine"), "mine", "delete")
    assert "“mine” is in the bin." in said(app)
    assert cards(app) == set()
    app.button(key="notice_undo").click()
    run(app)
    assert cards(app) == {"saved_mine"}
    assert "in the bin" not in said(app)


def test_a_copy_is_made_beside_the_graph_and_the_menu_closes() -> None:
    saved_graphs.write("mine", chain())
    app = choose(open_page("gallery", view="mine"), "mine", "duplicate")
    assert cards(app) == {"saved_mine", "saved_mine 2"}
    assert not [b for b in app.button if b.key == "mine_delete_mine"]


def test_an_operation_that_fails_is_said_in_the_bar(workspace: Path) -> None:
    saved_graphs.write("mine", chain())
    (workspace / "bin").write_text("a file where the folder should be")
    app = choose(open_page("gallery", view="mine"), "mine", "delete")
    assert "“mine” could not be deleted" in said(app)
    assert cards(app) == {"saved_mine"}


def test_a_broken_file_is_shown_with_the_reason(workspace: Path) -> None:
    saved_graphs.write("good", chain())
    (workspace / "graphs" / "bad.json").write_text("{")
    app = open_page("gallery", view="mine")
    assert "This file cannot be opened: This is not valid JSON" in said(app)
    assert app.button(key="gallery_open_saved_bad").disabled

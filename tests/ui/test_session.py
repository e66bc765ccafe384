"""Desks kept in the process and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph import GraphError, edit
from builder.ui import session, workspace
from builder.ui.desk import Desk
from builder.ui.session import Desks
from tests.ui.conftest import chain

pytestmark = pytest.mark.usefixtures("workspace")


def edited() -> Desk:
    desk = Desk(chain(), file="mine")
    desk.edit(lambda graph: edit.set_param(graph, "fc", "out_features", 9))
    desk.select(("fc",))
    return desk


def test_a_desk_that_nobody_changed_is_not_written() -> None:
    session.keep(Desk(chain()))
    assert not workspace.autosave_folder().exists()


def test_a_folder_that_cannot_be_written_is_told(workspace: Path) -> None:
    (workspace / "autosave").write_text("a file where the folder should be")
    desk = edited()
    assert not session.keep(desk)
    assert "Download" in desk.notices[-1].en
    assert desk.notices[-1].kind == "error"


def test_kept_work_comes_back_in_another_process() -> None:
    desk = edited()
    session.keep(desk)
    back, copied = Desks().attach(desk.id, "tab")
    assert back is not None
    assert not copied
    assert back.id == desk.id
    assert back.graph.nodes["fc"]["params"] == {"out_features": 9}
    assert back.selection == ("fc",)
    assert back.file == "mine"
    assert back.dirty


def test_a_refresh_comes_back_to_the_same_desk_with_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_is_active", lambda tab: tab == "new")
    desks, desk = Desks(), edited()
    desks.add(desk, "old")
    back, copied = desks.attach(desk.id, "new")
    assert back is desk
    assert not copied


def test_a_second_tab_gets_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_is_active", lambda tab: True)
    desks, desk = Desks(), edited()
    desks.add(desk, "first")
    other, copied = desks.attach(desk.id, "second")
    assert other is not None
    assert copied
    assert other.id != desk.id
    other.undo()
    assert desk.graph.nodes["fc"]["params"] == {"out_features": 9}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": "layerloom-desk"}',
        '{"format": "layerloom-desk", "graph": {"nodes": 3}}',
        "\x80\x04K\x01.",
    ],
)
def test_an_unreadable_file_is_told_and_left_alone(text: str) -> None:
    path = workspace.autosave_folder() / "abcdefgh1234.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(GraphError):
        Desks().attach("abcdefgh1234", "tab")
    assert path.read_text() == text


def test_an_unknown_id_is_no_desk() -> None:
    assert Desks().attach("abcdefgh1234", "tab") == (None, False)


@pytest.mark.parametrize("id", ["../../../etc/passwd", "a/b/c/d/e/f/g", "short", "UPPERCASE1", ""])
def test_ids_are_no_paths(id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        Desks().attach(id, "tab")


def test_recent_work_is_listed_the_latest_first() -> None:
    first, second = edited(), edited()
    first.graph.meta["title"] = "First"
    first.record()
    second.changed_at = first.changed_at + 10
    for desk in (first, second):
        session.keep(desk)
    (workspace.autosave_folder() / "zzzzzzzz.json").write_text("not a desk")
    found = session.recent(but="nothing")
    assert [r.id for r in found] == [second.id, first.id]
    assert found[1].title == "First"
    assert [r.id for r in session.recent(but=second.id)] == [first.id]


def test_old_work_is_forgotten_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "KEPT_ON_DISK", 3)
    for _ in range(5):
        session.keep(edited())
    assert len(list(workspace.autosave_folder().glob("*.json"))) == 3


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/b", "..", ".hidden", "", "x" * 200, "a\\b", "nul\0"])
def test_names_of_files_stay_in_the_workspace(name: str) -> None:
    with pytest.raises(GraphError, match="name"):
        workspace.graph_file(name)


@pytest.mark.parametrize("name", ["mine", "My graph 2", "我的图", "a-b_c", "mine.json"])
def test_good_names_are_files_of_the_workspace(name: str, tmp_path: Path) -> None:
    path = workspace.graph_file(name)
    assert path.parent == workspace.graphs_folder()
    assert path.suffix == ".json"

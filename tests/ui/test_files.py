"""Saved graphs on disk, and the desks that have them open."""

from __future__ import annotations

import io
import itertools
import json
import os
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import Graph, GraphError, dumps, loads
from builder.ui import files, saved_graphs, session, version_panel, versions
from builder.ui import workspace as workspaces
from builder.ui.desk import Desk
from builder.ui.session import Desks
from tests.ui.conftest import chain
from tests.ui.pages import desk_of, open_page, run, said

pytestmark = pytest.mark.usefixtures("workspace")


def graph(width: int = 5) -> Graph:
    made = chain()
    made.nodes["fc"]["params"]["out_features"] = width
    return made


def width(made: Graph) -> int:
    return made.nodes["fc"]["params"]["out_features"]


def names() -> set[str]:
    return {each.name for each in saved_graphs.saved()}


@pytest.fixture
def all_desks(monkeypatch: pytest.MonkeyPatch) -> Desks:
    """The desks of a process of their own."""
    found = Desks()
    monkeypatch.setattr(session, "desks", lambda: found)
    return found


def opened(all_desks: Desks, name: str) -> Desk:
    desk = Desk(saved_graphs.read(name))
    desk.mark_saved(name)
    all_desks.add(desk, "tab")
    return desk


# ------------------------------------------------------------------ saving


def test_each_save_keeps_the_state_before_it() -> None:
    for size in (1, 2, 2, 3):
        saved_graphs.write("mine", graph(size))
    assert width(saved_graphs.read("mine")) == 3
    assert [width(version.graph()) for version in versions.of("mine")] == [2, 1]


@pytest.mark.parametrize("name", ["mine", "My graph 2", "我的图", "a-b_c", "mine.json", "resnet (1)", "v1.2"])
def test_what_was_saved_is_listed_and_read(name: str) -> None:
    kept = saved_graphs.write(name, graph(7))
    (each,) = saved_graphs.saved()
    assert each.name == kept == name.removesuffix(".json")
    assert each.size == each.path.stat().st_size
    assert width(saved_graphs.read(kept)) == 7


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/b", "..", ".hidden", "", "x" * 81, "a\\b", "nul\0", "end. ."]
)
def test_names_that_are_none_are_refused_by_every_operation(name: str, tmp_path: Path) -> None:
    saved_graphs.write("mine", graph())
    for act in (
        lambda: saved_graphs.write(name, graph()),
        lambda: saved_graphs.read(name),
        lambda: saved_graphs.rename("mine", name),
        lambda: saved_graphs.rename(name, "other"),
        lambda: saved_graphs.duplicate(name),
        lambda: saved_graphs.delete(name),
    ):
        with pytest.raises(GraphError, match="name"):
            act()
    assert names() == {"mine"}
    assert not (tmp_path / "bin").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "graphs").write_text("a file where the folder should be")
    with pytest.raises(GraphError, match=r"“mine” could not be saved: .*Nothing was changed") as caught:
        saved_graphs.write("mine", graph())
    assert "无法保存“mine”" in caught.value.message_zh
    assert saved_graphs.saved() == []


def test_a_full_disk_keeps_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    saved_graphs.write("mine", graph(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        for act in (lambda: saved_graphs.write("mine", graph(2)), lambda: saved_graphs.duplicate("mine")):
            with pytest.raises(GraphError, match=r"No space left on device\. Nothing was changed"):
                act()
    assert names() == {"mine"}
    assert width(saved_graphs.read("mine")) == 1
    assert versions.of("mine") == []


def test_links_out_of_the_workspace_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(dumps(graph(9)))
    saved_graphs.write("mine", graph())
    (workspaces.graphs_folder() / "link.json").symlink_to(outside)
    assert names() == {"mine"}
    for act in (
        lambda: saved_graphs.read("link"),
        lambda: saved_graphs.write("link", graph()),
        lambda: saved_graphs.delete("link"),
    ):
        with pytest.raises(GraphError, match="link"):
            act()
    assert width(loads(outside.read_text())) == 9


# ------------------------------------------------------------------ rename, duplicate, delete


def test_renaming_takes_the_versions_along() -> None:
    saved_graphs.write("old", graph(1))
    saved_graphs.write("old", graph(2))
    assert saved_graphs.rename("old", "new name.json") == "new name"
    assert names() == {"new name"}
    assert [width(version.graph()) for version in versions.of("new name")] == [1]
    assert versions.of("old") == []
    assert saved_graphs.rename("new name", "new name") == "new name"


def test_a_name_that_is_taken_is_refused() -> None:
    saved_graphs.write("a", graph(1))
    saved_graphs.write("b", graph(2))
    with pytest.raises(GraphError, match="named “b” already"):
        saved_graphs.rename("a", "b")
    assert width(saved_graphs.read("a")) == 1
    assert width(saved_graphs.read("b")) == 2


def test_what_is_gone_is_said() -> None:
    for act in (
        lambda: saved_graphs.rename("a", "b"),
        lambda: saved_graphs.duplicate("a"),
        lambda: saved_graphs.delete("a"),
    ):
        with pytest.raises(GraphError, match="“a” could not be"):
            act()
    assert saved_graphs.deleted() == []
    assert list(workspaces.bin_folder().glob("*")) == []


def test_copies_are_numbered() -> None:
    saved_graphs.write("net", graph(1))
    assert [saved_graphs.duplicate("net"), saved_graphs.duplicate("net"), saved_graphs.duplicate("net 2")] == [
        "net 2", "net 3", "net 4",
    ]  # fmt: skip
    long = "x" * 80
    saved_graphs.write(long, graph(2))
    assert len(saved_graphs.duplicate(long)) == 80


@pytest.mark.parametrize(
    ("act", "done"),
    [(lambda: saved_graphs.rename("a", "b"), done) for done in range(3)]
    + [(lambda: saved_graphs.delete("a"), done) for done in range(2)],
)
def test_a_move_that_fails_half_way_changes_nothing(
    act: Callable[[], object], done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 3):
        saved_graphs.write("a", graph(size))
    versions.keep("b", dumps(graph(9)).encode(), 1.0)  # of an earlier graph: each version of the other moves by itself
    rename, calls = Path.rename, itertools.count()

    def fails_once(self: Path, target: Path) -> Path:
        if next(calls) == done:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fails_once)
        with pytest.raises(GraphError, match=r"Input/output error\. Nothing was changed"):
            act()
    assert names() == {"a"}
    assert [width(version.graph()) for version in versions.of("a")] == [2, 1]
    assert [width(version.graph()) for version in versions.of("b")] == [9]
    assert list(workspaces.bin_folder().glob("*")) == []


def test_a_deleted_graph_comes_back_with_its_versions() -> None:
    saved_graphs.write("mine", graph(1))
    saved_graphs.write("mine", graph(2))
    gone = saved_graphs.delete("mine")
    assert names() == set()
    assert [each.name for each in saved_graphs.deleted()] == ["mine"]
    saved_graphs.write("mine", graph(3))
    assert saved_graphs.restore(gone) == "mine 2"
    assert width(saved_graphs.read("mine 2")) == 2
    assert [width(version.graph()) for version in versions.of("mine 2")] == [1]
    assert width(saved_graphs.read("mine")) == 3
    assert saved_graphs.deleted() == []


def test_the_bin_is_emptied_of_graphs_only(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.json").write_text(dumps(graph()))
    for name in ("a", "b"):
        saved_graphs.write(name, graph())
        saved_graphs.delete(name)
    (workspaces.bin_folder() / "1234567890123456789").symlink_to(outside)
    (workspaces.bin_folder() / "notes").mkdir()
    (workspaces.bin_folder() / "1234567890123456788").mkdir()
    (workspaces.bin_folder() / "1234567890123456788" / "a.json").symlink_to(outside / "a.json")
    assert [each.name for each in saved_graphs.deleted()] == ["b", "a"]
    assert saved_graphs.empty_bin() == 2
    assert saved_graphs.deleted() == []
    assert (outside / "a.json").exists()
    assert (workspaces.bin_folder() / "notes").exists()


# ------------------------------------------------------------------ in and out


def test_several_files_come_in_at_once() -> None:
    saved_graphs.write("net", graph(1))
    given = [
        ("net.json", dumps(graph(2)).encode()), ("../../etc/pass*wd?.json", dumps(graph(3)).encode()),
        ("broken.json", b"{"), ("....json", dumps(graph(4)).encode()),
    ]  # fmt: skip
    found = saved_graphs.incoming(given)
    assert [(each.name, each.taken) for each in found] == [
        ("net", True), ("pass wd", False), ("broken", False), ("graph", False),
    ]  # fmt: skip
    assert found[2].error is not None
    assert [saved_graphs.take_in(each) for each in found if each.graph] == ["net 2", "pass wd", "graph"]
    assert saved_graphs.take_in(found[0], replace=True) == "net"
    assert width(saved_graphs.read("net")) == 2
    assert [width(version.graph()) for version in versions.of("net")] == [1]
    with pytest.raises(GraphError, match="JSON"):
        saved_graphs.take_in(found[2])


def test_all_graphs_leave_as_one_archive() -> None:
    for name in ("a", "我的图"):
        saved_graphs.write(name, graph())
    with zipfile.ZipFile(io.BytesIO(saved_graphs.archive())) as pack:
        assert sorted(pack.namelist()) == ["a.json", "我的图.json"]
        assert loads(pack.read("a.json")).nodes.keys() == graph().nodes.keys()


# ------------------------------------------------------------------ desks follow


def test_a_desk_follows_its_file_to_another_name(all_desks: Desks) -> None:
    saved_graphs.write("old", graph())
    desk, other = opened(all_desks, "old"), Desk(graph(), file="another")
    all_desks.add(other, "tab")
    files.rename("old", "new")
    assert desk.file == "new"
    assert not desk.dirty
    assert other.file == "another"


def test_a_kept_desk_follows_too(all_desks: Desks) -> None:
    saved_graphs.write("old", graph())
    desk = Desk(graph(8), file="old")
    desk.changed_at = 12.5
    session.keep(desk)
    files.rename("old", "new")
    back, _ = Desks().attach(desk.id, "tab")
    assert back is not None
    assert (back.file, back.changed_at, width(back.graph)) == ("new", 12.5, 8)


def test_a_desk_whose_file_is_deleted_holds_it_as_unsaved_work_until_that_is_undone(all_desks: Desks) -> None:
    saved_graphs.write("mine", graph(6))
    desk = opened(all_desks, "mine")
    assert not desk.dirty
    gone = files.delete("mine")
    assert gone.desks == {desk.id}
    assert desk.file is None
    assert desk.dirty
    kept = json.loads(session.file_of(desk.id).read_bytes())
    assert kept["file"] is None
    assert gone.undo() == "mine"
    assert desk.file == "mine"
    assert not desk.dirty


def test_undoing_a_deletion_leaves_other_unsaved_desks_alone(all_desks: Desks) -> None:
    saved_graphs.write("mine", graph())
    desk, unsaved = opened(all_desks, "mine"), Desk(graph())
    all_desks.add(unsaved, "tab")
    gone = files.delete("mine")
    saved_graphs.write("mine", graph(3))
    assert gone.undo() == "mine 2"
    assert desk.file == "mine 2"
    assert unsaved.file is None


def test_restoring_a_version_keeps_the_present_state_and_is_one_step(catalogue: object) -> None:
    for size in (1, 2):
        saved_graphs.write("mine", graph(size))
    desk = Desk(saved_graphs.read("mine"))
    desk.mark_saved("mine")
    desk.edit(lambda g: g.nodes["fc"]["params"].update(out_features=3))
    (first,) = versions.of("mine")
    files.restore(desk, first)
    assert width(desk.graph) == 1
    assert desk.dirty
    assert width(saved_graphs.read("mine")) == 2
    assert [width(version.graph()) for version in versions.of("mine")] == [3, 1]
    desk.undo()
    assert width(desk.graph) == 3


def test_a_version_that_cannot_be_read_leaves_the_desk(catalogue: object) -> None:
    for size in (1, 2):
        saved_graphs.write("mine", graph(size))
    desk = opened(Desks(), "mine")
    (first,) = versions.of("mine")
    first.path.write_text("{")
    with pytest.raises(GraphError, match="JSON"):
        files.restore(desk, first)
    assert width(desk.graph) == 2
    assert not desk.history.can_undo


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: g.place("new", "act_relu", position=(0, 0)), "4 nodes · +1 node"),
        (lambda g: g.remove_node("act"), "2 nodes · −1 node · 1 wire differs"),
        (lambda g: g.nodes["fc"]["params"].update(out_features=9), "3 nodes · 1 changed"),
        (lambda g: g.nodes["fc"].update(position=(9, 9)), "3 nodes · same graph, other places"),
        (lambda g: g.training.update(epochs=3), "3 nodes · other settings of the graph"),
    ],
)
def test_versions_say_what_changed(change: Callable[[Graph], object], words: str) -> None:
    after = graph()
    change(after)
    assert version_panel.changes(graph(), after, "en") == words
    assert version_panel.changes(None, graph(), "en") == "3 nodes"


def uploaded(name: str, content: bytes) -> AppTest:
    """The Build page after a file was given to the dialog that takes graph files."""
    app = open_page("build", graph(1))
    for _ in range(2):  # the dialog stays open in a browser
        desk_of(app).dialog = "upload"
        run(app)
        if not app.session_state["upload_file"]:
            app.file_uploader(key="upload_file").set_value((name, content, "application/octet-stream"))
    return app


def test_the_zip_of_all_graphs_is_uploaded_from_the_desk() -> None:
    for name in ("one", "two"):
        saved_graphs.write(name, graph(1))
    app = uploaded("layerloom-graphs.zip", saved_graphs.archive())
    assert "2 of them" in said(app)
    assert app.button(key="import_confirm").label == "Import 2"
    before = desk_of(app).id
    app.button(key="import_confirm").click()
    desk_of(app).dialog = "upload"
    app.run()
    assert {each.name for each in saved_graphs.saved()} == {"one", "two", "one 2", "two 2"}
    assert desk_of(app).id == before


@pytest.mark.parametrize(("name", "content"), [("g.zip", b"no zip"), ("g.json", b"{}")])
def test_what_holds_no_graph_is_said_where_it_was_given(name: str, content: bytes) -> None:
    app = uploaded(name, content)
    assert len(app.error) == 1
    assert not saved_graphs.saved()


def test_a_version_is_compared_with_what_is_on_the_desk() -> None:
    for size in (1, 2):
        saved_graphs.write("mine", graph(size))
    (first,) = versions.of("mine")
    app = open_page("build", saved_graphs.read("mine"))
    desk_of(app).mark_saved("mine")
    desk_of(app).dialog = "versions"
    run(app)
    assert "3 nodes · 1 changed" in said(app)
    app.button(key=f"version_compare_{first.digest}").click()
    desk_of(app).dialog = "versions"  # it stays open in a browser, where the press runs the dialog alone
    run(app)
    compared = desk_of(app).compared
    assert compared is not None
    assert compared.en != compared.zh
    assert f"Compared with “{compared.en}”" in unescape(said(app))
    assert "<del>1</del> → <ins>2</ins>" in said(app)


def test_a_version_that_is_gone_is_said_in_the_dialog() -> None:
    for size in (1, 2):
        saved_graphs.write("mine", graph(size))
    app = open_page("build", saved_graphs.read("mine"))
    desk_of(app).mark_saved("mine")
    desk_of(app).dialog = "versions"
    run(app)
    (first,) = versions.of("mine")
    first.path.write_text("{")
    app.button(key=f"version_compare_{first.digest}").click()
    desk_of(app).dialog = "versions"  # it stays open in a browser, where the press runs the dialog alone
    run(app)
    assert "This is not valid JSON" in said(app)
    assert desk_of(app).compared is None


# ------------------------------------------------------------------ first steps


@pytest.mark.parametrize("starter", ["images", "table"])
def test_a_first_graph_is_ready_to_train_and_one_step(starter: str, catalogue: object) -> None:
    from builder.compiler import check

    desk = Desk(Graph())
    files.start(desk, starter)
    report = check(desk.graph)
    assert report.ok, report.problems
    assert all(data["position"] for _, data in desk.graph.nodes(data=True))
    with pytest.raises(GraphError, match="empty"):
        files.start(desk, starter)
    desk.undo()
    assert len(desk.graph) == 0


def test_only_the_names_that_were_written_last_are_kept(tmp_path: Path) -> None:
    for place, name in enumerate(
        ["old.json", "new.graph.json", "old.graph.json", "new.json", "mid.json", ".mid.json.x"]
    ):
        (tmp_path / name).write_text("{}")
        os.utime(tmp_path / name, (place, place))
    workspaces.keep_latest(tmp_path, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"new.graph.json", "new.json", "mid.json", ".mid.json.x"}

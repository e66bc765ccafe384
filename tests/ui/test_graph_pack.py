"""A zip of graphs comes in: each file for itself, within limits, and nowhere but among the saved graphs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from builder.graph import GraphError, dumps
from builder.ui import graph_pack, saved_graphs
from builder.ui.text import text
from tests.ui.conftest import chain

pytestmark = pytest.mark.usefixtures("workspace")
GRAPH = dumps(chain()).encode()


def pack(*files: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            made.writestr(name, content)
    return stream.getvalue()


def reasons(content: bytes) -> dict[str, str]:
    return {
        name: found.message for name, found in graph_pack.unpacked("g.zip", content) if isinstance(found, GraphError)
    }


def test_what_was_exported_comes_back_beside_what_is_there() -> None:
    for name in ("a", "我的图"):
        saved_graphs.write(name, chain())
    found = saved_graphs.incoming([("layerloom-graphs.zip", saved_graphs.archive())])
    assert sorted((each.name, each.taken) for each in found) == [("a", True), ("我的图", True)]
    assert sorted(saved_graphs.take_in(each) for each in found) == ["a 2", "我的图 2"]


def test_nothing_lands_outside_and_names_that_clash_are_numbered(tmp_path: Path) -> None:
    content = pack(
        ("../../evil.json", GRAPH), ("/etc/evil.json", GRAPH), ("C:\\x\\evil.json", GRAPH), ("deep/er/net.json", GRAPH)
    )
    found = saved_graphs.incoming([("g.zip", content), ("net.json", GRAPH)])
    assert [saved_graphs.take_in(each) for each in found] == ["evil", "evil 2", "evil 3", "net", "net 2"]
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")}
    assert written == {f"graphs/{name}.json" for name in ("evil", "evil 2", "evil 3", "net", "net 2")}
    assert not (tmp_path.parent / "evil.json").exists()


def test_each_refused_file_says_why_and_the_others_come_in() -> None:
    content = pack(("good.json", GRAPH), ("notes.txt", b"hello"), ("broken.json", b"{"), ("__MACOSX/._good.json", b"x"))
    found = saved_graphs.incoming([("g.zip", content)])
    assert [(each.name, each.graph is not None) for each in found] == [
        ("good", True), ("notes.txt", False), ("broken", False),
    ]  # fmt: skip
    assert found[1].error is not None
    assert "ends with .json" in found[1].error.message


def test_a_bomb_is_left_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_pack, "MAX_BYTES", 2_000_000)
    monkeypatch.setattr(graph_pack, "MAX_TOTAL", 3_000_000)
    zeros = b" " * 1_900_000
    assert reasons(pack(("huge.json", b" " * 2_000_001), ("small.json", GRAPH))) == {
        "huge.json": "A graph file holds at most 2 MB."
    }
    said = reasons(pack(("a.json", zeros), ("b.json", zeros), ("c.json", GRAPH)))
    assert list(said) == ["b.json"]
    assert "at most 3 MB together" in said["b.json"]


def test_a_zip_of_too_many_files_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_pack, "MAX_FILES", 2)
    found = list(graph_pack.unpacked("g.zip", pack(*((f"{n}.json", GRAPH) for n in "abc"))))
    assert [name for name, _ in found] == ["a.json", "b.json", "g.zip"]
    assert "the first 2 were read" in str(found[2][1])


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no zip", "damaged"), (pack(), "no files"), (pack(("a.json", GRAPH))[:60], "damaged")],
    ids=["text", "empty", "cut off"],  # a zip holds the time, and so would the name of the test
)
def test_what_is_no_zip_says_so(content: bytes, words: str) -> None:
    (said,) = reasons(content).values()
    assert words in said


def test_a_damaged_or_locked_file_is_refused_alone() -> None:
    content = bytearray(pack(("a.json", GRAPH), ("b.json", GRAPH)))
    content[45] ^= 0xFF  # in the packed bytes of the first
    assert list(reasons(bytes(content))) == ["a.json"]
    locked = bytearray(pack(("a.json", GRAPH)))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    assert "locked" in reasons(bytes(locked))["a.json"]


def test_the_dialog_speaks_of_zips() -> None:
    assert all("zip" in text("import_label", language) for language in ("en", "zh"))

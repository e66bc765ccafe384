"""Graph files: what is read, what is refused, migrations, atomic saves."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from builder.graph import Graph, GraphError, dumps, file, load, loads, save, to_document, write_atomic
from tests.compiler.build import graph

MINIMAL = {"format": "layerloom-graph", "version": 1, "nodes": [], "edges": []}


def test_one_node_and_one_edge_a_line() -> None:
    block = graph({"x": "port_in", "r": "act_relu", "y": "port_out"}, ["x.y r.x", "r.y y.x"])
    text = dumps(graph({"a": "act_relu", "b": "block:res"}, ["a.y b.x"], {"res": block}))
    lines = text.splitlines()
    assert '    {"id": "a", "component": "act_relu", "params": {}},' in lines
    assert '    {"from": "a.y", "to": "b.x"}' in lines
    assert '        {"id": "r", "component": "act_relu", "params": {}},' in lines
    assert text.endswith("}\n")


def test_a_changed_parameter_changes_one_line() -> None:
    made = graph({f"n{i}": "act_relu" for i in range(20)}, [f"n{i}.y n{i + 1}.x" for i in range(19)])
    before = dumps(made).splitlines()
    made.nodes["n7"]["params"]["inplace"] = True
    after = dumps(made).splitlines()
    assert len(before) == len(after)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_text_in_any_language_stays_readable() -> None:
    made = Graph()
    made.meta["title_zh"] = "卷积网络 🙂"
    assert "卷积网络 🙂" in dumps(made)
    assert loads(dumps(made).encode()).meta == made.meta


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON: .* line 1, column 1"),
        ("{", "not valid JSON"),
        ('{"format": "layerloom-graph", "version": 1, "nodes": [], "edges": []} x', "not valid JSON: Extra data"),
        ("[]", "not a graph file: expected .*layerloom-graph"),
        ("null", "not a graph file"),
        ('{"format": "comfy"}', "received 'comfy'"),
        ('{"format": "layerloom-graph"}', "version must be an integer of at least 1. Got None"),
        ('{"format": "layerloom-graph", "version": true}', "Got True instead"),
        ('{"format": "layerloom-graph", "version": 1.0}', "Got 1.0 instead"),
        ('{"format": "layerloom-graph", "version": 0}', "Got 0 instead"),
        ('{"format": "layerloom-graph", "version": 99}', "version 99; this program reads versions up to 1"),
        ('{"a": NaN}', "JSON has no number NaN"),
        ('{"a": -Infinity}', "JSON has no number -Infinity"),
        ('{"a": 1e999}', "the number 1e999 is out of range"),
        ('{"a": 99999999999999999999}', "the number 99999999999999999999 is out of range"),
        ('{"a": ' + "9" * 100_000 + "}", "out of range"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
        ('{"a": "\\ud800"}', "half of a character"),
        ('{"\\udc00": 1}', "half of a character"),
        ("[" * 100_000, "nested more than 60 deep"),
        ("[" * 100 + "]" * 100, "nested more than 60 deep"),
    ],
)
def test_texts_that_are_no_graph_files(text: str, message: str) -> None:
    for form in (text, text.encode()):
        with pytest.raises(GraphError, match=message) as caught:
            loads(form)
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)
        assert caught.value.message_zh


@pytest.mark.parametrize(
    "data", [b"\x80\x04\x95\x10\x00", b"\xff\xfe{\x00}\x00", b"PK\x03\x04\x14\x00\xff\xfe", b"\x00\xff" * 1000]
)
def test_binary_data(data: bytes) -> None:
    with pytest.raises(GraphError, match="This is not"):
        loads(data)


def test_byte_order_mark_is_skipped() -> None:
    text = json.dumps(MINIMAL)
    assert to_document(loads(b"\xef\xbb\xbf" + text.encode())) == to_document(loads("\ufeff" + text))


def test_size_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(file, "MAX_BYTES", 100)
    with pytest.raises(GraphError, match="at most 0 MB; this one has more"):
        loads(json.dumps(MINIMAL) + " " * 100)
    path = tmp_path / "large.json"
    path.write_bytes(b" " * 1000)
    with pytest.raises(GraphError, match="this one has more"):
        load(path)


# ------------------------------------------------------------------ migrations


def test_an_older_file_is_migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def first(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, "nodes": [{**n, "component": n["type"]} for n in document["nodes"]]}

    def second(document: dict[str, Any]) -> dict[str, Any]:
        nodes = [{k: v for k, v in n.items() if k != "type"} for n in document["nodes"]]
        return {**document, "nodes": nodes, "meta": {"title": document["meta"]["title"].upper()}}

    monkeypatch.setattr(file, "VERSION", 3)
    monkeypatch.setattr(file, "MIGRATIONS", {1: first, 2: second})
    old = {**MINIMAL, "meta": {"title": "old"}, "nodes": [{"id": "a", "type": "linear"}]}
    document = file.migrate(old)
    assert document["version"] == 3
    assert document["nodes"] == [{"id": "a", "component": "linear"}]
    assert document["meta"] == {"title": "OLD"}
    assert file.migrate({**document, "version": 3}) == document
    with pytest.raises(GraphError, match="not a valid graph file of version 1"):
        file.migrate({**old, "nodes": [{"id": "a"}]})
    with pytest.raises(GraphError, match="version 4; this program reads versions up to 3"):
        file.migrate({**old, "version": 4})


def test_every_older_version_has_a_migration() -> None:
    assert set(file.MIGRATIONS) == set(range(1, file.VERSION))


# ------------------------------------------------------------------ reading and writing


def test_save_and_load(tmp_path: Path) -> None:
    made = graph({"a": ("linear", {"out_features": 3})})
    path = tmp_path / "new folder" / "graph.json"
    save(made, path)
    assert to_document(load(path)) == to_document(made)
    assert load(str(path)).nodes["a"]["params"] == {"out_features": 3}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["graph.json"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.json"
    made = graph({"a": "linear"})
    save(made, path)
    before = path.read_bytes()
    made.nodes["a"]["params"]["bad"] = float("nan")
    with pytest.raises(GraphError, match="finite numbers"):
        save(made, path)
    made.nodes["a"]["params"]["bad"] = 1

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GraphError, match=r"Cannot write .* No space left on device"):
        save(made, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["graph.json"]


def test_a_reader_never_sees_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.json"
    path.write_text("old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(path.read_text()))
    write_atomic(path, "new" * 1000)
    assert seen == ["old"]
    assert path.read_text() == "new" * 1000


@pytest.mark.parametrize("name", ["missing.json", "nul\0byte.json", ".", "x" * 5000])
def test_unreadable_paths(tmp_path: Path, name: str) -> None:
    with pytest.raises(GraphError, match="Cannot read the graph file") as caught:
        load(tmp_path / name)
    assert len(str(caught.value)) < 500


def test_unwritable_paths(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "below.json", tmp_path / "nul\0byte.json"):
        with pytest.raises(GraphError, match="Cannot write the graph file"):
            save(Graph(), path)

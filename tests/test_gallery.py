"""The gallery as entries of the list of components."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from builder.gallery import FOLDER, entries, graph_files
from builder.graph import GraphError

MINIMAL = {"format": "layerloom-graph", "version": 1, "nodes": [], "edges": []}


def write(folder: Path, name: str, **meta: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(MINIMAL | {"meta": meta}))


def test_every_graph_file_is_an_entry() -> None:
    found = entries()
    assert [e.path for e in sorted(found, key=lambda e: e.path)] == graph_files()
    assert len({e.id for e in found}) == len(found)


def test_runs_beside_the_gallery_are_no_entries(tmp_path: Path) -> None:
    write(tmp_path, "runs/base/graph.json")
    write(tmp_path, "vision/runs.json")
    assert [path.name for path in graph_files(tmp_path)] == ["runs.json"]
    assert [entry.id for entry in entries(tmp_path)] == ["model_runs"]


def test_ids_names_and_folders(tmp_path: Path) -> None:
    write(tmp_path, "a.json", title="A", title_zh="甲", source="S", description="D", description_zh="述", task="T")
    write(tmp_path, "vision/b.json")
    write(tmp_path, "gan/c.json", id="gan_dcgan", kind="block", title="C")
    a, b, c = sorted(entries(tmp_path), key=lambda e: e.path.stem)
    assert a.describe() == {
        "id": "model_a", "kind": "model", "family": "T", "name": "A", "name_zh": "甲", "inputs": [], "outputs": [], "numbered_outputs": None,
        "params": {"type": "object", "title": "model_a", "properties": {}, "additionalProperties": False},
        "source": "S", "summary": "D", "summary_zh": "述", "graph": "a.json",
    }  # fmt: skip
    assert (b.id, b.title, b.title_zh) == ("model_b", "b", "b")
    assert (c.id, c.kind, c.title_zh) == ("gan_dcgan", "block", "C")
    assert [e.id for e in entries(tmp_path)] == ["gan_dcgan", "model_a", "model_b"]


@pytest.mark.parametrize("meta", [{"title": 3}, {"title": ["x"]}, {"title": None, "id": {}}])
def test_odd_metadata_is_no_title(tmp_path: Path, meta: dict[str, object]) -> None:
    write(tmp_path, "a.json", **meta)
    (entry,) = entries(tmp_path)
    assert (entry.id, entry.title) == ("model_a", "a")
    (tmp_path / "a.json").write_text(json.dumps(MINIMAL | {"meta": 3}))
    assert entries(tmp_path)[0].title == "a"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(GraphError, match=r"bad\.json: This is not valid JSON") as caught:
        entries(tmp_path)
    assert "bad.json" in caught.value.message_zh


def test_an_entry_has_the_keys_of_a_component() -> None:
    from components import all_components

    assert entries()[0].describe().keys() - {"graph"} == all_components()["linear"].describe().keys()


def test_reading_the_gallery_needs_no_torch() -> None:
    import subprocess

    code = "import sys, builder.gallery as g; g.entries(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, timeout=60).returncode == 0

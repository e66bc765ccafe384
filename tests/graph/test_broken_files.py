"""Broken graph files: one clear message each. What loads is checked without an exception, and the command line tells it."""

from __future__ import annotations

import copy
import gzip
import io
import json
import pickle
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.__main__ import main
from builder.compiler import check
from builder.gallery import graph_files
from builder.graph import GraphError, load
from components import all_components

GALLERY = Path(__file__).parents[2] / "graphs"
CASES = 300
LONGEST = 1500  # characters of a message


class Evil:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("/tmp/pwned"),))


SCALARS: list[Any] = [
    None, True, False, 0, -1, 1, 3, 2**31, 2**63, 10**30, 1e308, -0.5, float("nan"), float("inf"), "", " ", "x" * 100_000, "../../etc/passwd",
    "C:\\Windows\\x", "/etc/passwd", "a\nb", "\u202e\x1b[2J", "nul\0l", "卷积", "\ud800", "<script>alert(1)</script>", "__import__('os')", "x.y", "block:",
    "block:residual", "port_in", "port_out", "linear", "no_such_component", "1", "conv1.y",
]  # fmt: skip
STRUCTURES: list[Any] = [
    [], {}, [[]], {"": {}}, [None], {"param": "channels"}, {"param": ["x"]}, {"from": "shared", "node": "x"}, [1, 2, 3], [10**12] * 3, list(range(1000)),
    {"id": "a", "component": "linear"}, {"component": "init_zero"},
]  # fmt: skip


SOUND = ("rewire", "component", "swap", "params", "params", "settings")  # the file still loads, most of the time


def bases() -> list[dict[str, Any]]:
    paths = graph_files()
    return [json.loads(path.read_text()) for path in paths]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path into a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield (*path, key)
        if len(path) < 8:
            yield from places(child, (*path, key))


def mutate(document: dict[str, Any], rng: random.Random) -> None:
    """One way in which a file may be broken, or only odd."""
    *path, key = rng.choice(list(places(document)) or [("format",)])
    parent: Any = document
    for part in path:
        parent = parent[part]
    nodes, edges = document.get("nodes"), document.get("edges")
    whole = isinstance(nodes, list) and nodes and all(isinstance(n, dict) and "id" in n for n in nodes)
    kind = rng.choice(("scalar", "structure", "delete", "twice", "deep", "version", *SOUND, *SOUND))
    if kind == "scalar":
        parent[key] = rng.choice(SCALARS)
    elif kind == "structure":
        parent[key] = copy.deepcopy(rng.choice(STRUCTURES))
    elif kind == "delete":
        del parent[key]
    elif kind == "twice" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    elif kind == "rewire" and whole and isinstance(edges, list):
        ids = [n["id"] for n in nodes] + ["nowhere"]
        ports = ("x", "y", "xs", "loss", "logits", "target", "schedule", "nope")
        edges.append({"from": f"{rng.choice(ids)}.{rng.choice(ports)}", "to": f"{rng.choice(ids)}.{rng.choice(ports)}"})
    elif kind == "component" and whole:
        rng.choice(nodes)["component"] = rng.choice(sorted(all_components()))
    elif kind == "swap" and whole:
        a, b = rng.choice(nodes), rng.choice(nodes)
        a["params"], b["params"] = b.get("params", {}), a.get("params", {})
    elif kind == "params" and whole:
        node = rng.choice(nodes)
        entry = all_components().get(str(node.get("component")))
        name = rng.choice([*(entry.parameters if entry else ()), "odd"])
        if isinstance(node.get("params"), dict):
            node["params"][name] = copy.deepcopy(rng.choice((*SCALARS, *STRUCTURES)))
    elif kind == "settings" and whole:
        name = rng.choice(("frozen", "repeat", "weights", "init", "name", "batch_size", "clip_norm", "odd"))
        rng.choice(nodes)["settings"] = {name: copy.deepcopy(rng.choice((*SCALARS, *STRUCTURES)))}
    elif kind == "deep":
        for _ in range(rng.choice((10, 70, 200))):
            parent[key] = [parent[key]]
    else:
        document["version"] = rng.choice((0, 2, -1, 10**20, "1", 1.0, None, True))


def broken(rng: random.Random) -> bytes:
    """The bytes of a broken file."""
    document = rng.choice(bases())
    disguise = rng.random()
    if disguise < 0.04:
        return pickle.dumps(rng.choice((document, Evil())), protocol=rng.choice((0, 2, 4)))
    for _ in range(rng.choice((1, 1, 2, 4))):
        mutate(document, rng)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    if disguise < 0.08:
        return gzip.compress(text)
    if disguise < 0.12:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("../graph.json", text)
        return packed.getvalue()
    if disguise < 0.18:
        return text[: rng.randrange(len(text))]
    if disguise < 0.24:
        at = rng.randrange(len(text))
        return text[:at] + rng.randbytes(rng.choice((1, 8, 200))) + text[at:]
    if disguise < 0.27:
        return text.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**64))
def test_one_clear_message_and_no_crash(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    path = folder / "graph.json"
    path.write_bytes(broken(rng))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAYERLOOM_DEBUG", "1")  # an unexpected exception is raised, not put into words
        patch.setenv("LAYERLOOM_WORKSPACE", str(folder / "workspace"))
        messages = _messages(path)
        shown, status = _run(["check", str(path), "--json"], patch)
        answer = json.loads(shown[0])
        assert status == (1 if messages else 0)
        assert answer["ok"] == (not messages)
        assert [e["message"] for e in answer["errors"]] == messages
        assert {"nodes", "parameters", "flops"} <= answer.keys()
        shown, status = _run(["check", str(path)], patch)
        assert status == (1 if messages else 0)
        lines = shown[1].splitlines()
        assert len(lines) == len(messages), "one line a problem"
        assert all(line.startswith("error: ") for line in lines)
    assert not Path("/tmp/pwned").exists()


def _messages(path: Path) -> list[str]:
    """What is wrong with a file: the one reason not to load it, or the problems of its graph."""
    try:
        graph = load(path)
    except GraphError as error:
        pairs = [(error.message, error.message_zh)]
    else:
        pairs = [(p.message, p.message_zh) for p in check(graph).problems]
    for message, message_zh in pairs:
        assert 10 < len(message) < LONGEST, message[:LONGEST]
        assert message_zh
        assert not any(c in message for c in "\n\x1b\0")
        assert "Traceback" not in message
    return [message for message, _ in pairs]


def _run(arguments: list[str], patch: pytest.MonkeyPatch) -> tuple[list[str], int]:
    out, err = io.StringIO(), io.StringIO()
    patch.setattr("sys.stdout", out)
    patch.setattr("sys.stderr", err)
    status = main(arguments)
    return [out.getvalue(), err.getvalue()], status

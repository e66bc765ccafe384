"""The command line: exit status 0, 1 for a problem in the input, 2 for wrong usage; one clear line, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builder import __main__ as cli
from builder.gallery import graph_files
from builder.graph import Graph, save
from components import all_components
from tests.compiler.build import graph, image

ROOT = Path(__file__).parents[1]
GRAPHS = graph_files()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAYERLOOM_DEBUG", raising=False)
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path / "workspace"))


class Ran:
    """What a command answered."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err
        self.lines = err.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str | Path) -> Ran:
        try:
            status = cli.main([str(a) for a in arguments])
        except SystemExit as stop:  # argparse: help, or wrong usage
            status = stop.code if isinstance(stop.code, int) else 1
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Ran(status, shown.out, shown.err)

    return command


def broken() -> Graph:
    return graph({"data": image(4), "fc": ("linear", {"in_features": 3}), "open": "act_relu"}, ["data.x fc.x"])


# ------------------------------------------------------------------ usage


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["check"], ["check", "a", "b"], ["check", "a", "--nope"], ["train", "g.json"], ["export", "g.json", "--out", "x"],
        ["export", "g.json", "--format", "exe", "--out", "x"], ["train", "g.json", "--out", "r", "--epochs", "0"], ["train", "g.json", "--out", "r", "--epochs", "two"],
        ["train", "g.json", "--out", "r", "--seed", "-1"], ["train", "g.json", "--out", "r", "--precision", "8"], ["evaluate"], ["evaluate", "r", "--split", "all"],
        ["components", "extra"], ["schema", "--json"], ["inspect", "r"], ["inspect", "r", "--view", "output"], ["inspect", "r", "--list", "--set", "colour"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage(run: Any, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("usage: python -m builder")
    assert "error:" in answer.lines[-1]


def test_help(run: Any) -> None:
    answer = run("--help")
    assert answer.status == 0
    for command in (
        "components",
        "check",
        "train",
        "find-rate",
        "evaluate",
        "compare",
        "significance",
        "inspect",
        "export",
        "schema",
    ):
        assert command in answer.out
        assert run(command, "--help").status == 0


# ------------------------------------------------------------------ components and schema


def test_components(run: Any) -> None:
    answer = run("components")
    assert answer.status == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines()}
    assert len(lines) == len(all_components()) + len(GRAPHS)
    assert lines["linear"].split(maxsplit=2)[1:] == ["layer", "Linear (fully connected)  全连接层"]
    assert lines["model_lenet5"].split()[1] == "model"


def test_components_as_json(run: Any) -> None:
    answer = run("components", "--json")
    assert answer.status == 0
    assert len({entry["id"] for entry in answer.json}) == len(answer.json)
    by_id = {entry["id"]: entry for entry in answer.json}
    needed = {"id", "kind", "family", "name", "name_zh", "params", "inputs", "outputs", "source"}
    for entry in answer.json:
        assert needed <= entry.keys()
        assert entry["params"]["type"] == "object"
        assert all(entry[key] for key in ("id", "kind", "family", "name", "name_zh"))
    assert by_id["linear"]["params"]["properties"]["out_features"]["minimum"] == 1
    assert by_id["linear"]["params"]["properties"]["in_features"]["x-inferred"] == "x"
    assert [port["name"] for port in by_id["rnn_lstm"]["outputs"]] == ["y", "h", "c"]
    assert by_id["op_add"]["inputs"][0]["variadic"] is True
    assert by_id["op_split"]["numbered_outputs"] == {"prefix": "y", "count": "sections"}


def test_gallery_graphs_are_listed(run: Any) -> None:
    by_id = {entry["id"]: entry for entry in run("components", "--json").json}
    for path in GRAPHS:
        meta = json.loads(path.read_text())["meta"]
        entry = by_id[meta.get("id") or f"model_{path.stem}"]
        assert (entry["name"], entry["name_zh"], entry["source"]) == (meta["title"], meta["title_zh"], meta["source"])
        assert entry["kind"] in ("model", "block")
        assert entry["params"]["properties"] == {}


def test_schema(run: Any) -> None:
    import jsonschema

    answer = run("schema")
    assert answer.status == 0
    validator = jsonschema.Draft202012Validator(answer.json)
    validator.check_schema(answer.json)
    for path in GRAPHS:
        validator.validate(json.loads(path.read_text()))


# ------------------------------------------------------------------ check


def test_check_of_a_sound_graph(run: Any) -> None:
    answer = run("check", ROOT / "graphs" / "lenet5.json")
    assert answer.status == 0
    assert answer.err == ""
    assert "fc3" in answer.out
    assert "61,706 parameters, 833,0" in answer.out.splitlines()[-1]


def test_check_of_a_sound_graph_as_json(run: Any) -> None:
    answer = run("check", ROOT / "graphs" / "lenet5.json", "--json")
    assert answer.status == 0
    assert answer.json["ok"] is True
    assert answer.json["errors"] == []
    assert answer.json["nodes"]["conv1"]["outputs"] == {"y": ["B", 6, 28, 28]}
    assert answer.json["parameters"] == 61706
    assert isinstance(answer.json["flops"], int)


def test_check_of_a_broken_graph(run: Any, tmp_path: Path) -> None:
    save(broken(), tmp_path / "g.json")
    answer = run("check", tmp_path / "g.json")
    assert answer.status == 1
    assert answer.lines == [
        "error: fc.x: in_features is set to 3, but port 'x' brings 4. (fix: Set in_features to automatic)",
        "error: open.x: Port 'x' is not connected; it expects a tensor.",
    ]
    assert "data " in answer.out


def test_check_of_a_broken_graph_as_json(run: Any, tmp_path: Path) -> None:
    save(broken(), tmp_path / "g.json")
    answer = run("check", tmp_path / "g.json", "--json")
    assert answer.status == 1
    assert answer.err == ""
    assert answer.json["ok"] is False
    assert [{k: e[k] for k in ("node", "port", "message")} for e in answer.json["errors"]] == [
        {"node": "fc", "port": "x", "message": "in_features is set to 3, but port 'x' brings 4."},
        {"node": "open", "port": "x", "message": "Port 'x' is not connected; it expects a tensor."},
    ]
    assert all(e["message_zh"] for e in answer.json["errors"])


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": "layerloom-graph", "version": 9}', "\ud800"])
def test_check_of_what_is_no_graph_file(run: Any, tmp_path: Path, text: str) -> None:
    path = tmp_path / "g.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    answer = run("check", path)
    assert answer.status == 1
    assert answer.out == ""
    assert len(answer.lines) == 1
    assert answer.lines[0].startswith("error: ")
    answer = run("check", path, "--json")
    assert answer.status == 1
    assert {"ok", "error", "errors", "nodes", "parameters", "flops"} == answer.json.keys()
    assert answer.json["errors"][0]["message"] == answer.json["error"]


@pytest.mark.parametrize(
    "command",
    [["check"], ["train", "--out", "run"], ["export", "--format", "python", "--out", "out"]],
    ids=lambda c: c[0],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_file_that_is_not_there(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], form: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run(command[0], "nowhere.json", *command[1:], *form)
    assert answer.status == 1
    if form:
        assert answer.json["ok"] is False
        assert "nowhere.json" in answer.json["error"]
    else:
        assert len(answer.lines) == 1
        assert "nowhere.json" in answer.err
    assert list(tmp_path.glob("*")) == [], "nothing is left behind"


def test_training_a_broken_graph_tells_every_problem(run: Any, tmp_path: Path) -> None:
    save(broken(), tmp_path / "g.json")
    answer = run("train", tmp_path / "g.json", "--out", tmp_path / "run", "--json")
    assert answer.status == 1
    assert "in_features is set to 3" in answer.json["error"]
    answer = run("train", tmp_path / "g.json", "--out", tmp_path / "run2")
    assert answer.status == 1
    assert all(line.startswith("error: ") for line in answer.lines)
    assert "in_features is set to 3" in answer.err


# ------------------------------------------------------------------ the last resort


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (ValueError("first\n\nsecond"), ["error: first", "error: second"]),
        (ValueError(), ["error: ValueError"]),
        (RuntimeError("boom"), ["error: Unexpected RuntimeError: boom"]),
        (KeyError("x"), ["error: Unexpected KeyError: 'x'"]),
        (PermissionError(13, "Permission denied", "/root/x"), ["error: Permission denied: '/root/x'"]),
        (OSError(28, "No space left on device"), ["error: No space left on device"]),
        (ValueError("a\x1b[2Jb\u202ec\x07"), ["error: a\\x1b[2Jb\\u202ec\\x07"]),
        (ValueError("卷积 \ud800"), ["error: 卷积 \\ud800"]),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Exception) else "",
)
def test_exceptions_become_lines(run: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, lines: list[str]) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("builder.graph.schema", fail)
    answer = run("schema")
    assert answer.status == 1
    assert answer.lines == lines
    monkeypatch.setenv("LAYERLOOM_DEBUG", "1")
    with pytest.raises(type(error)):
        run("schema")


def test_an_interruption(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("builder.graph.schema", interrupt)
    answer = run("schema")
    assert answer.status == 130
    assert answer.err == "Stopped.\n"


# ------------------------------------------------------------------ as a process


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "builder", *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )  # fmt: skip


def test_a_process_answers_in_any_encoding_and_to_a_closed_pipe() -> None:
    answer = process("components", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert "\\u5168\\u8fde\\u63a5\\u5c42" in answer.stdout
    command = f"{sys.executable} -m builder components --json | head -n 1; echo ${{PIPESTATUS[0]}}"
    closed = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert closed.stdout.splitlines() == ["[", "0"]
    assert closed.stderr == ""


def test_a_process_returns_its_status(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(b"\x80\x04\x95")
    answer = process("check", str(path))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "error: This is not a graph file: expected UTF-8 text, received binary data.\n"
    assert process().returncode == 2


# ------------------------------------------------------------------ diff


def test_diff_lists_what_changed_and_the_totals(run: Any, tmp_path: Path) -> None:
    old, new = graph({"data": image(4), "fc": "linear"}, ["data.x fc.x"]), graph({"data": image(4), "fc": ("linear", {"out_features": 8}), "act": "act_relu"}, ["data.x fc.x", "fc.y act.x"])  # fmt: skip
    save(old, tmp_path / "old.json")
    save(new, tmp_path / "new.json")
    found = run("diff", tmp_path / "old.json", tmp_path / "new.json")
    assert found.status == 0
    assert found.out.splitlines() == [
        "+ act",
        "~ fc: out_features null -> 8",
        "+ fc.y -> act.x",
        "parameters: 320 -> 40",
        "flops: 512 -> 64",
        "activation_bytes: 256 -> 64",
    ]
    data = run("diff", tmp_path / "old.json", tmp_path / "new.json", "--json").json
    assert data["graph"]["added"] == ["act"]
    assert data["parameters"] == [320, 40]
    same = run("diff", tmp_path / "old.json", tmp_path / "old.json", "--json").json
    assert same["ok"]
    assert same["equal"]


def test_diff_needs_two_graphs(run: Any, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text("{}")
    found = run("diff", GRAPHS[0], tmp_path / "no.json")
    assert found.status == 1
    assert len(found.lines) == 1
    assert run("diff", GRAPHS[0]).status == 2


# ------------------------------------------------------------------ inspect


def test_inspect_lists_and_draws_views(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    save(graph({"data": image(4), "fc": ("linear", {"out_features": 3})}, ["data.x fc.x"]), path)
    listed = run("inspect", path, "--list", "--json")
    assert listed.status == 0
    views = {view["view"]: view for view in listed.json["views"]}
    assert views["output"]["nodes"] == ["fc"]
    assert "output" in run("inspect", path, "--list").out
    out = tmp_path / "output.json"
    answer = run("inspect", path, "--view", "output", "--node", "fc", "--sample", "2", "--split", "train", "--out", out)
    assert answer.status == 0, answer.err
    assert answer.out.splitlines()[:4] == [
        f"out: {out}",
        "name: Output of a node",
        "node: fc",
        "sample: train sample 2",
    ]
    assert json.loads(out.read_text())["data"]["node"] == "fc"
    page = tmp_path / "output.html"
    said = run("inspect", path, "--view", "output", "--language", "zh", "--dark", "--out", page, "--json").json
    assert (said["ok"], said["name"], said["node"]) == (True, "节点输出", "fc")
    assert page.read_text().startswith('<!doctype html>\n<html lang="zh">')


def test_find_rate_writes_the_losses_and_what_they_suggest(run: Any, tmp_path: Path) -> None:
    source, out = ROOT / "graphs" / "logistic_regression.json", tmp_path / "rates" / "found.json"
    found = run("find-rate", source, "--out", out, "--steps", "30", "--low", "1e-4", "--high", "1", "--json").json
    assert found["ok"] and len(found["rates"]) == 30 and found["optimizer"] == "optimizer"
    assert json.loads(out.read_text())["losses"] == found["losses"]
    told = run("find-rate", source, "--steps", "5")
    assert told.status == 0 and "steepest: None" in told.out
    wrong = run("find-rate", source, "--out", tmp_path / "found.txt")
    assert wrong.status == 1 and ".json or .html" in wrong.err and len(wrong.lines) == 1


def test_significance_says_whether_runs_differ(run: Any, tmp_path: Path) -> None:
    source = ROOT / "graphs" / "logistic_regression.json"
    for name, rate in (("slow", "0.001"), ("fast", "0.5")):
        run("train", source, "--out", tmp_path / name, "--epochs", "1", "--set", f"optimizer.lr={rate}", "--json")
    out = tmp_path / "found.json"
    told = run("significance", tmp_path / "slow", tmp_path / "fast", "--out", out)
    assert told.status == 0 and "McNemar" in told.out and "95 % interval by Wilson" in told.out
    assert json.loads(out.read_text())["by"] == "runs"
    wrong = run("significance", tmp_path / "slow", tmp_path / "fast", "--by", "seeds")
    assert wrong.status == 1 and "only run of its graph" in wrong.err and len(wrong.lines) == 1


def test_inspect_looks_at_a_sample_from_a_file(run: Any, tmp_path: Path) -> None:
    path, row, out = tmp_path / "graph.json", tmp_path / "flower.csv", tmp_path / "sample.json"
    save(graph({"data": "data_iris", "fc": ("linear", {"out_features": 3})}, ["data.x fc.x"]), path)
    row.write_text("5.1,3.5,1.4,0.2\n")
    answer = run("inspect", path, "--view", "sample", "--sample", row, "--out", out)
    assert answer.status == 0, answer.err
    assert "sample: your row" in answer.out
    assert json.loads(out.read_text())["data"]["array"] == pytest.approx([5.1, 3.5, 1.4, 0.2])
    row.write_text("5.1,wide\n")
    for file, reason in (
        (row, "must have 4 numbers"),
        (tmp_path / "a.png", "takes a row of a table"),
        (tmp_path / "b.csv", "No such"),
    ):
        wrong = run("inspect", path, "--view", "sample", "--sample", file, "--out", out)
        assert (wrong.status, len(wrong.lines)) == (1, 1)
        assert reason in wrong.err


def test_inspect_says_what_cannot_be_drawn(run: Any, tmp_path: Path) -> None:
    answer = run("inspect", GRAPHS[0], "--view", "nonsense", "--out", tmp_path / "a.json")
    assert (answer.status, answer.out, len(answer.lines)) == (1, "", 1)
    assert answer.err.startswith("error: There is no view 'nonsense' of this model. There are: sample")
    wrong = run("inspect", tmp_path / "gone", "--list", "--json")
    assert wrong.status == 1
    assert not wrong.json["ok"]

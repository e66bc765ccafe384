"""Variants of a graph, trained and compared."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from builder.__main__ import main
from builder.comparison import Choice, ComparisonFolder, Plan, Progress, compare, go_on, start
from builder.comparison.variants import variant
from builder.compiler import CompileError
from builder.graph import Graph, GraphError, edit, flatten, load
from builder.train import Run, TrainError
from builder.train.evaluation import higher_is_better


def plan(node: str, choices: str, seeds: int = 1, epochs: int = 1) -> Plan:
    return Plan((node,), tuple(map(Choice.parse, choices.split())), seeds, epochs)


def changed(graph: Graph, node: str, choice: str) -> Graph:
    return variant(graph, [node], Choice.parse(choice), plan(node, choice).place)


GRAPHS = Path(__file__).parents[2] / "graphs"
MLP = GRAPHS / "mlp.json"


def test_a_variant_has_another_component_in_the_place() -> None:
    graph = load(MLP)
    found = changed(graph, "relu1", "act_gelu")
    (new,) = [node for node in found if found.nodes[node]["component"] == "act_gelu"]
    assert [str(wire) for wire in found.wires_into(new)] == [f"bn1.y -> {new}.x"]
    assert graph.nodes["relu1"]["component"] == "act_relu", "the graph given is left alone"
    assert "relu1" not in flatten(changed(graph, "relu1", "none")).nodes


def test_in_a_block_every_use_changes() -> None:
    graph = load(GRAPHS / "resnet_small.json")
    uses = [path for path in flatten(graph).nodes if path.endswith("/bn1")]
    assert len(uses) > 1
    after = flatten(changed(graph, uses[0], "norm_rms")).nodes
    assert sum(node.component.id == "norm_rms" for node in after.values()) == len(uses)


@pytest.mark.parametrize(
    ("node", "choice", "error", "words"),
    [
        ("nowhere", "act_gelu", GraphError, "no node 'nowhere'"),
        ("relu1/x", "act_gelu", GraphError, "no use of a block"),
        ("relu1", "act_gelo", GraphError, "act_gelo"),
        ("relu1", "data_iris", GraphError, "cannot take over"),
        ("relu1", "conv_standard", CompileError, "conv"),
    ],
)
def test_what_cannot_stand_there_is_said_at_once(node: str, choice: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        changed(load(MLP), node, choice)


def test_choices_and_seeds_are_trained_once(tmp_path: Path) -> None:
    lines: list[str] = []
    found = compare(MLP, plan("relu1", "act_relu act_tanh", 2), tmp_path, lines.append)
    assert found is not None
    assert [row.choice for row in found.rows] == ["act_relu", "act_tanh"]
    assert (found.figure, found.split, found.higher_is_better, found.seeds) == ("accuracy", "test", True, (0, 1))
    assert len(lines) == 4
    for row in found.rows:
        assert len({*row.values}) == 2, "seeds differ"
        for seed, value in zip(found.seeds, row.values):
            run = Run(tmp_path / row.choice / f"seed{seed}")
            assert run.info()["seed"] == seed
            assert run.evaluation()["test"]["metrics"]["accuracy"] == value
    assert json.loads((tmp_path / "comparison.json").read_text()) == found.to_json()
    assert "plotly" in (tmp_path / "comparison.html").read_text()[:100_000].lower()

    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")}
    again = compare(MLP, plan("relu1", "act_tanh act_relu", 2), tmp_path)
    assert again is not None
    assert {row.choice: row.values for row in again.rows} == {row.choice: row.values for row in found.rows}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")} == stamps

    with pytest.raises(TrainError, match="run of another graph"):
        compare(MLP, plan("relu2", "act_tanh"), tmp_path)
    with pytest.raises(TrainError, match="comparison of another graph"):
        compare(GRAPHS / "lenet5.json", plan("relu1", "act_tanh"), tmp_path)


def test_what_is_judged_by_different_figures_is_not_compared(tmp_path: Path) -> None:
    graph = load(MLP)
    edit.remove_nodes(graph, [node for node in graph if graph.nodes[node]["component"].startswith("metric_")])
    (loss,) = [node for node in graph if graph.nodes[node]["component"] == "loss_cross_entropy"]
    edit.rename_node(graph, loss, "cross_entropy1", graph)
    with pytest.raises(TrainError, match=r"'loss_nll' is judged by 'nll1' .* the first choice by 'cross_entropy1'"):
        compare(graph, plan("cross_entropy1", "loss_cross_entropy loss_nll"), tmp_path)
    failed = ComparisonFolder(tmp_path).progress()
    assert failed.state == "failed" and failed.error and "cannot be compared" in failed.error["message"]


def test_which_way_a_figure_is_better() -> None:
    graph = Graph()
    for id, component in (("gan", "gan_hinge"), ("accuracy", "metric_accuracy"), ("mae", "metric_mae")):
        graph.place(id, component)
    flat = flatten(graph)
    assert [higher_is_better(flat, name) for name in ("gan.loss_d", "accuracy", "mae")] == [False, True, False]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", str(MLP), "--node", "relu1", "--choices", "act_relu,none", "--seeds", "1", "--epochs", "1"]
    assert main([*arguments, "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (
        found["ok"]
        and found["folder"] == str(tmp_path)
        and [row["choice"] for row in found["rows"]] == ["act_relu", "none"]
    )
    assert found["rows"][0]["half_width"] is None
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert "accuracy (test)" in capsys.readouterr().out
    arguments[3] = "nowhere"
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "no node 'nowhere'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["compare", str(MLP), "--node", "relu1", "--choices", "a,,b", "--out", str(tmp_path)])


def test_a_training_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    found = compare(GRAPHS / "logistic_regression.json", plan("optimizer", "opt_sgd:lr=1e38 opt_adam", 2), tmp_path)
    assert found is not None
    assert [row.choice for row in found.rows] == ["opt_adam"]
    assert {failure.choice for failure in found.failures} == {"opt_sgd:lr=1e38"}
    assert "failed" in found.table() and ComparisonFolder(tmp_path).result() == found


def test_it_stops_when_asked_and_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, wanted = ComparisonFolder(tmp_path), plan("relu1", "act_relu act_tanh")
    assert compare(MLP, wanted, tmp_path, report=lambda _: folder.ask_to_stop()) is None
    stopped = folder.progress()
    assert (stopped.state, stopped.done, stopped.total) == ("stopped", 1, 2) and folder.result() is None
    lines: list[str] = []
    assert compare(MLP, folder.plan(), tmp_path, lines.append) == folder.result()
    assert folder.progress().state == "finished" and len(lines) == 2


def test_a_process_that_died_is_told(tmp_path: Path) -> None:
    folder = ComparisonFolder(tmp_path)
    assert folder.progress().state == "unknown"
    folder.prepare(load(MLP), plan("relu1", "act_relu"))
    folder.write(Progress("running"))
    lock = folder.lock()
    assert folder.progress().state == "running"
    with pytest.raises(TrainError, match="by another process"):
        go_on(folder)
    os.close(lock)
    died = folder.progress()
    assert died.state == "crashed" and died.error and not died.alive
    with pytest.raises(TrainError, match="already holds a comparison"):
        start(load(MLP), plan("relu1", "act_relu"), tmp_path)


@pytest.mark.slow
def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    folder = start(load(MLP), plan("relu1", "act_relu none"), tmp_path / "new")
    deadline = time.monotonic() + 120
    while folder.progress().alive and time.monotonic() < deadline:
        time.sleep(0.1)
    found = folder.result()
    assert folder.progress().state == "finished", folder.file("log.txt").read_text()
    assert found is not None and [row.choice for row in found.rows] == ["act_relu", "none"]

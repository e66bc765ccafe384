"""Variants of a graph, trained and compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.__main__ import main
from builder.comparison import compare
from builder.comparison.variants import variant
from builder.compiler import CompileError
from builder.graph import Graph, GraphError, edit, flatten, load
from builder.train import Run, TrainError
from builder.train.evaluation import higher_is_better

GRAPHS = Path(__file__).parents[2] / "graphs"
MLP = GRAPHS / "mlp.json"


def test_a_variant_has_another_component_in_the_place() -> None:
    graph = load(MLP)
    changed = variant(graph, "relu1", "act_gelu")
    (new,) = [node for node in changed if changed.nodes[node]["component"] == "act_gelu"]
    assert [str(wire) for wire in changed.wires_into(new)] == [f"bn1.y -> {new}.x"]
    assert graph.nodes["relu1"]["component"] == "act_relu", "the graph given is left alone"
    assert "relu1" not in flatten(variant(graph, "relu1", "none")).nodes


def test_in_a_block_every_use_changes() -> None:
    graph = load(GRAPHS / "resnet_small.json")
    uses = [path for path in flatten(graph).nodes if path.endswith("/bn1")]
    assert len(uses) > 1
    after = flatten(variant(graph, uses[0], "norm_rms")).nodes
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
        variant(load(MLP), node, choice)


def test_choices_and_seeds_are_trained_once(tmp_path: Path) -> None:
    lines: list[str] = []
    found = compare(MLP, "relu1", ["act_relu", "act_tanh"], tmp_path, seeds=2, epochs=1, report=lines.append)
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
    again = compare(MLP, "relu1", ["act_tanh", "act_relu"], tmp_path, seeds=2, epochs=1)
    assert {row.choice: row.values for row in again.rows} == {row.choice: row.values for row in found.rows}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.jsonl")} == stamps

    with pytest.raises(TrainError, match="another graph"):
        compare(MLP, "relu2", ["act_tanh"], tmp_path, seeds=1, epochs=1)


def test_what_is_judged_by_different_figures_is_not_compared(tmp_path: Path) -> None:
    graph = load(MLP)
    edit.remove_nodes(graph, [node for node in graph if graph.nodes[node]["component"].startswith("metric_")])
    (loss,) = [node for node in graph if graph.nodes[node]["component"] == "loss_cross_entropy"]
    edit.rename_node(graph, loss, "cross_entropy1", graph)
    with pytest.raises(TrainError, match=r"'loss_nll' is judged by 'nll1' .* the first choice by 'cross_entropy1'"):
        compare(graph, "cross_entropy1", ["loss_cross_entropy", "loss_nll"], tmp_path, seeds=1, epochs=1)
    with pytest.raises(GraphError, match=r"at least one choice and one seed\. Got 0 and 3"):
        compare(graph, "cross_entropy1", [], tmp_path)


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
    assert found["ok"] and [row["choice"] for row in found["rows"]] == ["act_relu", "none"]
    assert found["rows"][0]["half_width"] is None
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert "accuracy (test)" in capsys.readouterr().out
    arguments[3] = "nowhere"
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "no node 'nowhere'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["compare", str(MLP), "--node", "relu1", "--choices", "a,,b", "--out", str(tmp_path)])

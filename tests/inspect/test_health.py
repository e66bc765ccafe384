"""The health of a run's nodes as tables and histograms: what the run recorded, on common bins, and what is ill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.graph import Graph, dumps
from builder.inspect import InspectError, Inspector, compute, health, options, views
from builder.inspect.command import draw
from builder.train import Run, train
from builder.train.health import FIGURES, FILE, HISTOGRAMS
from tests.train.graphs import classifier


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("health") / "run"
    train(classifier(layers={"fc": ("linear", {"out_features": 8}), "relu": ("act_relu", {}), "out": ("linear", {"out_features": 3})}, epochs=2), folder)  # fmt: skip
    return Run(folder)


def written(folder: Path, graph: Graph, moments: list[dict], shapes: list[dict]) -> Run:
    """A run of which this was recorded."""
    found = Run.create(folder, graph, {})
    for name, nodes in ((FILE, moments), (HISTOGRAMS, shapes)):
        lines = [json.dumps({"epoch": i + 1, "step": i + 1, "nodes": each}) for i, each in enumerate(nodes)]
        found.file(name).write_text("\n".join(lines) + "\n")
    return found


def test_a_table_has_a_row_a_node_and_a_column_a_moment(tmp_path: Path) -> None:
    moments = [
        {"fc": {"gradient": 1.0, "dead": 0.0}, "relu": {"dead": 0.25}},
        {"fc": {"gradient": 1e-7, "dead": 0.0}, "relu": {"dead": 0.75}, "out": {"gradient": 2.0}},
    ]
    found = health.vitals(written(tmp_path / "run", classifier(), moments, []), "gradient")
    assert found.nodes == ("fc", "out")
    assert found.epochs.tolist() == [1, 2]
    np.testing.assert_array_equal(found.values, [[1.0, 1e-7], [np.nan, 2.0]])
    assert [(m.row, m.column) for m in found.marks] == [(0, 1)]
    assert "vanishing" in found.marks[0].en
    dead = health.vitals(Run(tmp_path / "run"), "dead")
    assert [(m.row, m.column) for m in dead.marks] == [(1, 1)]  # each figure shows its own illnesses
    with pytest.raises(InspectError, match="recorded no 'update'"):
        health.vitals(Run(tmp_path / "run"), "update")


def test_histograms_come_to_common_bins(tmp_path: Path) -> None:
    shapes = [{"fc": {"weights": [0.0, 1.0, [10] * 40]}}, {"fc": {"weights": [-1.0, 3.0, [1] * 20 + [3] * 20]}}]
    found = health.histograms(written(tmp_path / "run", classifier(), [], shapes), "fc", "weights")
    assert (found.edges[0], found.edges[-1], found.shares.shape) == (-1.0, 3.0, (2, health.BINS))
    np.testing.assert_allclose(found.shares.sum(1), 1.0)
    np.testing.assert_allclose(found.shares[1], np.repeat([0.25, 0.75], 40) / 40)
    quarter = health.BINS // 4
    np.testing.assert_allclose(
        found.shares[0], [0.0] * quarter + [1 / quarter] * quarter + [0.0] * 2 * quarter, atol=1e-12
    )


def test_very_many_histograms_are_thinned_out(tmp_path: Path) -> None:
    shapes = [{"fc": {"weights": [0.0, 1.0, [1] * 40]}}] * 300
    found = health.histograms(written(tmp_path / "run", classifier(), [], shapes), "fc", "weights")
    assert len(found.epochs) == health.DRAWN
    assert (found.epochs[0], found.epochs[-1]) == (1, 300)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_of_a_run_is_drawn(run: Run, figure: str) -> None:
    drawn, found = compute(Inspector(run), "health", figure=figure, language="zh", dark=True)
    assert found.values.shape == (len(found.nodes), len(found.epochs))
    traces: Any = drawn.data
    shown = traces[0].z
    assert shown.shape == found.values.shape
    assert np.isfinite(shown).all()


def test_histograms_of_a_run_are_drawn(run: Run) -> None:
    inspector = Inspector(run)
    spec = next(view for view in views(inspector) if view.id == "histograms")
    assert spec.nodes == ("fc", "out")
    assert [option.name for option in options(inspector, "histograms", "fc")] == ["of"]
    for of in ("weights", "gradients"):
        drawn, found = compute(inspector, "histograms", "out", of=of)
        assert len(drawn.to_dict()["data"]) == len(found.epochs)
        np.testing.assert_allclose(found.shares.sum(1), 1.0, atol=1e-6)
    with pytest.raises(InspectError, match="no histograms of 'relu'"):
        health.histograms(run, "relu", "weights")


def test_a_graph_and_a_run_without_records_have_no_such_views(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "graph.json"
    path.write_text(dumps(run.graph()))
    train(classifier(epochs=1), tmp_path / "run", overrides=["training.health=false"])
    for source in (path, tmp_path / "run"):
        assert not {"health", "histograms"} & {view.id for view in views(Inspector(source))}


def test_only_recorded_figures_are_offered(tmp_path: Path) -> None:
    none, some = {"fc": {}}, {"fc": {"rms": 1.0, "gradient": 0.5}}
    folder = tmp_path / "run"
    train(classifier(epochs=1), folder, overrides=["training.health=false"])
    for nodes, figures in ((none, []), (some, ["gradient", "rms"])):
        Run(folder).file(FILE).write_text(json.dumps({"epoch": 1, "step": 1, "nodes": nodes}) + "\n")
        inspector = Inspector(folder)
        assert ("health" in {view.id for view in views(inspector)}) == bool(figures)
        if figures:
            (option,) = options(inspector, "health")
            assert [choice.value for choice in option.choices] == figures
            compute(inspector, "health")


def test_it_is_had_without_a_page(run: Run, tmp_path: Path) -> None:
    said = draw(Inspector(run), str(tmp_path / "health.json"), "health", given={"figure": "update"})
    kept = json.loads((tmp_path / "health.json").read_text())
    assert kept["statement"]["options"] == {"figure": "update"} == said["options"]
    assert kept["data"]["nodes"] == ["fc", "out"]

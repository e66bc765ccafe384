"""Runs compared on the same samples and over seeds; what cannot be compared is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builder.inspect import Inspector
from builder.inspect.evaluation import evaluate
from builder.significance import Findings, Measure, Pair, Side, judge, read
from builder.significance.findings import write
from builder.significance.grouping import groups_of
from builder.train import Run, TrainError, train
from tests.inspect.graphs import gcn, regression
from tests.inspect.test_landscape import trained
from tests.train.graphs import classifier


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Three seeds each of a slow and of a fast training, and runs that do not fit."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        train(classifier(optimizer=("opt_sgd", {"lr": 0.002})), folder / f"slow{seed}", epochs=2, seed=seed)
        train(classifier(optimizer=("opt_sgd", {"lr": 0.1})), folder / f"fast{seed}", epochs=2, seed=seed)
    train(classifier(data="data_digits", layers={"flat": ("op_flatten", {}), "fc": ("linear", {"out_features": 10})}),
          folder / "digits", epochs=1)  # fmt: skip
    train(trained(regression()), folder / "numbers", epochs=1)
    return {path.name: Run(path) for path in folder.iterdir()}


def test_two_runs_are_judged_on_the_same_samples(runs: dict[str, Run]) -> None:
    found = judge([runs["slow0"], runs["fast0"]])
    assert (found.split, found.by, found.samples) == ("test", "runs", 30)
    accuracy, loss = found.measures
    assert (accuracy.name, accuracy.interval, loss.name, loss.higher_is_better) == ("accuracy", "wilson", "loss", False)
    inspector = Inspector(runs["fast0"])
    own = evaluate(inspector, "test", inspector.heads[0])
    assert accuracy.sides[1].mean == pytest.approx(own.accuracy) and loss.sides[1].mean == pytest.approx(
        own.loss.mean()
    )
    (pair,) = accuracy.pairs
    assert pair.test == "mcnemar" and pair.only is not None
    assert pair.difference == pytest.approx((pair.only[0] - pair.only[1]) / 30)
    (pair,) = loss.pairs
    assert pair.shown and loss.better(pair) is loss.sides[1] and pair.low is not None and pair.low > 0
    assert "'fast0' is better than 'slow0'" in " ".join(found.words()) and "other seeds" in found.words()[-1]


def test_a_run_does_not_differ_from_itself(runs: dict[str, Run]) -> None:
    found = judge([runs["slow0"], runs["slow0"]], by="runs")
    assert all(pair.p == 1 and not pair.shown for m in found.measures for pair in m.pairs)
    assert "can be shown" in found.words()[0] and "不说明两者相同" in found.words("zh")[0]


def test_graphs_are_compared_over_their_seeds(runs: dict[str, Run]) -> None:
    chosen = [runs[f"{name}{seed}"] for name in ("slow", "fast") for seed in range(3)]
    found = judge(chosen)
    assert found.by == "seeds"
    for measure in found.measures:
        assert [len(side.runs) for side in measure.sides] == [3, 3] and measure.interval == "t"
        assert [pair.test for pair in measure.pairs] == ["welch"]
        for side in measure.sides:
            assert side.low <= side.mean <= side.high and side.mean == pytest.approx(np.mean(side.values))
    assert "other seeds" in found.words()[-1]
    one_by_one = judge(chosen, by="runs")
    assert len(one_by_one.measures[0].pairs) == 15
    assert all(pair.adjusted >= pair.p for m in one_by_one.measures for pair in m.pairs)


def test_numbers_and_the_nodes_of_a_graph_can_be_compared(runs: dict[str, Run], tmp_path: Path) -> None:
    train(trained(regression()), tmp_path / "more", epochs=6, seed=1)
    (measure,) = judge([runs["numbers"], Run(tmp_path / "more")]).measures
    assert measure.name == "error" and measure.pairs[0].test == "bootstrap"
    for seed in (0, 1):
        train(trained(gcn()), tmp_path / f"gcn{seed}", epochs=2, seed=seed)
    found = judge([Run(tmp_path / "gcn0"), Run(tmp_path / "gcn1")], by="runs")
    assert found.measures[0].pairs[0].test == "mcnemar"


@pytest.mark.parametrize(
    ("names", "by", "reason"),
    [
        (["slow0"], None, "two runs or more"),
        (["slow0", "digits"], None, "judged on different data"),
        (["slow0", "numbers"], None, "judged on different data"),
        (["slow0", "slow1"], "seeds", "the same graph"),
        (["slow0", "slow1", "fast0"], "seeds", "'fast0' is the only run of its graph"),
        (["slow0", "slow0", "fast0", "fast1"], "seeds", "same seed"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_one_clear_message(
    runs: dict[str, Run], names: list[str], by: str | None, reason: str
) -> None:
    with pytest.raises(TrainError, match=reason) as caught:
        judge([runs[name] for name in names], by=by)  # type: ignore[arg-type]
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.message_zh)


def test_groups_are_the_runs_of_one_graph(runs: dict[str, Run]) -> None:
    chosen = [runs[name] for name in ("slow0", "fast0", "slow1", "fast1")]
    assert groups_of(chosen) == [[0, 2], [1, 3]] == groups_of(chosen, "seeds")
    assert groups_of(chosen, "runs") == [[0], [1], [2], [3]]
    assert groups_of(chosen[:3]) == [[0], [1], [2]]  # one graph has a single run


def test_findings_are_written_and_read_again(tmp_path: Path) -> None:
    sides = tuple(Side(name, (name,), (v,), v, v - 0.1, v + 0.1) for name, v in (("a", 0.5), ("b", 0.7)))
    pair = Pair(0, 1, -0.2, -0.3, None, 0.01, 0.02, "mcnemar", (3, 9))
    found = Findings("test", 50, "runs", (Measure("accuracy", True, "wilson", sides, (pair,)),))
    write(tmp_path / "deep" / "found.json", found)
    assert read(tmp_path / "deep" / "found.json") == found and read(tmp_path / "none.json") is None
    assert found.measures[0].better(pair) is sides[1]
    assert "0.7000  [0.6000, 0.8000]" in found.table()
    assert "'Beta' is better than 'a' by 0.2000" in found.words("en", {"b": "Beta"})[0]

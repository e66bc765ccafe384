"""The search for a learning rate: what it trains, when it ends, and what it suggests."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from builder.graph import Graph
from builder.train import TrainError, rate_search
from builder.train.errors import NotFiniteError
from builder.train.find_rate import find_rate
from builder.train.rate_search import RateSearch, Writer, has_diverged, key_of, read, smooth
from builder.train.steps import Steps
from tests.train.graphs import build, classifier


def quadratic() -> Graph:
    """Least squares on all samples at once: gradient descent on a quadratic."""
    nodes = {
        "data": ("data_diabetes", {}, {"batch_size": 1000}),
        "standardize": ("dnorm_standardize", {}),
        "fc": ("linear", {"out_features": 1}),
        "loss": ("loss_mse", {}),
        "sgd": ("opt_sgd", {"lr": 0.01}),
    }
    wires = ["data.x standardize.x", "standardize.y fc.x", "fc.y loss.prediction"]
    return build(nodes, [*wires, "data.y loss.target", "loss.loss sgd.loss"], epochs=1, seed=0)


def curvature() -> float:
    """The largest eigenvalue of the Hessian of the mean squared error."""
    from builder.inspect import Inspector

    inspector = Inspector(quadratic())
    batch = inspector.batch("train", range(inspector.size("train")))
    (x,) = inspector.run(inspector.program([("standardize", "y")]), batch)
    x = torch.cat((x, torch.ones(len(x), 1)), 1).double()
    return float(torch.linalg.eigvalsh(2 * x.T @ x / len(x)).max())


def test_on_a_quadratic_the_loss_falls_up_to_two_by_the_curvature_and_diverges_beyond() -> None:
    edge = 2 / curvature()
    found = find_rate(quadratic(), low=edge / 1e3, high=edge * 1e3, steps=120)
    rates, losses = np.array(found.rates), np.array(found.losses)
    below = rates[:-1] < edge
    assert (np.diff(losses)[below] <= 0).all()
    assert found.diverged and found.state == "finished" and rates[-1] > edge and len(rates) < 120
    assert losses[-1] > losses.min()
    assert found.steepest is not None and found.tenth is not None
    assert found.steepest < edge and found.tenth < edge


def test_rates_rise_evenly_and_the_graph_stays(tmp_path: Path) -> None:
    graph = classifier(optimizer=("opt_adam", {"lr": 0.02}))
    before = key_of(graph, "optimizer")
    seen: list[RateSearch] = []
    state = torch.get_rng_state()
    found = find_rate(graph, low=1e-5, high=1e-2, steps=7, report=seen.append)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-5, 1e-2, 7))
    assert [len(s.rates) for s in seen] == list(range(1, 8)) and found.present == 0.02
    assert key_of(graph, "optimizer") == before and graph.nodes["optimizer"]["params"] == {"lr": 0.02}
    assert find_rate(graph, low=1e-5, high=1e-2, steps=7).losses == found.losses  # the same seed
    assert find_rate(graph, low=1e-5, high=1e-2, steps=7, seed=5).losses != found.losses


def test_the_key_of_a_search_ignores_the_present_rate_and_nothing_else() -> None:
    one, other = (classifier(optimizer=("opt_sgd", {"lr": lr})) for lr in (0.1, 0.3))
    assert key_of(one, "optimizer") == key_of(other, "optimizer")
    momentum = classifier(optimizer=("opt_sgd", {"lr": 0.1, "momentum": 0.9}))
    assert key_of(one, "optimizer") != key_of(momentum, "optimizer")
    assert key_of(one, "optimizer") != key_of(classifier(seed=1), "optimizer")


def test_of_several_optimizers_one_is_chosen() -> None:
    nodes = {
        "data": ("data_iris", {}),
        "a": ("linear", {"out_features": 4}),
        "b": ("linear", {"out_features": 3}),
        "loss": ("loss_cross_entropy", {}),
        "first": ("opt_sgd", {"lr": 0.1}, {"parameters": ["a"]}),
        "second": ("opt_sgd", {"lr": 0.2}, {"parameters": ["b"], "every": 2}),
    }
    wires = ["data.x a.x", "a.y b.x", "b.y loss.logits", "data.y loss.target", "loss.loss first.loss"]
    graph = build(nodes, [*wires, "loss.loss second.loss"], epochs=1, seed=0)
    with pytest.raises(TrainError, match="one of first, second"):
        find_rate(graph)
    with pytest.raises(TrainError, match="Got third"):
        find_rate(graph, "third")
    found = find_rate(graph, "second", low=1e-4, high=1e-3, steps=5)
    assert len(found.losses) == 5 and (found.optimizer, found.present) == ("second", 0.2)


def test_gradients_that_are_added_up_are_one_update() -> None:
    graph = classifier(optimizer=("opt_sgd", {"lr": 0.1}, {"accumulate": 3}))
    assert len(find_rate(graph, low=1e-4, high=1e-3, steps=4).rates) == 4


def test_bounds_must_rise() -> None:
    for low, high in ((0.0, 1.0), (1.0, 0.1), (-1.0, 1.0), (1e-3, math.inf)):
        with pytest.raises(TrainError, match="must rise"):
            find_rate(classifier(), low=low, high=high)


def test_a_loss_that_was_never_finite_is_no_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Steps, *_: object) -> None:
        raise NotFiniteError("The loss is not finite at step 1.", "第 1 步损失不是有限值。", "loss")

    monkeypatch.setattr(Steps, "__call__", broken)
    with pytest.raises(TrainError, match="not finite"):
        find_rate(classifier(), steps=20)


def test_smoothing_is_an_average_without_bias() -> None:
    np.testing.assert_allclose(smooth([3.0] * 20), 3.0)
    assert smooth([1.0, 2.0])[1] == pytest.approx((0.09 * 1 + 0.1 * 2) / 0.19)


def curve(losses: list[float]) -> RateSearch:
    rates = np.geomspace(1e-5, 1, len(losses))
    return RateSearch("sgd", tuple(rates.tolist()), tuple(losses), 1e-5, 1.0, len(losses), 0.1)


def test_the_steepest_place_of_a_known_curve() -> None:
    places = np.linspace(-5, 0, 101)
    losses = 2 - 1.5 / (1 + np.exp(-6 * (places + 3))) + 3 * np.exp(8 * places)  # falls at 1e-3, rises near 1
    found = curve(losses.tolist())
    assert found.steepest is not None and found.tenth is not None
    assert 1e-3 <= found.steepest < 4e-3  # the average lags a little
    assert found.tenth == pytest.approx(found.rates[int(np.argmin(found.smoothed))] / 10)
    assert curve([2.0 + i / 50 for i in range(50)]).steepest is None  # never falls
    assert curve([]).tenth is None


def test_divergence_needs_more_than_all_that_was_gained() -> None:
    falling = [2.0 * 0.8**i for i in range(30)]
    assert not has_diverged(falling) and not has_diverged([*falling, *[0.5] * 10])
    assert has_diverged([*falling, *[40.0] * 10]) and not has_diverged([2.0, 100.0])


def test_a_search_is_written_while_it_goes_on_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_search, "LOOK_SECONDS", 0.0)
    path = tmp_path / "deep" / "found.json"
    writer = Writer(path)
    states: list[str] = []

    def look(search: RateSearch) -> None:
        writer(search)
        kept = read(path)
        assert kept is not None
        states.append(kept.state)

    found = find_rate(classifier(), low=1e-4, high=1e-1, steps=12, report=look)
    writer.end(found)
    assert states == ["running"] * 12 and read(path) == found and found.state == "finished"
    for language, word in (("en", "learning rate"), ("zh", "学习率")):
        Writer(tmp_path / "found.html", language).end(found)
        shown = (tmp_path / "found.html").read_text(encoding="utf-8")
        assert (word in shown or json.dumps(word) in shown) and (language == "en") == ("present rate" in shown)
    assert read(tmp_path / "none.json") is None
    with pytest.raises(TrainError, match=r"\.json or \.html"):
        Writer(tmp_path / "found.png")

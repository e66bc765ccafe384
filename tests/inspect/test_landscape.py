"""The loss around the weights, along a line, and layers by epoch; the model itself never changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from builder.graph import Edge, Graph
from builder.inspect import InspectError, Inspector, compute, options, views
from builder.inspect.landscape import along, landscape, principal, random_direction
from builder.inspect.objective import Objective, optimizers
from builder.inspect.progress import heard, telling
from builder.inspect.way import has_way, way
from builder.train import Run, checkpoint, train
from tests.inspect.graphs import cnn, table, unjudged, vit
from tests.train.graphs import assert_equal, classifier

NORMALISED = {
    "fc1": ("linear", {"out_features": 8}),
    "norm": ("norm_batch", {}),
    "relu": ("act_relu", {}),
    "fc2": ("linear", {"out_features": 3}),
}


def trained(graph: Graph) -> Graph:
    """With an optimizer of its loss."""
    graph.place("sgd", "opt_sgd", {"lr": 0.3})
    graph.wire(Edge("loss", "loss", "sgd", "loss"))
    return graph


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "iris"
    train(trained(table()), path, epochs=6, seed=3)
    return Run(path)


@pytest.fixture(scope="module")
def inspector(run: Run) -> Inspector:
    return Inspector(run, "last")


def traces(figure: go.Figure) -> list[dict[str, Any]]:
    return json.loads(figure.to_json() or "")["data"]


def plain(inspector: Inspector) -> Mapping[str, torch.Tensor]:
    return {name: t.clone() for name, t in checkpoint.weights_of(inspector.root).items()}


def test_the_centre_is_the_loss_of_the_model_and_nothing_is_left_changed(run: Run, inspector: Inspector) -> None:
    before = plain(inspector)
    found = landscape(inspector, "sgd", "valid", "random", 5, 1024, 0)
    assert_equal(plain(inspector), before)
    assert not any(parameter.requires_grad for parameter in inspector.root.parameters())
    assert found.loss[2, 2] == pytest.approx(found.centre) and (found.x[2], found.y[2]) == (0, 0)
    assert found.centre == pytest.approx(run.history().epochs[-1]["valid"]["loss"], rel=1e-5)
    assert found.samples == inspector.size("valid") and np.isfinite(found.loss).all()
    assert found.loss.max() > 1.5 * found.centre


def test_a_point_is_the_loss_with_weights_moved_by_hand(inspector: Inspector) -> None:
    found = landscape(inspector, "sgd", "valid", "random", 5, 1024, 7)
    objective = Objective(inspector, "sgd", ["valid"], 1024)
    generator = torch.Generator().manual_seed(7)
    one, two = (random_direction(objective.weights, generator) for _ in range(2))
    objective.move([w + float(found.x[4]) * a + float(found.y[1]) * b for w, a, b in zip(objective.weights, one, two)])
    assert objective("valid") == pytest.approx(found.loss[1, 4], rel=1e-5)


def test_seeds_give_the_same_plane_and_other_seeds_others(run: Run, inspector: Inspector) -> None:
    again = landscape(Inspector(run, "last"), "sgd", "valid", "random", 3, 64, 0)
    np.testing.assert_array_equal(again.loss, landscape(inspector, "sgd", "valid", "random", 3, 64, 0).loss)
    other = landscape(inspector, "sgd", "valid", "random", 3, 64, 1)
    assert not np.allclose(again.loss, other.loss)


def test_every_filter_of_a_direction_is_as_long_as_that_of_the_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(6, 3, 5, 5) * torch.arange(1.0, 7)[:, None, None, None], torch.randn(4, 9), torch.randn(6)]
    conv, linear, bias = random_direction(weights, generator)
    torch.testing.assert_close(conv.flatten(1).norm(dim=1), weights[0].flatten(1).norm(dim=1))
    torch.testing.assert_close(linear.norm(dim=1), weights[1].norm(dim=1))
    assert not bias.any()
    scaled = random_direction([10 * w for w in weights], torch.Generator().manual_seed(0))
    torch.testing.assert_close(scaled[0], 10 * conv)  # what makes planes of different models alike in scale


def test_weights_of_normalisation_and_biases_stay(tmp_path: Path) -> None:
    train(classifier(layers=NORMALISED), tmp_path / "run", epochs=2)
    objective = Objective(Inspector(Run(tmp_path / "run")), "optimizer", ["train"], 64)
    direction = random_direction(objective.weights, torch.Generator().manual_seed(0))
    assert [bool(part.any()) for part in direction] == [p.dim() > 1 for p in objective.parameters]
    assert sum(p.dim() > 1 for p in objective.parameters) == 2 and len(direction) == 6


def test_frozen_weights_are_no_direction(tmp_path: Path) -> None:
    graph = cnn()
    graph.nodes["conv1"]["settings"]["frozen"] = True
    objective = Objective(Inspector(trained(graph)), "sgd", ["valid"], 32)
    assert len(objective.parameters) == 4  # conv2 and fc


def test_principal_directions_are_those_of_a_flat_path() -> None:
    generator = torch.Generator().manual_seed(0)
    u, v = torch.linalg.qr(torch.randn(12, 2, generator=generator))[0].T
    centre = [torch.randn(2, 3), torch.randn(6)]
    flat = torch.tensor([[5.0, 0.0], [3.0, 1.5], [1.0, -0.5], [0.0, 0.0]])
    stops = []
    for a, b in flat.tolist():
        away = a * u + b * v
        stops.append([centre[0] + away[:6].view(2, 3), centre[1] + away[6:]])
    directions, path, share = principal(centre, stops)
    assert share.sum() == pytest.approx(1, abs=1e-6) and share[0] > share[1]
    np.testing.assert_allclose(path[-1], 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), flat.norm(dim=1), atol=1e-5)
    assert (path[0] > -1e-6).all()
    for stop, point in zip(stops, path):
        for weight, wanted in zip(along(centre, directions, point), stop):
            torch.testing.assert_close(weight, wanted, atol=1e-5, rtol=0)


def test_the_path_of_a_run_begins_where_it_began_and_ends_at_the_weights(run: Run, inspector: Inspector) -> None:
    assert has_way(run)
    found = landscape(inspector, "sgd", "train", "path", 11, 512, 0)
    assert found.epochs.tolist() == [0, 1, 2, 3, 4, 5, 6] and len(found.path) == 7
    np.testing.assert_allclose(found.path[-1], 0, atol=1e-6)
    assert found.x.min() < found.path[:, 0].min() and found.x.max() > found.path[:, 0].max()
    assert found.y.min() < found.path[:, 1].min() and found.y.max() > found.path[:, 1].max()
    assert found.share[0] > 0.5


def test_a_run_without_kept_epochs_has_its_beginning_best_and_end(run: Run, inspector: Inspector) -> None:
    objective = Objective(inspector, "sgd", ["valid"], 32)
    kept = way(objective, run)[0]
    run.snapshots()[0].rename(run.path / "first")
    try:
        made = way(objective, run)[0]  # from the seed
    finally:
        (run.path / "first").rename(run.file("checkpoints/epoch-0.safetensors"))
    for one, other in zip(made.weights, kept.weights, strict=True):
        torch.testing.assert_close(one, other)
    assert not has_way(None)


def test_the_line_goes_from_the_first_loss_to_the_last(run: Run, inspector: Inspector) -> None:
    figure, found = compute(inspector, "interpolation", samples=1024)
    first, last = (int(np.argmin(np.abs(found.place - place))) for place in (0, 1))
    begun = Objective(Inspector(run, checkpoint=0), "sgd", ["train", "valid"], 1024)
    assert found.train[first] == pytest.approx(begun("train"), rel=1e-4)
    assert found.valid[last] == pytest.approx(run.history().epochs[-1]["valid"]["loss"], rel=1e-4)
    assert found.train[first] > found.train[last] and len(traces(figure)) == 2


def test_layers_come_nearer_to_their_end(run: Run, inspector: Inspector) -> None:
    _, found = compute(inspector, "epochs", split="train")
    assert found.epochs.tolist() == [0, 1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(found.values[:, -1], 1, atol=1e-9)
    fc1 = found.nodes.index("fc1.y")
    assert found.values[fc1, 0] < found.values[fc1, 3] < 1
    assert found.values[found.nodes.index("standardize.y"), 0] == pytest.approx(1)
    _, pair = compute(inspector, "similarity", against="epoch 2", split="train")
    assert pair.values[fc1, fc1] == pytest.approx(found.values[fc1, 2])


def test_where_the_views_apply(inspector: Inspector) -> None:
    def training(model: Inspector) -> list[str]:
        return [view.id for view in views(model) if view.id in ("landscape", "interpolation", "epochs")]

    assert training(inspector) == ["landscape", "interpolation", "epochs"]
    untrained = Inspector(trained(vit()))
    assert training(untrained) == ["landscape"] and optimizers(untrained) == ["sgd"]
    assert training(Inspector(unjudged())) == []
    assert "plane" not in {o.name for o in options(untrained, "landscape")}
    for plane in ("random", "path"):
        for dark, language in ((False, "en"), (True, "zh")):
            figure, _ = compute(inspector, "landscape", plane=plane, resolution=11, dark=dark, language=language)
            assert {"contour", "surface"} <= {trace["type"] for trace in traces(figure)}
    with pytest.raises(InspectError, match="three epochs"):
        landscape(untrained, "sgd", "valid", "path", 5, 32, 0)


def test_a_listener_hears_how_far_it_is() -> None:
    shares: list[float] = []
    with heard(shares.append):
        assert list(telling([1, 2, 3, 4])) == [1, 2, 3, 4]
    list(telling([1]))
    assert shares == [0.25, 0.5, 0.75, 1.0]

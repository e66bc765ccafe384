"""A node's output as points of a plane."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from builder.inspect import InspectError, Inspector, compute
from builder.inspect.evaluation import evaluate
from builder.inspect.features import can_be_features
from builder.inspect.figures import Style, projection_figure
from builder.inspect.projection import principal, project, tsne, umap
from tests.inspect.graphs import ZOO

Zoo = Callable[[str], Inspector]


def test_components_equal_those_of_scikit_learn(zoo: Zoo) -> None:
    inspector = zoo("table")
    found = project(inspector, ("tanh", "y"), "train", inspector.heads[0])
    program = inspector.program([("tanh", "y")])
    (vectors,) = inspector.run(program, inspector.batch("train", range(inspector.size("train"))))
    reference = PCA(2).fit(vectors.numpy())
    np.testing.assert_allclose(np.abs(found.points), np.abs(reference.transform(vectors.numpy())), atol=1e-4)
    np.testing.assert_allclose(found.explained, reference.explained_variance_ratio_, rtol=1e-4)
    assert found.truth is not None and set(found.truth.tolist()) == {0, 1, 2}
    assert found.predicted is not None and len(found.predicted) == len(found.points)


def test_maps_are_averaged_and_samples_evenly_spread(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = project(inspector, ("relu2", "y"), "train", inspector.heads[0], limit=50)
    assert found.items[0] == 0 and found.items[-1] == inspector.size("train") - 1 and len(found.items) == 50
    values = np.stack(
        [
            inspector.value(inspector.sample("train", int(i)), ("relu2", "y"))[0].mean((1, 2)).numpy()
            for i in found.items
        ]
    )
    assert found.points.var(0).sum() / values.var(0).sum() == pytest.approx(found.explained.sum(), rel=1e-3)


def test_all_nodes_of_a_graph_are_points_and_all_their_classes_known(zoo: Zoo) -> None:
    inspector = zoo("gcn")
    found = project(inspector, ("gcn1", "y"), "valid", inspector.heads[0])
    assert found.of_nodes and len(found.points) == 34
    assert found.truth is not None and (found.truth >= 0).all()


def test_a_model_without_classes_has_plain_points(zoo: Zoo) -> None:
    inspector = zoo("autoencoder")
    found = project(inspector, ("down", "y"), "valid")
    assert (found.truth, found.predicted, found.names) == (None, None, ())


def test_what_can_be_projected(zoo: Zoo) -> None:
    inspector = zoo("regression")
    assert can_be_features(inspector, ("standardize", "y"))
    assert not can_be_features(inspector, ("fc", "y"))  # one number
    assert not can_be_features(zoo("vit"), ("encoder", "weights"))
    with pytest.raises(InspectError, match="at least 3 points with 2 features"):
        project(inspector, ("fc", "y"), "valid")


def groups() -> torch.Tensor:
    """Three groups of 40 points in 12 dimensions."""
    generator = torch.Generator().manual_seed(0)
    centres = 6 * torch.randn(3, 12, generator=generator)
    return (centres[:, None] + torch.randn(3, 40, 12, generator=generator)).flatten(0, 1)


def apart(points: np.ndarray) -> bool:
    """Whether every point lies nearer to the middle of its own group than to those of the others."""
    middle = points.reshape(3, 40, 2).mean(1)
    nearest = np.linalg.norm(points[:, None] - middle, axis=-1).argmin(1)
    return bool((nearest == np.repeat(np.arange(3), 40)).all())


def test_t_sne_keeps_neighbours_and_is_the_same_twice() -> None:
    x = groups()
    points = tsne(x)
    assert apart(points) and trustworthiness(x.numpy(), points, n_neighbors=5) > 0.85
    np.testing.assert_array_equal(points, tsne(x))
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-3)


@pytest.mark.slow
def test_umap_keeps_neighbours_and_is_the_same_twice() -> None:
    x = groups()
    points = umap(x)
    assert apart(points) and trustworthiness(x.numpy(), points, n_neighbors=5) > 0.85
    np.testing.assert_array_equal(points, umap(x))


def test_components_stand_at_right_angles() -> None:
    points, share = principal(groups(), 5)
    covariance = np.cov(points.T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-3)
    assert (np.diff(share) <= 0).all()


def test_the_loss_of_each_point(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = project(inspector, ("fc", "y"), "valid", inspector.heads[0], limit=20)
    judged = evaluate(inspector, "valid", inspector.heads[0])
    assert found.error is not None
    np.testing.assert_allclose(found.error, judged.loss[found.items], rtol=1e-6)
    nodes = project(zoo("gcn"), ("gcn1", "y"), "valid", zoo("gcn").heads[0])
    assert nodes.error is not None and 0 < np.isfinite(nodes.error).sum() < 34  # the split judges some of the nodes


def test_numbers_colour_points_too(zoo: Zoo) -> None:
    inspector = zoo("regression")
    found = project(inspector, ("standardize", "y"), "valid", inspector.heads[0])
    judged = evaluate(inspector, "valid", inspector.heads[0])
    assert found.truth is not None and judged.truth is not None and found.names == ()
    np.testing.assert_allclose(found.truth, judged.truth[:, 0])


def test_what_has_no_layout_is_said() -> None:
    inspector = Inspector(ZOO["cnn"]())
    with torch.no_grad():
        inspector.compiled.module("conv1").weight.zero_()
    with pytest.raises(InspectError, match="'conv1' gives the same vector for every sample"):
        project(inspector, ("conv1", "y"), "valid", method="tsne")


@pytest.mark.parametrize("method", ["tsne", pytest.param("umap", marks=pytest.mark.slow)])
@pytest.mark.parametrize("colour", ["truth", "predicted", "error"])
def test_every_map_is_drawn_in_every_colour(zoo: Zoo, method: str, colour: str) -> None:
    inspector = zoo("recurrent")
    figure, data = compute(inspector, "projection", "mean", method=method, colour=colour, split="test")
    numbers = np.concatenate([trace.customdata for trace in figure.data if trace.customdata is not None])
    assert sorted(numbers.tolist()) == data.items.tolist()
    assert (figure.data[0].marker.colorbar.title.text == "loss") == (colour == "error")


def test_a_class_that_is_never_right_is_in_the_legend(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = project(inspector, ("relu2", "y"), "valid", inspector.heads[0])
    assert found.truth is not None
    wrong = dataclasses.replace(found, predicted=(found.truth + 1) % len(found.names))
    shown = [t.name for t in projection_figure(wrong, Style(), "valid").data if t.showlegend is not False and len(t.x)]
    assert [*found.names, "wrong"] == shown

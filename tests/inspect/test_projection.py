"""Principal components of a node's output."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.decomposition import PCA

from builder.inspect import InspectError, Inspector
from builder.inspect.projection import can_project, project

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
    assert can_project(inspector, ("standardize", "y"))
    assert not can_project(inspector, ("fc", "y"))  # one number
    assert not can_project(zoo("vit"), ("encoder", "weights"))
    with pytest.raises(InspectError, match="at least 3 points with 2 features"):
        project(inspector, ("fc", "y"), "valid")

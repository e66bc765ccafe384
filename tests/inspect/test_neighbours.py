"""Nearest samples in a node's space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from builder.inspect import InspectError, Inspector, compute
from builder.inspect.neighbours import Metric, distances, neighbours

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_scikit_learn(zoo: Zoo, metric: Metric) -> None:
    inspector = zoo("table")
    sample = inspector.sample("test", 3)
    found = neighbours(inspector, sample, ("tanh", "y"), "train", 7, metric, inspector.heads[0])
    batch = inspector.batch("train", range(inspector.size("train")))
    (vectors,) = inspector.run(inspector.program([("tanh", "y")]), batch)
    own = inspector.value(sample, ("tanh", "y")).numpy()
    distance, items = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute").fit(vectors).kneighbors(own)
    np.testing.assert_array_equal(found.items, items[0])
    np.testing.assert_allclose(found.distance, distance[0], rtol=1e-4, atol=1e-6)
    assert found.truth is not None
    np.testing.assert_array_equal(found.truth, batch[("data", "y")][items[0]].numpy())
    assert found.own == float(sample.inputs[("data", "y")][0]) and found.searched == inspector.size("train")


def test_a_sample_is_not_its_own_neighbour(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 4)
    found = neighbours(inspector, sample, ("flatten", "y"), "valid", 5)
    assert 4 not in found.items and found.searched == inspector.size("valid") - 1
    assert (np.diff(found.distance) >= 0).all() and found.truth is None
    upload = zoo("table").upload_row([5, 3, 1.5, 0.2])
    assert neighbours(zoo("table"), upload, ("tanh", "y"), "valid", 5, head=zoo("table").heads[0]).own is None


def test_a_vector_of_zeros_is_near_to_nothing() -> None:
    vectors = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    np.testing.assert_allclose(distances(vectors, np.array([2.0, 0.0]), "cosine"), [1, 0, 2])


def test_nodes_of_a_graph_are_no_samples(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="no samples"):
        neighbours(zoo("gcn"), zoo("gcn").sample(), ("gcn1", "y"), "valid")


def test_the_figure_shows_the_sample_first(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    figure, data = compute(inspector, "neighbours", "flatten", inspector.sample(), count=6)
    captions = figure.data[-1].text
    assert len(captions) == 7 and captions[0].startswith("the sample ") and captions[1].startswith(f"#{data.items[0]} ")
    assert len([trace for trace in figure.data if trace.type == "image"]) == 7

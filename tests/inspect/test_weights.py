"""Weights as pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector
from builder.inspect.weights import filters, weight_names
from tests.inspect.graphs import CE, chain

Zoo = Callable[[str], Inspector]


def test_filters_are_the_parameters(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = filters(inspector, "conv2")
    np.testing.assert_array_equal(found.array, inspector.root.get_parameter("conv2.weight").numpy())
    assert (found.kind, found.name, found.colour) == ("filters", "weight", False)


def test_the_first_layer_of_colour_images_is_in_colour(zoo: Zoo) -> None:
    assert filters(zoo("colour"), "conv1").colour
    assert not filters(zoo("colour"), "conv2").colour


def test_transposed_filters_have_their_outputs_first() -> None:
    layers = {
        "up": ("conv_transposed", {"out_channels": 6, "kernel_size": 3, "groups": 3}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 2}),
    }
    inspector = Inspector(chain(("data_random", {"shape": [3, 5, 5], "num_classes": 2, "samples": 20}), layers, CE))
    module = inspector.root.get_submodule("up")
    found = filters(inspector, "up").array
    assert found.shape == (6, 1, 3, 3)
    for channel in range(3):  # an impulse in one channel gives its filters
        impulse = torch.zeros(1, 3, 1, 1)
        impulse[0, channel] = 1
        with torch.no_grad():
            out = (module(impulse) - module(torch.zeros(1, 3, 1, 1)))[0]
        np.testing.assert_allclose(
            found[2 * channel : 2 * channel + 2, 0], out[2 * channel : 2 * channel + 2], atol=1e-6
        )


def test_rows_that_see_pixels_are_images(zoo: Zoo) -> None:
    inspector = zoo("unjudged")
    found = filters(inspector, "fc")
    assert found.kind == "templates"
    np.testing.assert_array_equal(found.array[4, 0].reshape(-1), inspector.root.get_parameter("fc.weight")[4].numpy())
    assert filters(zoo("cnn"), "fc").kind == "matrix"  # behind convolutions, features are no pixels


def test_a_matrix_between_features_and_classes_is_named(zoo: Zoo) -> None:
    first, last = filters(zoo("table"), "fc1"), filters(zoo("table"), "fc2")
    assert first.inputs[0] == "sepal length (cm)" and first.outputs == ()
    assert last.outputs == ("setosa", "versicolor", "virginica") and last.inputs == ()


def test_filters_of_series_and_volumes(zoo: Zoo) -> None:
    assert filters(zoo("series"), "conv").array.shape == (4, 6, 5)
    assert filters(zoo("volume"), "conv").array.shape == (3, 1, 3, 3, 3)


def test_all_weights_of_a_node_can_be_chosen(zoo: Zoo) -> None:
    names = weight_names(zoo("recurrent"), "lstm")
    assert names == ["weight_ih_l0", "weight_hh_l0"]
    assert filters(zoo("recurrent"), "lstm", "weight_hh_l0").array.shape == (24, 6)
    assert weight_names(zoo("cnn"), "relu1") == []


def test_a_node_without_such_a_weight(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="'relu1' has no weight to draw"):
        filters(zoo("cnn"), "relu1")
    with pytest.raises(InspectError, match="'conv1' has no weight 'bias' to draw"):
        filters(zoo("cnn"), "conv1", "bias")

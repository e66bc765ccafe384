"""The order of channels and filters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector, compute, options
from builder.inspect.channels import of_filters, of_maps
from builder.inspect.class_activation import rank_channels, ranking_head
from tests.inspect.graphs import CE, chain

Zoo = Callable[[str], Inspector]


@pytest.fixture(scope="module")
def wide() -> Inspector:
    """A convolution of 150 channels, and one that reads them."""
    layers = {
        "conv": ("conv_standard", {"out_channels": 150, "kernel_size": 3}),
        "relu": ("act_relu", {}),
        "down": ("conv_standard", {"out_channels": 40, "kernel_size": 3}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 10}),
    }
    return Inspector(chain(("data_digits", {}), layers, CE))


def test_orders_by_hand() -> None:
    maps = np.array([[[0.0, 4.0], [0.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 3.0], [3.0, -6.0]]])
    assert of_maps(maps, "mean").order.tolist() == [1, 0, 2]
    assert of_maps(maps, "mean").key.tolist() == [1, 2, 0]
    assert of_maps(maps, "variance").key.tolist() == [3, 0, 13.5]
    assert of_maps(maps, "zeros").key.tolist() == [0.75, 0, 0.25]
    assert of_maps(np.ones((4, 2)), "mean").order.tolist() == [0, 1, 2, 3]  # equal ones keep their order
    assert of_filters(np.array([[[3.0, 4.0]], [[0.0, -6.0]], [[1.0, 0.0]]])).key.tolist() == [5, 6, 1]
    with pytest.raises(InspectError, match="sorted by mean, variance, zeros"):
        of_maps(maps, "norm")


def test_what_channels_add_to_the_score(zoo: Zoo) -> None:
    """Behind the last maps the model is linear: with the bias, the channels add up to the predicted logit."""
    inspector = zoo("cnn")
    sample, head = inspector.sample(), inspector.heads[0]
    found = rank_channels(inspector, sample, ("relu2", "y"), head)
    logits = inspector.value(sample, head.end)[0]
    assert found.answer == str(int(logits.argmax()))
    bias = inspector.root.get_parameter("fc.bias")[int(logits.argmax())]
    assert found.key.sum() + float(bias) == pytest.approx(float(logits.max()), rel=1e-4)
    weight = inspector.root.get_parameter("fc.weight")[int(logits.argmax())].view(5, -1)
    by_hand = (weight * inspector.value(sample, ("relu2", "y"))[0].flatten(1)).sum(1)
    np.testing.assert_allclose(found.key, by_hand.numpy(), rtol=1e-4, atol=1e-6)
    assert (np.diff(found.key[found.order]) <= 0).all()


def test_only_maps_that_an_answer_depends_on_are_sorted_by_it(zoo: Zoo) -> None:
    assert ranking_head(zoo("cnn"), ("conv1", "y")) is not None
    assert ranking_head(zoo("autoencoder"), ("down", "y")) is None
    sorts = {o.name: o for o in options(zoo("autoencoder"), "output", "down")}["sort"]
    assert [c.value for c in sorts.choices] == ["number", "mean", "variance", "zeros"]


def test_maps_come_in_pages(wide: Inspector) -> None:
    sample = wide.sample()
    page = {o.name: o for o in options(wide, "output", "relu", sample)}["page"]
    assert (page.default, page.low, page.high) == (1, 1, 3)
    figure, data = compute(wide, "output", "relu", sample, sort="variance", page=3)
    captions = figure.data[-1].text
    assert [int(c.split(" ")[0]) for c in captions] == data.ranking.order[128:].tolist() and len(captions) == 22
    assert "129 to 150 of 150" in figure.layout.title.subtitle.text
    numbers = figure.data[0].customdata[..., 2][np.isfinite(figure.data[0].z)]
    assert set(numbers.tolist()) == set(data.ranking.order[128:].tolist())


def test_a_tile_is_the_map_of_its_caption(wide: Inspector) -> None:
    figure, data = compute(wide, "output", "relu", wide.sample(), sort="mean")
    z, (x, y) = figure.data[0].z, (int(figure.data[-1].x[3] + 0.5), int(figure.data[-1].y[3] + 0.5))
    channel = int(figure.data[-1].text[3].split(" ")[0])
    assert channel == data.ranking.order[3]
    repeat = 24 // 6
    np.testing.assert_allclose(z[y : y + 24, x : x + 24], data.array[channel].repeat(repeat, 0).repeat(repeat, 1))


def test_filters_are_sorted_by_their_norm_in_pages(wide: Inspector) -> None:
    norms = wide.root.get_parameter("down.weight").flatten(1).norm(dim=1)
    figure, data = compute(wide, "filters", "down", sort="norm", page=2)
    assert torch.equal(torch.from_numpy(data.ranking.order), norms.argsort(descending=True, stable=True))
    assert [int(t.split(" ")[0]) for t in figure.layout.yaxis.ticktext] == data.ranking.order[16:32].tolist()
    first, _ = compute(wide, "filters", "conv", sort="norm", page=3)
    assert len(first.data[-1].text) == 22
    assert {o.name: o for o in options(wide, "filters", "fc")} == {}  # a matrix is one picture


def test_pairs_of_outputs_and_inputs_stand_where_their_ticks_say(zoo: Zoo) -> None:
    figure, data = compute(zoo("cnn"), "filters", "conv2", sort="norm")  # 5 outputs, 4 inputs: outputs go to the right
    assert figure.layout.xaxis.title.text == "output" and list(figure.layout.yaxis.ticktext) == ["0", "1", "2", "3"]
    x, y = round(figure.layout.xaxis.tickvals[1]), round(figure.layout.yaxis.tickvals[2])
    row, column, output, given = figure.data[0].customdata[y, x]
    assert (given, output) == (2, data.ranking.order[1])
    assert figure.data[0].z[y, x] == pytest.approx(data.array[output, given, row, column])

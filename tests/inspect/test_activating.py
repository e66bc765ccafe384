"""The samples that a unit answers to most, and what it sees of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector, compute, options
from builder.inspect.activating import activating, find_peaks, units_of
from builder.inspect.figures.units import cut_out
from tests.inspect.graphs import CE, chain

Zoo = Callable[[str], Inspector]


@pytest.fixture(scope="module")
def deep() -> Inspector:
    """Convolutions with padding, stride and pooling between an image and a map of few places."""
    layers = {
        "a": ("conv_standard", {"out_channels": 3, "kernel_size": 3, "padding": 1}),
        "relu": ("act_relu", {}),
        "pool": ("pool_avg", {"kernel_size": 2}),
        "b": ("conv_standard", {"out_channels": 4, "kernel_size": 2}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 3}),
    }
    return Inspector(chain(("data_random", {"shape": [1, 12, 14], "num_classes": 3, "samples": 60}), layers, CE))


def outputs(inspector: Inspector, end: tuple[str, str], split: str = "train") -> torch.Tensor:
    """The output of a node on every sample of a split."""
    batch = inspector.batch(split, range(inspector.size(split)))
    return inspector.run(inspector.program((end,)), batch)[0]


def test_the_strongest_samples_are_those_of_a_sort(deep: Inspector) -> None:
    maps = outputs(deep, ("b", "y"))
    for unit in range(4):
        found = activating(deep, ("b", "y"), unit, "train", 7)
        flat = maps[:, unit].flatten(1)
        order = flat.amax(1).argsort(descending=True, stable=True)[:7]
        assert found.items.tolist() == order.tolist()
        np.testing.assert_allclose(found.values, flat.amax(1)[order], rtol=1e-5)
        rows = flat[order].argmax(1) // maps.shape[3]
        assert found.places.tolist() == torch.stack((rows, flat[order].argmax(1) % maps.shape[3]), 1).tolist()
        np.testing.assert_allclose(np.sort(found.greatest), flat.amax(1).sort()[0], rtol=1e-5)


def test_the_window_is_the_receptive_field_by_gradients(deep: Inspector) -> None:
    """What has a gradient from the unit at its place, without the ReLU, which hides some of it."""
    root = deep.root
    found = activating(deep, ("b", "y"), 1, "train", 30)
    assert found.seen == "field"
    for place, window in zip(found.places, found.windows, strict=True):
        x = torch.rand(1, 1, 12, 14, requires_grad=True)
        pooled = torch.nn.functional.avg_pool2d(root.get_submodule("a")(x), 2)
        root.get_submodule("b")(pooled)[0, 1, place[0], place[1]].backward()
        assert x.grad is not None
        seen = x.grad[0, 0] != 0
        for axis, size in ((0, 12), (1, 14)):
            hit = seen.any(1 - axis).nonzero().flatten()
            assert [int(hit[0]), int(hit[-1])] == np.clip(window[axis], 0, size - 1).tolist()
    assert (found.windows[:, :, 1] - found.windows[:, :, 0] == 5).all()  # 2 pooled places of 2, and 1 on each side


def test_features_of_vectors_have_no_place_and_see_all(deep: Inspector) -> None:
    found = activating(deep, ("fc", "y"), 2, "valid", 3)
    values = outputs(deep, ("fc", "y"), "valid")[:, 2]
    assert found.items.tolist() == values.argsort(descending=True)[:3].tolist()
    assert found.seen == "whole" and found.places.shape == (3, 0)


def test_a_patch_behind_attention(zoo: Zoo) -> None:
    inspector = zoo("vit")
    found = activating(inspector, ("encoder", "y"), 2, "train", 40)
    assert found.seen == "patch"
    values = outputs(inspector, ("encoder", "y"))[found.items, :, 2]
    for (place,), window, trace in zip(found.places, found.windows, values, strict=True):
        assert place == int(trace.argmax())
        row, column = divmod(place - 1, 4)
        whole = [[0, 7], [0, 7]]
        assert window.tolist() == (whole if place == 0 else [[2 * row, 2 * row + 1], [2 * column, 2 * column + 1]])


def test_padding_is_no_place(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    peaks = find_peaks(inspector, ("encoder", "y"), "valid", 50)
    batch = inspector.batch("valid", peaks.items.tolist())
    real = (~batch["data", "pad"]).sum(1).numpy()
    assert (peaks.places < real[:, None]).all() and real.min() < 12
    found = activating(inspector, ("encoder", "y"), 3, "valid", 50, limit=50)
    for row, (place,) in enumerate(found.places):
        middle = found.around.shape[1] // 2
        assert found.around[row, middle] == pytest.approx(found.values[row], rel=1e-5)
        assert found.words[row][middle] and np.nanmax(found.around[row]) == pytest.approx(found.values[row], rel=1e-5)
        assert np.isnan(found.around[row, : max(0, middle - place)]).all()


def test_steps_of_a_series_see_the_steps_of_the_kernel(zoo: Zoo) -> None:
    layers = {
        "conv": ("conv_standard", {"out_channels": 4, "kernel_size": 5}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 2}),
    }
    inspector = Inspector(chain(("data_random", {"shape": [3, 20], "num_classes": 2, "samples": 30}), layers, CE))
    found = activating(inspector, ("conv", "y"), 0, "train", 5)
    assert found.seen == "field" and found.words == ()
    assert found.windows[:, 0].tolist() == [[p, p + 4] for (p,) in found.places.tolist()]
    assert activating(zoo("recurrent"), ("lstm", "y"), 0, "valid", 5).seen == "step"


def test_what_lies_beyond_the_edge_is_cut_as_nothing() -> None:
    picture = np.arange(12.0).reshape(3, 4) / 12
    inside, over = cut_out([picture, picture], np.array([[[0, 1], [1, 2]], [[-1, 0], [3, 4]]]))
    np.testing.assert_array_equal(inside[..., 0], picture[:2, 1:3])
    assert inside[..., 3].all() and over[..., 3].tolist() == [[0, 0], [1, 0]]
    assert over[1, 0, :3].tolist() == [picture[0, 3]] * 3


def test_the_figure_outlines_what_is_seen_and_tells_the_sample(deep: Inspector) -> None:
    figure, data = compute(deep, "activating", "b", unit=1, count=6, split="train")
    cells = next(t for t in figure.data if t.type == "heatmap")
    assert [item for row in cells.customdata for item in row] == data.items.tolist()
    outline = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
    assert len(outline) == 2 and len(outline[0].x) == 6 * 6
    cut, _ = compute(deep, "activating", "b", unit=1, count=6, split="train", show="cut")
    assert not [t for t in cut.data if t.type == "scatter" and t.mode == "lines"]


def test_classes_are_chosen_by_name(zoo: Zoo) -> None:
    unit = options(zoo("table"), "activating", "fc2")[0]
    assert [choice.label for choice in unit.choices] == ["setosa", "versicolor", "virginica"]
    figure, _ = compute(zoo("table"), "activating", "fc2", unit=2)
    assert "virginica" in figure.layout.title.text


def test_a_unit_that_does_not_exist(zoo: Zoo) -> None:
    assert units_of(zoo("cnn"), ("conv2", "y")) == 5
    with pytest.raises(InspectError, match="has the units 0 to 4"):
        activating(zoo("cnn"), ("conv2", "y"), 5, "train", 3)

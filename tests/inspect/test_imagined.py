"""Images that are found by gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from builder.gallery import graph_files
from builder.inspect import InspectError, Inspector, compute, notice, views
from builder.inspect.features import affordable
from builder.inspect.imagined import (
    FEWEST,
    STEPS,
    can_begin_twice,
    image_of,
    inversion,
    pixel_range,
    preferred,
    steps_for,
)
from tests.inspect.graphs import CE, Node, build

Zoo = Callable[[str], Inspector]
FEW = np.array([0, 3, 7])


def test_a_linear_unit_prefers_the_signs_of_its_weights(zoo: Zoo) -> None:
    """Within the range of the data, the greatest value of a linear function lies in a corner that is known."""
    inspector = zoo("unjudged")
    found = preferred(inspector, ("fc", "y"), FEW, "valid", smoothness=0.0)
    weight = inspector.root.get_parameter("fc.weight").numpy()[FEW]
    low, high = pixel_range(inspector, ("data", "x"))
    greatest = (
        np.where(weight > 0, weight * high, weight * low).sum(1) + inspector.root.get_parameter("fc.bias").numpy()[FEW]
    )
    np.testing.assert_allclose(found.found, greatest, rtol=1e-3)
    np.testing.assert_array_equal(found.images.reshape(3, -1) > (low + high) / 2, weight > 0)
    assert not found.failed.any() and found.notice("en") == ""


def test_an_image_is_compared_with_the_strongest_sample(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    found = preferred(inspector, ("conv2", "y"), np.array([1, 4]), "valid")
    batch = inspector.batch("valid", range(inspector.size("valid")))
    means = inspector.run(inspector.program((("conv2", "y"),)), batch)[0].mean((2, 3))[:, [1, 4]]
    np.testing.assert_allclose(found.best, means.max(0)[0], rtol=1e-5)
    np.testing.assert_allclose(means[found.items, [0, 1]], found.best, rtol=1e-5)
    again = preferred(inspector, ("conv2", "y"), np.array([1, 4]), "valid")
    np.testing.assert_array_equal(found.images, again.images)  # the same noise each time
    other = preferred(inspector, ("conv2", "y"), np.array([1, 4]), "valid", seed=1)
    assert (other.start != found.start).any()
    begun = preferred(inspector, ("conv2", "y"), np.array([1, 4]), "valid", begin="sample")
    np.testing.assert_allclose(begun.begun, found.best, rtol=1e-5)
    assert (begun.found > begun.best).all()


def test_what_was_not_found_is_said(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    _, found = compute(inspector, "activation_maximization", "fc", split="valid")
    assert notice(found) == ""
    dead = dataclasses.replace(found, found=np.where(found.units == 2, found.best, found.found))
    assert "units 2 are no stronger" in notice(dead) and "单元 2 " in notice(dead, "zh")


def test_features_that_keep_all_give_the_image_back(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample()
    found = inversion(inspector, sample, ("flatten", "y"), smoothness=0.0)
    assert (found.error < 0.01).all() and (found.start_error > 0.1).all()
    kept = inversion(inspector, sample, ("conv1", "y"), smoothness=0.0)
    lost = inversion(inspector, sample, ("fc", "y"), smoothness=0.0)
    assert kept.difference.max() < 0.1 < lost.difference.min()  # ten numbers do not hold 64 pixels
    assert kept.spread.mean() < lost.spread.mean() and kept.spread.shape == (8, 8)
    by_hand = (kept.images / np.ptp(pixel_range(inspector, ("data", "x")))).std(0, ddof=1).mean(0)
    np.testing.assert_allclose(kept.spread, by_hand, rtol=1e-4, atol=1e-6)


def test_the_figures_say_the_activations(zoo: Zoo) -> None:
    figure, found = compute(zoo("cnn"), "activation_maximization", "conv2", split="valid")
    captions = figure.data[-1].text
    assert (
        len(captions) == 15
        and captions[0].startswith("0 · ")
        and captions[5] == f"#{found.items[0]} · {found.best[0]:.3g}"
    )
    sample, _ = compute(zoo("cnn"), "activation_maximization", "conv2", split="valid", begin="sample")
    assert len(sample.data[-1].text) == 10


def test_only_what_comes_from_an_image_alone(zoo: Zoo) -> None:
    assert image_of(zoo("cnn"), ("conv2", "y")) == ("data", "x")
    assert image_of(zoo("cnn"), ("data", "x")) is None
    assert image_of(zoo("table"), ("fc1", "y")) is None and image_of(zoo("gpt"), ("embedding", "y")) is None
    with pytest.raises(InspectError, match="must come from an image"):
        preferred(zoo("table"), ("fc1", "y"), FEW, "valid")


def test_large_models_get_fewer_steps(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector = zoo("cnn")
    assert steps_for(inspector, ("conv2", "y"), 6) == STEPS
    monkeypatch.setattr("builder.inspect.imagined.WORK", 1)
    assert steps_for(inspector, ("conv2", "y"), 6) == FEWEST


def test_large_models_search_fewer_samples_and_begin_once(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector = zoo("cnn")
    end, size = ("conv2", "y"), inspector.size("train")
    once = inspector.work([end])
    assert len(affordable(inspector, end, size, 500, 1e15)) == 500
    assert len(affordable(inspector, end, size, 500, 100.5 * once)) == 100
    assert len(affordable(inspector, end, size, 500, 1)) == 64
    assert can_begin_twice(inspector, end, 2)
    monkeypatch.setattr("builder.inspect.imagined.MOST_WORK", 3 * FEWEST * 4 * once - 1)
    assert not can_begin_twice(inspector, end, 2)
    found = preferred(inspector, end, np.array([1, 4]), "valid")
    assert found.images.shape[0] == 2 and len(found.start) == 2


def test_a_value_with_several_rows_for_one_image_is_left_out() -> None:
    inspector = Inspector(next(path for path in graph_files() if path.stem == "vae"))
    assert inspector.layout.spec(("path", "y")).shape[0] == "8*B"
    assert image_of(inspector, ("path", "y")) is None
    assert image_of(inspector, ("encoder/fc1", "y")) is not None


def test_a_sum_of_losses_comes_from_no_image() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_digits", {}), "flatten": ("op_flatten", {}), "fc": ("linear", {"out_features": 10}),
        "loss": CE, "other": ("loss_cross_entropy", {"label_smoothing": 0.1}), "sum": ("op_add", {}),
    }  # fmt: skip
    wires = ["data.x flatten.x", "flatten.y fc.x", "loss.loss sum.xs", "other.loss sum.xs"]
    wires += [wire.format(loss) for loss in ("loss", "other") for wire in ("fc.y {}.logits", "data.y {}.target")]
    inspector = Inspector(build(nodes, wires))
    assert image_of(inspector, ("sum", "y")) is None
    assert all("sum" not in spec.nodes for spec in views(inspector))

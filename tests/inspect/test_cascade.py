"""Explanations while the weights become random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import Inspector, compute, options
from builder.inspect.attribution import Target
from builder.inspect.cascade import cascade, layers_down, structural_similarity
from builder.inspect.explanation import saliency
from builder.inspect.figures import Style
from builder.inspect.figures.cascade import cascade_figure
from builder.inspect.sanity import rank_correlation
from tests.inspect.graphs import ZOO

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize("model", ["cnn", "vit", "sentiment", "table", "gcn"])
def test_the_last_stage_is_the_map_of_random_weights(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    sample, target = inspector.sample(), Target(inspector.heads[0])
    found = cascade(inspector, target, lambda i, t: saliency(i, sample, t))
    full = saliency(
        inspector.randomised(), sample, Target(target.head, found.attribution.index, found.attribution.position)
    )
    np.testing.assert_array_equal(found.maps[-1], full.map)
    np.testing.assert_array_equal(found.attribution.map, saliency(inspector, sample, target).map)
    assert found.counts[-1] == found.total and found.correlation[-1] == rank_correlation(
        *found.attribution.comparable(found.attribution.map, full.map)
    )


def test_each_stage_has_the_random_weights_of_the_layers_above(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample, target = inspector.sample(), Target(inspector.heads[0])
    random, seen = inspector.randomised(), []

    def look(model: Inspector, asked: Target) -> object:
        if model is not inspector:
            seen.append([
                torch.equal(model.root.get_parameter(f"{n}.weight"), random.root.get_parameter(f"{n}.weight"))
                for n in ("fc", "conv2", "conv1")
            ])  # fmt: skip
        return saliency(model, sample, asked)

    found = cascade(inspector, target, look)  # type: ignore[arg-type]
    assert found.layers == ("fc", "conv2", "conv1")
    assert seen == [[True, False, False], [True, True, False], [True, True, True]]


def test_layers_from_the_answer_down_but_no_transforms() -> None:
    inspector = Inspector(ZOO["table"]())
    assert list(layers_down(inspector, Target(inspector.heads[0]))) == ["fc2", "fc1"]


def test_structural_similarity_looks_at_structure_not_at_scale() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.random((20, 16)), generator.random((20, 16))
    assert structural_similarity(one, 3 * one + 1) == pytest.approx(1)
    assert abs(structural_similarity(one, other)) < 0.1 < structural_similarity(one, one + 0.5 * other) < 0.99
    assert structural_similarity(one[:4, :6], one[:4, :6]) == pytest.approx(1)  # windows are odd
    assert structural_similarity(np.zeros((3, 3)), np.zeros((3, 3))) == pytest.approx(1)


def test_the_view_offers_what_the_model_allows(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample()
    ids = [c.value for c in options(inspector, "cascade", "", sample)[0].choices]
    assert ids[-1] == "grad_cam" and "guided_backprop" in ids and "lime" not in ids
    assert [c.value for c in options(zoo("gcn"), "cascade", "", zoo("gcn").sample())[0].choices] == [
        "saliency", "smoothgrad", "integrated_gradients",
    ]  # fmt: skip
    figure, data = compute(inspector, "cascade", "", sample, explanation="integrated_gradients")
    lines = [t for t in figure.data if t.type == "scatter" and t.mode == "lines+markers"]
    assert len(lines) == 3 and list(lines[0].y[1:]) == data.correlation.tolist()  # signed: of magnitudes too
    assert list(figure.layout.xaxis.ticktext) == ["trained", "fc", "conv2", "conv1"]


def test_padding_is_neither_drawn_nor_compared(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample, target = inspector.upload_text("a good film"), Target(inspector.heads[0])
    found = cascade(inspector, target, lambda i, t: saliency(i, sample, t))
    assert found.correlation[-1] == pytest.approx(rank_correlation(found.attribution.map[:3], found.maps[-1][:3]))
    figure = cascade_figure(found, Style(), "Saliency")
    assert figure.data[0].z.shape == (3, len(found.maps) + 1)
    assert list(figure.layout.yaxis.ticktext) == ["a", "good", "film"]


def test_maps_of_images_keep_their_shape_above_their_stages(zoo: Zoo) -> None:
    figure, _ = compute(zoo("cnn"), "cascade", "", zoo("cnn").sample())
    assert figure.layout.yaxis.scaleanchor == "x"
    lines = next(t for t in figure.data if t.type == "scatter" and t.mode == "lines+markers")
    assert (
        list(lines.x) == list(figure.layout.xaxis.tickvals) == [11.5, 37.5, 63.5, 89.5]
    )  # tiles of 24 cells, gaps of 2

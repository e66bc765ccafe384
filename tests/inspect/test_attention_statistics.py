"""Entropy and distance of heads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from builder.inspect import Inspector, compute, options
from builder.inspect.attention import Attention
from builder.inspect.attention_statistics import distance, entropy, head_statistics
from builder.inspect.labels import Steps, numbered

Zoo = Callable[[str], Inspector]


def own(weights: np.ndarray, steps: Steps) -> Attention:
    return Attention("node", weights, steps, steps, own=True)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_entropy_of_even_attention_is_the_logarithm_of_the_count(count: int) -> None:
    np.testing.assert_allclose(entropy(np.full((2, 3, count), 1 / count)), np.log(count), atol=1e-12)


def test_entropy_of_attention_to_one_token_is_zero() -> None:
    np.testing.assert_array_equal(entropy(np.eye(4)[None]), [0])


def test_entropy_leaves_out_queries_that_look_at_nothing() -> None:
    weights = np.array([[[0.5, 0.5], [0, 0]], [[0, 0], [0, 0]]])
    np.testing.assert_allclose(entropy(weights), [np.log(2), np.nan])


def test_distance_of_the_identity_is_zero() -> None:
    np.testing.assert_array_equal(distance(own(np.eye(5)[None].repeat(3, 0), numbered(5))), [0, 0, 0])


def test_distance_along_a_text() -> None:
    back = np.eye(4, k=-2)[None]  # two steps back; the first two look at nothing
    np.testing.assert_allclose(distance(own(back, numbered(4))), [2])
    half = np.array([[[0.5, 0.5], [0.5, 0.5]]])
    np.testing.assert_allclose(distance(own(half, numbered(2))), [0.5])


def test_distance_across_an_image_leaves_out_the_class_token() -> None:
    steps = Steps("patches", ("[CLS]", *(f"{r},{c}" for r in range(2) for c in range(3))), 1, (2, 3), 7)
    weights = np.zeros((1, 7, 7))
    weights[0, :, 0] = 0.5
    weights[0, 1:, 1:] = 0.5 * np.eye(6)[::-1]  # each patch looks at the one opposite
    diagonal = np.hypot(1, 2)
    np.testing.assert_allclose(distance(own(weights, steps)), [(4 * diagonal + 2 * 1) / 6])


def test_cross_attention_has_no_distance(zoo: Zoo) -> None:
    inspector = zoo("cross")
    found = head_statistics(inspector, [inspector.sample()])
    assert np.isnan(found.distance).all()
    assert (found.entropy <= found.uniform[:, None] + 1e-9).all()
    figure, _ = compute(inspector, "attention_statistics", "", inspector.sample())
    assert "xaxis2" not in figure.layout


def test_an_even_causal_model_spreads_over_what_it_may_see(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    found = head_statistics(inspector, [inspector.sample()])
    np.testing.assert_allclose(found.uniform, np.log(np.arange(1, 17)).mean())


def test_samples_are_averaged(zoo: Zoo) -> None:
    inspector = zoo("vit")
    samples = [inspector.sample("valid", i) for i in range(8)]
    each = [head_statistics(inspector, [sample]).entropy for sample in samples]
    _, data = compute(inspector, "attention_statistics", "", samples[0], samples=8)
    assert data.samples == 8
    np.testing.assert_allclose(data.entropy, np.mean(each, 0))
    with_text = zoo("gpt")
    assert options(with_text, "attention_statistics", "", with_text.upload_text("The import system")) == []

"""Attention weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from builder.inspect import InspectError, Inspector, Sample
from builder.inspect.attention import Attention, attention, attention_nodes
from builder.inspect.labels import Steps
from tests.inspect.graphs import sentiment

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize(("model", "node"), [("vit", "encoder"), ("gpt", "decoder"), ("cross", "attention")])
def test_rows_sum_to_one(zoo: Zoo, model: str, node: str) -> None:
    inspector = zoo(model)
    assert attention_nodes(inspector) == [node]
    found = attention(inspector, inspector.sample(), node)
    np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-5)


def test_a_query_that_may_look_at_nothing_gives_zeros(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.sample()
    hidden = {("data", "pad"): torch.ones(1, 12, dtype=torch.bool)}
    nothing = Sample({**sample.inputs, **hidden}, ("nothing",), "", "")
    weights = attention(inspector, nothing, "encoder").weights
    assert (weights == 0).all()


def test_weights_equal_those_of_torch(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    sample = inspector.sample("valid", 2)
    values, encoder = inspector.values(sample), inspector.compiled.module("encoder")
    reference = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    reference.load_state_dict(encoder.self_attn.state_dict())  # type: ignore[union-attr]
    with torch.no_grad():
        x = encoder.norm1(values["embedding", "y"])  # type: ignore[union-attr]
        _, expected = reference(x, x, x, key_padding_mask=sample.inputs["data", "pad"], average_attn_weights=False)
    np.testing.assert_allclose(attention(inspector, sample, "encoder").weights, expected[0].numpy(), atol=1e-6)


def test_padding_gets_no_attention_and_is_trimmed(zoo: Zoo) -> None:
    inspector = zoo("sentiment")
    found = attention(inspector, inspector.upload_text("a good film"), "encoder")
    assert found.weights.shape == (2, 12, 12)
    assert (found.weights[:, :, 3:] == 0).all()
    trimmed = found.trimmed()
    assert trimmed.weights.shape == (2, 3, 3)
    assert trimmed.keys.names == ("a", "good", "film")
    np.testing.assert_allclose(trimmed.weights.sum(-1), 1, rtol=1e-5)


def test_a_causal_model_looks_back_only(zoo: Zoo) -> None:
    inspector = zoo("gpt")
    weights = attention(inspector, inspector.sample(), "decoder").weights
    assert (np.triu(weights, 1) == 0).all()


def test_queries_and_keys_of_different_kinds(zoo: Zoo) -> None:
    inspector = zoo("cross")
    found = attention(inspector, inspector.upload_text("a good film"), "attention")
    assert found.weights.shape == (2, 14, 12)
    assert found.queries.names[:3] == ("[0]", "[1]", "a")
    assert (found.queries.real, found.keys.real, found.keys.names[0]) == (5, 3, "a")


def test_patches_go_back_to_their_place(zoo: Zoo) -> None:
    inspector = zoo("vit")
    found = attention(inspector, inspector.sample("valid", 1), "encoder")
    maps = found.over_image(0)
    assert maps.shape == (2, 4, 4)
    assert maps[1, 2, 3] == found.weights[1, 0, 1 + 2 * 4 + 3]
    assert found.image is not None and found.image.shape == (8, 8)


def test_words_lie_on_no_image() -> None:
    steps = Steps("tokens", ("a", "b"), real=2)
    with pytest.raises(ValueError, match="must be patches"):
        Attention("node", np.zeros((1, 2, 2)), steps, steps).over_image(0)


def test_modules_go_back_to_the_fast_way() -> None:
    inspector = Inspector(sentiment())
    module = inspector.compiled.module("encoder")
    assert module.wants_weights is False  # type: ignore[union-attr]
    attention(inspector, inspector.sample(), "encoder")
    assert module.wants_weights is False  # type: ignore[union-attr]


def test_a_node_without_attention(zoo: Zoo) -> None:
    inspector = zoo("vit")
    with pytest.raises(InspectError, match="'fc' gives no attention weights"):
        attention(inspector, inspector.sample(), "fc")

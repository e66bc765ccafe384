"""Rollout and flow."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from builder.inspect import InspectError, Inspector, compute
from builder.inspect import attention_paths as paths
from builder.inspect.attention import Attention, attention
from builder.inspect.labels import Steps
from tests.inspect.graphs import CE, SENTIMENT, Node, build, chain

Zoo = Callable[[str], Inspector]

TWO = Steps("steps", ("0", "1"), real=2)
FIRST = np.array([[[1.0, 0.0], [0.4, 0.6]], [[0.6, 0.4], [0.0, 1.0]]])  # of two heads
SECOND = np.array([[[0.5, 0.5], [0.5, 0.5]]])


@pytest.fixture(scope="module")
def deep() -> Inspector:
    """Three layers of self-attention over words."""
    layers: dict[str, Node] = {
        "embedding": ("embedding", {"embedding_dim": 8}),
        **{f"encoder{i}": ("tr_encoder_layer", {"num_heads": 2}) for i in (1, 2, 3)},
        "mean": ("op_mean", {"dim": 1}),
        "fc": ("linear", {"out_features": 2}),
    }
    pads = [f"data.pad encoder{i}.pad" for i in (1, 2, 3)]
    return Inspector(chain(SENTIMENT, layers, CE, pads))


def given(monkeypatch: pytest.MonkeyPatch, *layers: np.ndarray) -> None:
    """Lets every chain of layers have these weights."""
    found = [Attention(f"n{i}", weights, TWO, TWO, True) for i, weights in enumerate(layers)]
    monkeypatch.setattr(paths, "_layers", lambda inspector, sample, node: found)


def test_mixing_adds_half_of_the_identity() -> None:
    np.testing.assert_allclose(paths.mixing(FIRST), [[0.9, 0.1], [0.1, 0.9]])


def test_a_token_that_looks_at_nothing_stays_itself() -> None:
    np.testing.assert_allclose(paths.mixing(np.array([[[0.0, 0.0], [1.0, 0.0]]])), [[1, 0], [0.5, 0.5]])


def test_rollout_is_the_product_of_the_layers(monkeypatch: pytest.MonkeyPatch, zoo: Zoo) -> None:
    given(monkeypatch, FIRST, SECOND)
    inspector = zoo("vit")
    found = paths.rollout(inspector, inspector.sample(), "encoder")
    np.testing.assert_allclose(found.shares[0], [[0.9, 0.1], [0.1, 0.9]])
    np.testing.assert_allclose(found.shares[1], [[0.7, 0.3], [0.3, 0.7]])  # (0.75 0.25; 0.25 0.75) (0.9 0.1; 0.1 0.9)


def test_flow_of_two_layers_by_hand(monkeypatch: pytest.MonkeyPatch, zoo: Zoo) -> None:
    given(monkeypatch, FIRST, SECOND)
    inspector = zoo("vit")
    found = paths.flow(inspector, inspector.sample(), "encoder", 0)
    np.testing.assert_allclose(found.flow, [0.85, 0.35])  # min(0.75, 0.9) + min(0.25, 0.1); 0.1 + 0.25
    np.testing.assert_allclose(found.rollout, [0.7, 0.3])


def test_flow_is_that_of_networkx() -> None:
    random = np.random.default_rng(0)
    layers = [paths.mixing(np.tril(random.random((3, 6, 6)) ** 4)) for _ in range(3)]
    network = nx.DiGraph()
    for level, matrix in enumerate(layers):
        for t, s in np.argwhere(matrix > 0).tolist():
            network.add_edge((level + 1, t), (level, s), capacity=matrix[t, s])
    expected = [nx.maximum_flow_value(network, (3, 5), (0, s)) for s in range(6)]
    np.testing.assert_allclose(paths.max_flow(layers, 5, np.arange(6)), expected, atol=1e-6)


def test_layers_follow_each_other(deep: Inspector) -> None:
    sample = deep.sample("valid", 2)
    found = paths.rollout(deep, sample, "encoder3")
    assert found.nodes == ("encoder1", "encoder2", "encoder3")
    assert paths.rollout(deep, sample, "encoder2").nodes == found.nodes[:2]
    np.testing.assert_allclose(found.shares.sum(-1), 1)
    by_hand = np.eye(len(found.steps.names))
    for node in found.nodes:
        weights = attention(deep, sample, node).trimmed().weights.mean(0)
        by_hand = (0.5 * weights + 0.5 * np.eye(len(weights))) @ by_hand
    np.testing.assert_allclose(found.shares[-1], by_hand, rtol=1e-5)


def test_what_is_not_computed_is_no_number(monkeypatch: pytest.MonkeyPatch, deep: Inspector) -> None:
    monkeypatch.setattr(paths, "MAX_WORK", 1)
    found = paths.flow(deep, deep.sample("valid", 2), "encoder3", 4)
    assert np.flatnonzero(~np.isnan(found.flow)).tolist() == [int(found.rollout.argmax())]
    figure, _ = compute(deep, "attention_flow", "encoder2", deep.sample("valid", 3), query=0)
    assert "the 1 input tokens of greatest rollout" in figure.layout.title.subtitle.text


def test_cross_attention_is_not_rolled(zoo: Zoo) -> None:
    inspector = zoo("cross")
    assert paths.rolled_nodes(inspector) == []
    with pytest.raises(InspectError, match="'attention' is no self-attention"):
        paths.rollout(inspector, inspector.sample(), "attention")


def test_a_token_that_is_not_there(deep: Inspector) -> None:
    with pytest.raises(InspectError, match=r"The tokens are 0 to \d+. Got 99 instead"):
        paths.flow(deep, deep.sample("valid", 2), "encoder3", 99)


def test_queries_and_keys_of_one_sequence_by_layers_of_their_own() -> None:
    nodes: dict[str, Node] = {
        "data": ("data_text_characters", {"context": 8}),
        "embedding": ("embedding", {"embedding_dim": 8}),
        "query": ("linear", {"out_features": 8}),
        "attention": ("attn_multi_head", {"num_heads": 2, "causal": True}),
        "fc": ("linear", {"out_features": 103}),
        "loss": ("loss_cross_entropy", {"class_axis": -1}),
    }
    wires = [
        "data.x embedding.x", "embedding.y query.x", "query.y attention.q", "embedding.y attention.k",
        "embedding.y attention.v", "attention.y fc.x", "fc.y loss.logits", "data.y loss.target",
    ]  # fmt: skip
    assert paths.rolled_nodes(Inspector(build(nodes, wires))) == ["attention"]


def test_the_picture_shows_every_layer(zoo: Zoo) -> None:
    inspector = zoo("vit")
    sample = inspector.sample()
    figure, data = compute(inspector, "attention_rollout", "encoder", sample, query=6)
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(maps) == len(data.nodes) == 1
    np.testing.assert_allclose(maps[0].z, data.shares[0, 6, 1:].reshape(4, 4))
    frame = figure.layout.shapes[0]
    assert (frame.x0, frame.x1) == (1.5, 3.5)  # token 6: the second patch of the second row
    assert len(figure.layout.shapes) == 2
    class_token, _ = compute(inspector, "attention_rollout", "encoder", sample, query=0)
    assert not class_token.layout.shapes
    matrix, _ = compute(inspector, "attention_rollout", "encoder", sample, show="matrix")
    np.testing.assert_allclose(matrix.data[0].z, data.shares[-1])

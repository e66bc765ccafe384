"""Attention weights of graphs that spell attention out with matrix products and a softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from builder.inspect import Inspector, compute, views
from builder.inspect.attention import attention, attention_nodes
from builder.inspect.attention_paths import rolled_nodes, rollout
from tests.inspect.graphs import CE, Node, build

TEXT: Node = ("data_sentiment", {"max_len": 12, "vocabulary_size": 300})
PROJECTIONS = ["embedding.y q.x", "embedding.y k.x", "embedding.y v.x"]
ANSWER = ["mean.y fc.x", "fc.y loss.logits", "data.y loss.target"]


def _inspector(nodes: dict[str, Node], wires: list[str]) -> Inspector:
    common: dict[str, Node] = {
        "data": TEXT,
        "embedding": ("embedding", {"embedding_dim": 8}),
        **{name: ("linear", {"out_features": 8}) for name in "qkv"},
        "mean": ("op_mean", {"dim": 1}),
        "fc": ("linear", {"out_features": 2}),
        "loss": CE,
    }
    return Inspector(build(common | nodes, ["data.x embedding.x", *PROJECTIONS, *wires, *ANSWER]))


@pytest.fixture(scope="module")
def single() -> Inspector:
    """One head, with dropout of the weights."""
    nodes: dict[str, Node] = {
        "turned": ("op_transpose", {}), "scores": ("op_matmul", {}), "scale": ("op_scale", {"factor": 0.5}),
        "soft": ("act_softmax", {}), "drop": ("drop_dropout", {}), "mix": ("op_matmul", {}),
    }  # fmt: skip
    wires = ["k.y turned.x", "q.y scores.a", "turned.y scores.b", "scores.y scale.x", "scale.y soft.x", "soft.y drop.x"]
    return _inspector(nodes, [*wires, "drop.y mix.a", "v.y mix.b", "mix.y mean.x"])


@pytest.fixture(scope="module")
def heads() -> Inspector:
    """Two heads, as the scaled dot product alone."""
    nodes: dict[str, Node] = {name: ("op_split_heads", {"num_heads": 2}) for name in ("qh", "kh", "vh")}
    nodes |= {"dot": ("attn_scaled_dot", {"scale": 0.3, "causal": True}), "merge": ("op_merge_heads", {})}
    wires = [wire for name in "qkv" for wire in (f"{name}.y {name}h.x", f"{name}h.y dot.{name}")]
    return _inspector(nodes, [*wires, "dot.y merge.x", "merge.y mean.x"])


def test_a_softmax_over_scores_is_attention(single: Inspector) -> None:
    sample = single.sample("valid", 1)
    assert attention_nodes(single) == ["soft"]
    found = attention(single, sample, "soft")
    assert found.weights.shape == (1, 12, 12) and found.own
    np.testing.assert_array_equal(found.weights[0], single.value(sample, ("soft", "y"))[0].numpy())
    np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-5)
    assert found.keys.kind == "tokens" and found.keys.names == found.queries.names


def test_the_weights_of_a_scaled_dot_product_give_its_result(heads: Inspector) -> None:
    sample = heads.sample("valid", 1)
    assert attention_nodes(heads) == ["dot"]
    found = attention(heads, sample, "dot")
    assert found.weights.shape == (2, 12, 12) and found.own
    assert (np.triu(found.weights, 1) == 0).all()
    weighed = torch.from_numpy(found.weights) @ heads.value(sample, ("vh", "y"))[0]
    torch.testing.assert_close(weighed, heads.value(sample, ("dot", "y"))[0])


@pytest.mark.parametrize("name", ["single", "heads"])
def test_all_views_of_attention_are_drawn(name: str, request: pytest.FixtureRequest) -> None:
    inspector: Inspector = request.getfixturevalue(name)
    sample = inspector.sample()
    offered = [spec for spec in views(inspector) if spec.topic.id == "attention"]
    assert len(offered) == 6
    for spec in offered:
        assert compute(inspector, spec.id, spec.node, sample)[0].data
    node = rolled_nodes(inspector)[0]
    np.testing.assert_allclose(rollout(inspector, sample, node).shares.sum(-1), 1, rtol=1e-5)


def test_a_softmax_over_features_is_none() -> None:
    """Linear attention: no query is compared with a key."""
    nodes: dict[str, Node] = {
        "features": ("act_softmax", {}), "turned": ("op_transpose", {}),
        "memory": ("op_matmul", {}), "mix": ("op_matmul", {}),
    }  # fmt: skip
    wires = ["q.y features.x", "k.y turned.x", "turned.y memory.a", "v.y memory.b"]
    assert attention_nodes(_inspector(nodes, [*wires, "features.y mix.a", "memory.y mix.b", "mix.y mean.x"])) == []

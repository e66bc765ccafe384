"""Values set from the command line."""

from __future__ import annotations

from typing import Any

import pytest

from builder.graph import Edge, Graph, GraphError, to_document
from builder.train import override
from tests.train.graphs import classifier


def with_block() -> Graph:
    """Two uses of a block ``pair`` of two layers, one of them nested in ``outer``."""
    graph = classifier()
    pair = graph.blocks["pair"] = Graph()
    pair.place("x", "port_in")
    pair.place("conv1", "conv_standard", {"out_channels": {"param": "channels"}})
    pair.place("y", "port_out")
    pair.wire(Edge("x", "y", "conv1", "x"))
    pair.wire(Edge("conv1", "y", "y", "x"))
    pair.block_params["channels"] = 8
    outer = graph.blocks["outer"] = Graph()
    outer.place("first", "block:pair")
    for id in ("res1", "res2"):
        graph.place(id, "block:pair")
    graph.place("deep", "block:outer")
    return graph


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("fc.out_features=5", 5),
        ("fc.bias=false", False),
        ("fc.bias=False", False),
        ("optimizer.lr=3e-4", 3e-4),
        ("optimizer.lr=1", 1),
        (" optimizer.lr = 0.5", 0.5),
    ],
)
def test_parameters_are_typed(assignment: str, value: Any) -> None:
    graph = override(classifier(), [assignment])
    node, param = assignment.partition("=")[0].strip().split(".")
    assert graph.nodes[node]["params"][param] == value
    assert type(graph.nodes[node]["params"][param]) is type(value)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("conv.padding=same", "same"),
        ('conv.padding="same"', "same"),
        ("conv.padding=[1, 2]", [1, 2]),
        ("conv.padding=2", 2),
        ("conv.in_channels=null", None),
        ("conv.in_channels=none", None),
    ],
)
def test_values_are_json_or_text(assignment: str, value: Any) -> None:
    graph = classifier(layers={"conv": ("conv_standard", {"in_channels": 3})})
    changed = override(graph, [assignment])
    assert changed.nodes["conv"]["params"][assignment.split(".")[1].split("=")[0]] == value


def test_the_given_graph_stays() -> None:
    graph = classifier()
    before = to_document(graph)
    override(graph, ["fc.out_features=9", "training.epochs=7", "data.settings.batch_size=3"])
    assert to_document(graph) == before


def test_settings_and_training() -> None:
    assignments = ["data.settings.batch_size=3", "fc.settings.init.component=init_xavier", "training.epochs=7"]
    graph = override(classifier(), assignments)
    assert graph.nodes["data"]["settings"]["batch_size"] == 3
    assert graph.nodes["fc"]["settings"]["init"] == {"component": "init_xavier"}
    assert graph.training["epochs"] == 7


def test_a_block_takes_its_parameters() -> None:
    graph = override(with_block(), ["res1.channels=16"])
    assert graph.nodes["res1"]["params"] == {"channels": 16}
    assert graph.nodes["res2"]["params"] == {}


def test_a_node_in_a_block_changes_in_this_use_only() -> None:
    graph = override(with_block(), ["res1.conv1.kernel_size=5", "deep.first.conv1.bias=false"])
    own = graph.nodes["res1"]["component"].removeprefix("block:")
    assert graph.blocks[own].nodes["conv1"]["params"]["kernel_size"] == 5
    assert graph.nodes["res2"]["component"] == "block:pair"
    assert graph.blocks["pair"].nodes["conv1"]["params"] == {"out_channels": {"param": "channels"}}
    assert graph.blocks["outer"].nodes["first"]["component"] == "block:pair"
    deep = graph.blocks[graph.nodes["deep"]["component"].removeprefix("block:")]
    inner = graph.blocks[deep.nodes["first"]["component"].removeprefix("block:")]
    assert inner.nodes["conv1"]["params"]["bias"] is False


@pytest.mark.parametrize(
    ("assignment", "words", "node"),
    [
        ("fc", "node.param=value", ""),
        ("fc.out_features", "node.param=value", ""),
        ("=3", "node.param=value", ""),
        ("fc..x=3", "node.param=value", ""),
        ("nothing.lr=3", "no node 'nothing'", "nothing"),
        ("fc.width=3", "width", "fc"),
        ("fc.out_features=0", "at least 1", "fc"),
        ("fc.out_features=wide", "integer", "fc"),
        ("fc.out_features=1e999", "integer", "fc"),
        ("fc.below.out_features=3", "no block", "fc"),
        ("res1.width=3", "no parameter 'width'", "res1"),
        ("res1.nothing.lr=3", "no node 'nothing'", "nothing"),
        ("training.epochs=0", "epochs", ""),
        ("training.epochs=many", "epochs", ""),
        ("fc.settings.frozen=3", "frozen", "fc"),
        ("fc.settings.name.x=3", "name", "fc"),
    ],
)
def test_what_cannot_be_set_is_refused(assignment: str, words: str, node: str) -> None:
    graph = with_block()
    graph.nodes["fc"]["settings"]["name"] = "Layer"
    with pytest.raises(GraphError, match=words) as caught:
        override(graph, [assignment])
    assert caught.value.message_zh
    assert caught.value.node == node

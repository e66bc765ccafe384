"""Small models of every kind, and pieces to write them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builder.graph import Edge, Graph

Node = tuple[str, Mapping[str, Any]]
Chain = Mapping[str, Node]


def build(nodes: Mapping[str, Node], wires: Sequence[str], blocks: Mapping[str, Graph] | None = None) -> Graph:
    """A graph of ``id: (component, params)`` and ``"a.y b.x"`` wires, with named blocks."""
    graph = Graph()
    graph.blocks.update(blocks or {})
    for id, (component, params) in nodes.items():
        graph.place(id, component, params)
    for wire in wires:
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    return graph


def chain(data: Node, layers: Chain, judge: Node, extra: Sequence[str] = (), others: Chain | None = None) -> Graph:
    """Layers one behind the other from ``data.x``; ``judge`` (node ``loss``) holds the last against ``data.y``."""
    ends = ["data.x", *(f"{id}.y" for id in layers)]
    wires = [f"{source} {id}.x" for source, id in zip(ends, layers, strict=False)]
    port = "prediction" if judge[0] == "loss_mse" else "logits"
    wires += [f"{ends[-1]} loss.{port}", "data.y loss.target", *extra]
    return build({"data": data, **layers, **(others or {}), "loss": judge}, wires)


CE: Node = ("loss_cross_entropy", {})


def cnn(data: Node = ("data_digits", {}), classes: int = 10) -> Graph:
    """Two convolutions and a linear layer on images."""
    layers: dict[str, Node] = {
        "conv1": ("conv_standard", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        "relu1": ("act_relu", {}),
        "conv2": ("conv_standard", {"out_channels": 5, "kernel_size": 3}),
        "relu2": ("act_relu", {}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": classes}),
    }
    return chain(data, layers, CE)


def colour() -> Graph:
    return cnn(("data_random", {"shape": [3, 6, 7], "num_classes": 3, "samples": 40}), 3)


def faces() -> Graph:
    """One logit: face or not."""
    layers: dict[str, Node] = {"flatten": ("op_flatten", {}), "fc": ("linear", {"out_features": 1})}
    return chain(("data_lfw", {}), layers, ("loss_bce", {}))


def table() -> Graph:
    layers: dict[str, Node] = {
        "standardize": ("dnorm_standardize", {}),
        "fc1": ("linear", {"out_features": 6}),
        "tanh": ("act_tanh", {}),
        "fc2": ("linear", {"out_features": 3}),
    }
    return chain(("data_iris", {}), layers, CE)


def regression() -> Graph:
    layers: dict[str, Node] = {"standardize": ("dnorm_standardize", {}), "fc": ("linear", {"out_features": 1})}
    return chain(("data_diabetes", {}), layers, ("loss_mse", {}))


def autoencoder() -> Graph:
    """Takes noise off digits."""
    layers: dict[str, Node] = {
        "noise": ("aug_gaussian_noise", {"std": 0.3, "when": "always"}),
        "down": ("conv_standard", {"out_channels": 6, "kernel_size": 2, "stride": 2}),
        "relu": ("act_relu", {}),
        "up": ("conv_transposed", {"out_channels": 1, "kernel_size": 2, "stride": 2}),
    }
    graph = chain(("data_digits", {}), layers, ("loss_mse", {}))
    graph.remove_edges_from(
        [(a, b, k) for a, b, k, d in graph.edges(keys=True, data=True) if d["source_port"] == "y" and a == "data"]
    )
    graph.wire(Edge("data", "x", "loss", "target"))
    return graph


def vit(class_token: bool = True) -> Graph:
    """Attention over the 16 patches of a digit (and a class token)."""
    nodes: dict[str, Node] = {
        "patches": ("conv_standard", {"out_channels": 8, "kernel_size": 2, "stride": 2}),
        "flatten": ("op_flatten", {"start_dim": 2}),
        "tokens": ("op_transpose", {"dim0": 1, "dim1": 2}),
    }
    if class_token:
        nodes["cls"] = ("learned_token", {})
    nodes |= {
        "encoder": ("tr_encoder_layer", {"num_heads": 2}),
        "mean": ("op_mean", {"dim": 1}),
        "fc": ("linear", {"out_features": 10}),
    }
    return chain(("data_digits", {}), nodes, CE)


SENTIMENT: Node = ("data_sentiment", {"max_len": 12, "vocabulary_size": 300})


def sentiment() -> Graph:
    """Self-attention over words, with padding."""
    layers: dict[str, Node] = {
        "embedding": ("embedding", {"embedding_dim": 8}),
        "encoder": ("tr_encoder_layer", {"num_heads": 2}),
        "mean": ("op_mean", {"dim": 1}),
        "fc": ("linear", {"out_features": 2}),
    }
    return chain(SENTIMENT, layers, CE, ["data.pad encoder.pad"])


def cross() -> Graph:
    """A learned query looks at words: queries and keys are of different kinds."""
    nodes: dict[str, Node] = {
        "data": SENTIMENT,
        "embedding": ("embedding", {"embedding_dim": 8}),
        "lstm": ("rnn_lstm", {"hidden_size": 8}),
        "attention": ("attn_multi_head", {"num_heads": 2}),
        "mean": ("op_mean", {"dim": 1}),
        "cls": ("learned_token", {"num_tokens": 2}),
        "fc": ("linear", {"out_features": 2}),
        "loss": CE,
    }
    wires = [
        "data.x embedding.x", "embedding.y lstm.x", "lstm.y cls.x", "cls.y attention.q", "embedding.y attention.k",
        "embedding.y attention.v", "data.pad attention.pad", "attention.y mean.x", "mean.y fc.x", "fc.y loss.logits",
        "data.y loss.target",
    ]  # fmt: skip
    return build(nodes, wires)


def gpt() -> Graph:
    """A causal language model of characters."""
    layers: dict[str, Node] = {
        "embedding": ("embedding", {"num_embeddings": 103, "embedding_dim": 8}),
        "position": ("pe_learnable", {"max_len": 16}),
        "decoder": ("tr_encoder_layer", {"num_heads": 2, "causal": True}),
        "fc": ("linear", {"out_features": 103}),
    }
    data: Node = ("data_text_characters", {"context": 16, "valid_share": 0.02, "test_share": 0.02})
    return chain(data, layers, ("loss_cross_entropy", {"class_axis": -1}))


def gcn() -> Graph:
    """Node classification on the karate club."""
    layers: dict[str, Node] = {
        "gcn1": ("gnn_gcn", {"out_features": 5}),
        "relu": ("act_relu", {}),
        "gcn2": ("gnn_gcn", {"out_features": 2}),
    }
    return chain(
        ("data_karate", {}), layers, CE, ["data.edge_index gcn1.edge_index", "data.edge_index gcn2.edge_index"]
    )


def series() -> Graph:
    """A convolution over time series, channels first."""
    layers: dict[str, Node] = {
        "conv": ("conv_standard", {"out_channels": 4, "kernel_size": 5}),
        "relu": ("act_relu", {}),
        "mean": ("op_mean", {"dim": 2}),
        "fc": ("linear", {"out_features": 4}),
    }
    return chain(("data_motions", {"channels_first": True}), layers, CE)


def recurrent() -> Graph:
    """A recurrent network over time series, steps first."""
    layers: dict[str, Node] = {
        "lstm": ("rnn_lstm", {"hidden_size": 6}),
        "mean": ("op_mean", {"dim": 1}),
        "fc": ("linear", {"out_features": 4}),
    }
    return chain(("data_motions", {}), layers, CE)


def volume() -> Graph:
    layers: dict[str, Node] = {
        "conv": ("conv_standard", {"out_channels": 3, "kernel_size": 3}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 2}),
    }
    return chain(("data_random", {"shape": [1, 5, 6, 7], "num_classes": 2, "samples": 30}), layers, CE)


def two_heads() -> Graph:
    """A digit's class and its picture from one code."""
    nodes: dict[str, Node] = {
        "data": ("data_digits", {}),
        "conv": ("conv_standard", {"out_channels": 4, "kernel_size": 2, "stride": 2}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 10}),
        "up": ("conv_transposed", {"out_channels": 1, "kernel_size": 2, "stride": 2}),
        "loss": CE,
        "picture": ("loss_mse", {}),
    }
    wires = [
        "data.x conv.x", "conv.y flatten.x", "flatten.y fc.x", "fc.y loss.logits", "data.y loss.target", "conv.y up.x",
        "up.y picture.prediction", "data.x picture.target",
    ]  # fmt: skip
    return build(nodes, wires)


def unjudged() -> Graph:
    """A model without a loss."""
    nodes: dict[str, Node] = {
        "data": ("data_digits", {}),
        "flatten": ("op_flatten", {}),
        "fc": ("linear", {"out_features": 10}),
    }
    return build(nodes, ["data.x flatten.x", "flatten.y fc.x"])


ZOO: dict[str, Callable[[], Graph]] = {
    make.__name__: make
    for make in (
        cnn, colour, faces, table, regression, autoencoder, vit, sentiment, cross, gpt, gcn, series, recurrent, volume,
        two_heads, unjudged,
    )
}  # fmt: skip

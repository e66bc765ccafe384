"""FLOPs and parameters against hand computation. A multiplication and an addition count two; figures are for one sample."""

from __future__ import annotations

from typing import Any

import pytest

from builder.compiler import check
from tests.compiler.build import Node, chain, graph, image
from tests.compiler.build import given as an_input


def cost(data: Node, component: str, **params: Any) -> tuple[int, int]:
    """Parameters and FLOPs of one layer on this data."""
    report = check(chain(("data", data), ("node", (component, params))))
    assert report.ok, [p.message for p in report.problems]
    return report.nodes["node"].parameters, report.nodes["node"].flops


def test_linear() -> None:
    assert cost(image(7), "linear", out_features=5) == (7 * 5 + 5, 2 * 7 * 5)
    assert cost(image(7), "linear", out_features=5, bias=False) == (7 * 5, 2 * 7 * 5)
    assert cost(an_input(3, 4, 7), "linear", out_features=5) == (7 * 5 + 5, 3 * 4 * 2 * 7 * 5)


def test_convolution() -> None:
    # 3x3 kernels over 4 channels at each of the 11 x 13 places of 6 channels.
    assert cost(image(4, 11, 13), "conv_standard", out_channels=6, padding=1) == (
        6 * 4 * 9 + 6,
        2 * 11 * 13 * 6 * 4 * 9,
    )
    assert cost(image(4, 11, 13), "conv_standard", out_channels=6, stride=2) == (6 * 4 * 9 + 6, 2 * 5 * 6 * 6 * 4 * 9)
    assert cost(image(4, 11, 13), "conv_standard", out_channels=6, groups=2, bias=False) == (
        6 * 2 * 9,
        2 * 9 * 11 * 6 * 2 * 9,
    )
    assert cost(an_input(4, 11), "conv_standard", out_channels=6, kernel_size=5) == (6 * 4 * 5 + 6, 2 * 7 * 6 * 4 * 5)
    assert cost(an_input(4, 5, 6, 7), "conv_standard", out_channels=2, kernel_size=3) == (
        2 * 4 * 27 + 2,
        2 * 3 * 4 * 5 * 2 * 4 * 27,
    )


def test_transposed_convolution() -> None:
    # Each of the 5 x 6 inputs is multiplied with each kernel.
    parameters, flops = cost(image(4, 5, 6), "conv_transposed", out_channels=3, kernel_size=2, stride=2)
    assert (parameters, flops) == (4 * 3 * 4 + 3, 2 * 5 * 6 * 4 * 3 * 4)


def test_layers_without_products_cost_nothing() -> None:
    assert cost(image(7), "act_relu") == (0, 0)
    assert cost(image(4, 8, 8), "pool_max") == (0, 0)
    assert cost(image(4, 8, 8), "norm_batch") == (8, 0)


def attention(T: int, S: int, D: int) -> int:
    """Four projections, scores of T queries with S keys, and the weighted sums of S values."""
    return 2 * (T * D * D + 2 * S * D * D + T * S * D + T * S * D + T * D * D)


@pytest.mark.parametrize("read", [False, True], ids=["fused", "weights read"])
def test_attention(read: bool) -> None:
    nodes: dict[str, Node] = {
        "q": an_input(5, 12),
        "k": an_input(7, 12),
        "a": ("attn_multi_head", {"num_heads": 3}),
        "r": "act_relu",
    }
    wires = ["q.x a.q", "k.x a.k a.v", "a.weights r.x" if read else "a.y r.x"]
    node = check(graph(nodes, wires)).nodes["a"]
    assert node.parameters == 4 * (12 * 12 + 12)
    assert node.flops == attention(5, 7, 12)


def test_self_attention() -> None:
    node = check(graph({"d": an_input(5, 12), "a": "attn_multi_head"}, ["d.x a.q a.k a.v"])).nodes["a"]
    assert node.flops == attention(5, 5, 12)


def test_scaled_dot_product() -> None:
    nodes: dict[str, Node] = {"q": an_input(3, 5, 4), "k": an_input(3, 7, 4), "a": "attn_scaled_dot"}
    node = check(graph(nodes, ["q.x a.q", "k.x a.k a.v"])).nodes["a"]
    assert node.flops == 2 * 3 * 5 * 7 * 4 * 2


GATES = {"rnn_lstm": 4, "rnn_gru": 3, "rnn_vanilla": 1}


@pytest.mark.parametrize("component", GATES)
@pytest.mark.parametrize("padded", [False, True], ids=["", "padded"])
@pytest.mark.parametrize(
    ("layers", "bidirectional"),
    [(1, False), (1, True), (2, False), (3, True)],
    ids=["one", "both ways", "two", "three both ways"],
)
def test_recurrent(component: str, layers: int, bidirectional: bool, padded: bool) -> None:
    T, C, H, directions = 6, 5, 4, 2 if bidirectional else 1
    params = {"hidden_size": H, "num_layers": layers, "bidirectional": bidirectional}
    nodes: dict[str, Node] = {"data": an_input(T, C), "rnn": (component, params)}
    wires = ["data.x rnn.x"]
    if padded:
        nodes["pad"] = an_input(T, dtype="bool")
        wires.append("pad.x rnn.pad")
    node = check(graph(nodes, wires)).nodes["rnn"]
    gates = GATES[component]
    weights = [
        gates * H * ((C if layer == 0 else H * directions) + H) for layer in range(layers) for _ in range(directions)
    ]
    assert node.parameters == sum(weights) + len(weights) * 2 * gates * H
    assert node.flops == 2 * T * sum(weights), "each weight meets each step once"
    assert node.outputs["y"].shape == ("B", T, H * directions)
    assert node.outputs["h"].shape == (layers * directions, "B", H)


def test_graph_convolution_counts_one_node() -> None:
    report = check(
        graph(
            {"data": "data_karate", "g": ("gnn_gcn", {"out_features": 5})},
            ["data.x g.x", "data.edge_index g.edge_index"],
        )
    )
    features = report.nodes["data"].outputs["x"].shape[-1]
    assert isinstance(features, int)
    assert report.nodes["g"].flops == 2 * features * 5


def test_totals() -> None:
    report = check(
        chain(("data", image(7)), ("a", ("linear", {"out_features": 5})), ("b", ("linear", {"out_features": 3})))
    )
    assert report.parameters == 7 * 5 + 5 + 5 * 3 + 3
    assert report.flops == 2 * 7 * 5 + 2 * 5 * 3
    assert report.activation_bytes == 4 * 5 + 4 * 3

"""Small graphs whose training has several parts."""

from __future__ import annotations

from builder.graph import Edge, Graph


def wired(graph: Graph, *wires: str) -> Graph:
    """The graph with wires ``"a.y b.x"``."""
    for wire in wires:
        source, target = wire.split()
        graph.wire(Edge(*source.split("."), *target.split(".")))
    return graph


def critic() -> Graph:
    """A block from vectors (B, *) to scores (B, 1)."""
    block = Graph()
    block.place("x", "port_in", position=(0, 0))
    block.place("fc", "linear", {"out_features": 1}, position=(300, 0))
    block.place("score", "port_out", position=(600, 0))
    return wired(block, "x.y fc.x", "fc.y score.x")


def adversarial() -> Graph:
    """Noise becomes rows of iris; a critic is used on both, and its gradient is penalised. Two optimizers."""
    graph = Graph()
    graph.blocks["critic"] = critic()
    nodes = {
        "data": ("data_iris", {}, {"batch_size": 32}),
        "noise": ("noise_normal", {"size": 3}, {}),
        "maker": ("linear", {"out_features": 4}, {}),
        "real": ("block:critic", {}, {}),
        "fake": ("block:critic", {}, {"weights": {"from": "shared", "node": "real"}}),
        "loss": ("gan_wgan", {}, {}),
        "penalty": ("gan_wgan_gp", {"critic": {"node": "real"}}, {}),
        "opt_d": ("opt_adam", {}, {"parameters": ["real"]}),
        "opt_g": ("opt_adam", {}, {"parameters": ["maker"], "every": 3, "epochs": [2, 9]}),
    }
    for number, (id, (component, params, settings)) in enumerate(nodes.items()):
        graph.place(id, component, params, settings, position=(280.0 * (number % 4), 200.0 * (number // 4)))
    return wired(
        graph, "data.x noise.x", "noise.z maker.x", "data.x real.x", "maker.y fake.x", "data.x penalty.x_real",
        "maker.y penalty.x_fake", "real.score loss.d_real", "fake.score loss.d_fake", "loss.loss_d opt_d.loss",
        "penalty.loss opt_d.loss", "loss.loss_g opt_g.loss",
    )  # fmt: skip

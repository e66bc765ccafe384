"""Generated documents of graph files: sound in form, whatever they mean."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "conv1", "x", "train", "class", "Node_2", "lambda")
PORTS = ("x", "y", "xs", "loss", "logits", "nope")
COMPONENTS = (
    "linear", "conv_standard", "op_add", "op_concat", "op_split", "act_relu", "rnn_lstm", "attn_multi_head", "data_random",
    "loss_cross_entropy", "opt_adam", "sched_cosine", "no_such_component",
)  # fmt: skip
VALUES = st.sampled_from(
    (None, True, 0, -3, 7, 2**40, 0.5, 1e-9, -0.0, "", "text", "卷积 🙂", 'quote " \\ /', [], [1, [2, "x"]], {}, {"k": {"param": 1}},
     {"param": "channels"}, {"param": "nothing"}, [{"param": "size"}])
)  # fmt: skip
PARAMS = st.dictionaries(st.sampled_from(("out_features", "kernel_size", "sections", "odd one")), VALUES, max_size=2)
EXTRA = st.just({}) | VALUES.map(lambda value: {"later": value})
SETTINGS = st.sampled_from(
    (
        {},
        {"name": "A name, 名称", "frozen": True},
        {"weights": {"from": "own"}, "batch_size": 16},
        {"weights": {"from": "shared", "node": "a"}},
        {"weights": {"from": "shared", "node": "x/conv1"}, "init": {"component": "init_zero", "params": {"odd": 1}}},
        {"init": {"component": "linear"}, "repeat": 2, "clip_norm": 0.5},
        {"unheard_of": [1, {"a": None}], "shuffle": False},
    )
)
POSITIONS = st.none() | st.sampled_from(([0, 0], [-10.5, 3], [1e6, 0.1]))


@st.composite
def bodies(draw: st.DrawFn, components: tuple[str, ...]) -> dict[str, Any]:
    """Nodes and edges, of the graph or of a block."""
    ids = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    nodes = []
    for id in ids:
        node = {"id": id, "component": draw(st.sampled_from(components)), "params": draw(PARAMS)}
        settings, position = draw(SETTINGS), draw(POSITIONS)
        node |= ({"settings": settings} if settings else {}) | ({"position": position} if position else {})
        nodes.append(node | draw(EXTRA))
    ends = st.builds("{}.{}".format, st.sampled_from(ids), st.sampled_from(PORTS))
    edges = draw(st.lists(st.builds(lambda a, b, extra: {"from": a, "to": b} | extra, ends, ends, EXTRA), max_size=6))
    return {"nodes": nodes, "edges": edges}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document of the current version, with blocks, unknown components, parameters and ports, and keys to come."""
    names = draw(st.sampled_from(((), ("res",), ("res", "inner"))))
    uses = tuple(f"block:{name}" for name in (*names, "missing"))
    document = {"format": "layerloom-graph", "version": 1, "meta": draw(EXTRA), "training": {"epochs": 3} | draw(EXTRA)}
    document |= draw(bodies((*COMPONENTS, *uses)))
    inside = bodies((*COMPONENTS, *uses, "port_in", "port_out"))
    document["blocks"] = {
        name: {"params": {"channels": 8, "size": draw(VALUES)}, "meta": {"title": name}} | draw(inside) | draw(EXTRA)
        for name in names
    }
    return document | draw(EXTRA)

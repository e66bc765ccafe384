"""Graphs of every form that the exporter has to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.graph import Graph, from_document
from builder.graph.schema import FORMAT, VERSION

Node = tuple[Any, ...]
Document = dict[str, Any]


def body(nodes: Mapping[str, Any], edges: Sequence[str]) -> Document:
    """Nodes as ``id: component`` or ``id: (component, params, settings)``; edges as ``a.y>b.x``."""
    listed = []
    for id, given in nodes.items():
        component, params, settings = (*((given,) if isinstance(given, str) else given), {}, {})[:3]
        listed.append({"id": id, "component": component, "params": params, "settings": settings})
    return {"nodes": listed, "edges": [dict(zip(("from", "to"), edge.split(">"), strict=True)) for edge in edges]}


def graph(
    nodes: Mapping[str, Any],
    edges: Sequence[str],
    blocks: Mapping[str, Document] | None = None,
    meta: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Graph:
    """The graph of a short description."""
    document = {"format": FORMAT, "version": VERSION, "meta": dict(meta or {}), "training": dict(training or {})}
    return from_document({**document, **body(nodes, edges), "blocks": dict(blocks or {})})


def block(params: Mapping[str, Any], nodes: Mapping[str, Any], edges: Sequence[str]) -> Document:
    return {"params": dict(params), **body(nodes, edges)}


def data(**ports: Any) -> Node:
    """A data set with these ports: ``x=("B", 3, 8, 8)``, or ``x=(("B", 5), "int64", 11)`` for integers below 11."""
    tensors = []
    for port, given in ports.items():
        shape, dtype, high = given, "float32", 0
        if isinstance(given[0], tuple):
            shape, dtype, *rest = given
            high = rest[0] if rest else 0
        tensors.append([port, list(shape), dtype, high])
    return "data_given", {"tensors": tensors}


RESIDUAL = block(
    {"channels": 8, "stride": 1},
    {
        "x": "port_in",
        "conv1": (
            "conv_standard",
            {"out_channels": {"param": "channels"}, "stride": {"param": "stride"}, "padding": 1},
        ),
        "bn1": "norm_batch",
        "relu": "act_relu",
        "conv2": ("conv_standard", {"out_channels": {"param": "channels"}, "padding": 1}),
        "shortcut": (
            "conv_standard",
            {"out_channels": {"param": "channels"}, "kernel_size": 1, "stride": {"param": "stride"}},
        ),
        "add": "op_add",
        "y": "port_out",
    },
    [
        "x.y>conv1.x", "conv1.y>bn1.x", "bn1.y>relu.x", "relu.y>conv2.x", "conv2.y>add.xs",
        "x.y>shortcut.x", "shortcut.y>add.xs", "add.y>y.x",
    ],
)  # fmt: skip

ENCODER = block(
    {"heads": 2},
    {
        "x": "port_in",
        "pad": "port_in",
        "norm": "norm_layer",
        "attention": ("attn_multi_head", {"num_heads": {"param": "heads"}}),
        "add": "op_add",
        "y": "port_out",
    },
    [
        "x.y>norm.x", "norm.y>attention.q", "norm.y>attention.k", "norm.y>attention.v", "pad.y>attention.pad",
        "x.y>add.xs", "attention.y>add.xs", "add.y>y.x",
    ],
)  # fmt: skip


def convolutional() -> Graph:
    return graph(
        {
            "data": data(x=("B", 1, 12, 12)),
            "conv1": ("conv_standard", {"out_channels": 6, "kernel_size": 5, "padding": 2}),
            "act1": "act_relu",
            "pool1": ("pool_max", {"kernel_size": 2}),
            "flatten": "op_flatten",
            "fc": ("linear", {"out_features": 10}),
        },
        ["data.x>conv1.x", "conv1.y>act1.x", "act1.y>pool1.x", "pool1.y>flatten.x", "flatten.y>fc.x"],
        meta={"title": "LeNet-5 on MNIST", "description": "A small network.", "source": "LeCun et al. 1998"},
    )


def residual() -> Graph:
    """A block used with other parameters each time, one use of it repeated."""
    return graph(
        {
            "data": data(x=("B", 3, 8, 8)),
            "res1": ("block:residual", {"channels": 8}),
            "res2": ("block:residual", {"channels": 16, "stride": 2}),
            "stack": ("block:residual", {"channels": 16}, {"repeat": 3}),
            "pool": "pool_global_avg",
        },
        ["data.x>res1.x", "res1.y>res2.x", "res2.y>stack.x", "stack.y>pool.x"],
        {"residual": RESIDUAL},
        {"title": "残差网络"},
    )


def repeated_with_mask() -> Graph:
    """A repeated block with an input that goes to every copy: a loop over its copies."""
    return graph(
        {
            "data": data(x=(("B", 7), "int64", 11), pad=(("B", 7), "bool"), y=("B", 7, 4)),
            "embed": ("embedding", {"num_embeddings": 11, "embedding_dim": 12}),
            "layers": ("block:encoder", {"heads": 3}, {"repeat": 2}),
            "head": ("linear", {"out_features": 4}),
            "loss": "loss_mse",
        },
        [
            "data.x>embed.x", "embed.y>layers.x", "data.pad>layers.pad", "layers.y>head.x", "head.y>loss.prediction",
            "data.y>loss.target",
        ],
        {"encoder": ENCODER},
    )  # fmt: skip


def growing_stack() -> Graph:
    """Copies of a block whose first one has another input width, and whose block input is used again after it."""
    widen = block(
        {"width": 6},
        {"x": "port_in", "fc": ("linear", {"out_features": {"param": "width"}}), "act": "act_tanh", "y": "port_out"},
        ["x.y>fc.x", "fc.y>act.x", "act.y>y.x"],
    )
    return graph(
        {
            "data": data(x=("B", 5)),
            "stack": ("block:widen", {}, {"repeat": 3}),
            "cat": ("op_concat", {"dim": 1}),
            "head": ("linear", {"out_features": 3}),
        },
        ["data.x>stack.x", "stack.y>cat.xs", "data.x>cat.xs", "cat.y>head.x"],
        {"widen": widen},
    )


def nested() -> Graph:
    """Blocks in blocks, and an op parameter that a block's parameter sets."""
    inner = block(
        {"features": 4, "axis": 1},
        {
            "x": "port_in",
            "fc": ("linear", {"out_features": {"param": "features"}}),
            "mean": ("op_mean", {"dim": {"param": "axis"}, "keepdim": True}),
            "mul": "op_multiply",
            "y": "port_out",
        },
        ["x.y>fc.x", "fc.y>mean.x", "fc.y>mul.xs", "mean.y>mul.xs", "mul.y>y.x"],
    )
    outer = block(
        {"size": 4, "axis": 1},
        {
            "x": "port_in",
            "a": ("block:inner", {"features": {"param": "size"}, "axis": {"param": "axis"}}),
            "b": ("block:inner", {"features": 3}),
            "y": "port_out",
        },
        ["x.y>a.x", "a.y>b.x", "b.y>y.x"],
    )
    return graph(
        {"data": data(x=("B", 6, 5)), "first": ("block:outer", {"size": 7}), "second": ("block:outer", {"axis": 2})},
        ["data.x>first.x", "first.y>second.x"],
        {"inner": inner, "outer": outer},
    )


def recurrent() -> Graph:
    """Several outputs, of which some are read, and an optional input."""
    return graph(
        {
            "data": data(x=("B", 6, 5), pad=(("B", 6), "bool"), h0=(2, "B", 4)),
            "lstm": ("rnn_lstm", {"hidden_size": 4, "bidirectional": True}),
            "gru": ("rnn_gru", {"hidden_size": 3}),
            "last": ("op_select", {"dim": 1, "index": -1}),
            "fc": ("linear", {"out_features": 2}),
        },
        ["data.x>lstm.x", "data.h0>lstm.c0", "data.pad>lstm.pad", "lstm.y>gru.x", "gru.y>last.x", "last.y>fc.x"],
    )


def attention() -> Graph:
    """Cross-attention with a mask, and its weights as a second prediction."""
    return graph(
        {
            "data": data(q=("B", 4, 6), k=("B", 5, 6), mask=((4, 5), "bool")),
            "attn": ("attn_multi_head", {"num_heads": 2}),
            "head": ("linear", {"out_features": 3}),
            "peak": ("op_mean", {"dim": 1}),
        },
        [
            "data.q>attn.q", "data.k>attn.k", "data.k>attn.v", "data.mask>attn.mask",
            "attn.y>head.x", "attn.weights>peak.x",
        ],
    )  # fmt: skip


def graph_network() -> Graph:
    return graph(
        {
            "data": data(x=("V", 5), edge_index=((2, "E"), "int64")),
            "gcn1": ("gnn_gcn", {"out_features": 8}),
            "relu": "act_relu",
            "gcn2": ("gnn_gcn", {"out_features": 3}),
        },
        ["data.x>gcn1.x", "data.edge_index>gcn1.edge_index", "gcn1.y>relu.x", "relu.y>gcn2.x",
         "data.edge_index>gcn2.edge_index"],
    )  # fmt: skip


def several_outputs() -> Graph:
    """A split into three, of which two are read, joined in another order."""
    return graph(
        {
            "data": data(x=("B", 9)),
            "split": ("op_split", {"sections": 3, "dim": 1}),
            "fc": ("linear", {"out_features": 4}),
            "cat": ("op_concat", {"dim": 1}),
            "reshape": ("op_reshape", {"shape": [-1, 7]}),
        },
        ["data.x>split.x", "split.y3>fc.x", "fc.y>cat.xs", "split.y1>cat.xs", "cat.y>reshape.x"],
    )


def shared() -> Graph:
    """One module at several places: beside its owner, in a block, and in a block whose owner stands in another."""
    twin = block(
        {},
        {"x": "port_in", "fc": ("linear", {"out_features": 5}), "act": "act_tanh", "y": "port_out"},
        ["x.y>fc.x", "fc.y>act.x", "act.y>y.x"],
    )
    follower = block(
        {},
        {
            "x": "port_in",
            "again": ("linear", {"out_features": 5}, {"weights": {"from": "shared", "node": "left/fc"}}),
            "own": ("linear", {"out_features": 5}),
            "same": ("linear", {"out_features": 5}, {"weights": {"from": "shared", "node": "own"}}),
            "y": "port_out",
        },
        ["x.y>again.x", "again.y>own.x", "own.y>same.x", "same.y>y.x"],
    )
    return graph(
        {
            "data": data(x=("B", 5), y=("B", 5)),
            "left": "block:twin",
            "right": ("linear", {"out_features": 5}, {"weights": {"from": "shared", "node": "left/fc"}}),
            "follow": "block:follower",
            "add": "op_add",
        },
        ["data.x>left.x", "data.y>right.x", "right.y>follow.x", "left.y>add.xs", "follow.y>add.xs"],
        {"twin": twin, "follower": follower},
    )


def shared_before() -> Graph:
    """A node that uses a module before its owner does, with another layer between them."""
    return graph(
        {
            "data": data(x=("B", 5)),
            "first": ("linear", {"out_features": 5}, {"weights": {"from": "shared", "node": "owner"}}),
            "between": ("linear", {"out_features": 5}),
            "owner": ("linear", {"out_features": 5}),
        },
        ["data.x>first.x", "first.y>between.x", "between.y>owner.x"],
    )


def frozen_and_filled() -> Graph:
    """Node settings: frozen weights, weights that an init component fills, and whole layers that one fills."""
    return graph(
        {
            "data": data(x=("B", 3, 8, 8)),
            "conv": (
                "conv_standard",
                {"out_channels": 4},
                {"frozen": True, "init": {"component": "init_kaiming", "params": {"mode": "fan_out"}}},
            ),
            "tokens": ("op_flatten", {"start_dim": 2}),
            "encoder": ("tr_encoder_layer", {"num_heads": 4}, {"init": {"component": "init_mimetic"}}),
            "flatten": "op_flatten",
            "fc": ("linear", {"out_features": 3}, {"init": {"component": "init_orthogonal", "params": {"gain": 0.5}}}),
        },
        ["data.x>conv.x", "conv.y>tokens.x", "tokens.y>encoder.x", "encoder.y>flatten.x", "flatten.y>fc.x"],
    )


def words() -> Graph:
    """Ids that Python, PyTorch and the exported file use themselves."""
    return graph(
        {
            "data": data(x=("B", 4), y=("B", 4), z=("B", 4), v=("B", 4)),
            "nn": ("linear", {"out_features": 4}),
            "forward": ("linear", {"out_features": 4}),
            "class": ("linear", {"out_features": 4}),
            "Tensor": "act_swish",
            "x": "op_add",
            "self": "op_multiply",
            "print": ("op_concat", {"dim": 1}),
            "training": ("linear", {"out_features": 3}),
            "softmax": "act_softmax",
            "Model": "act_relu",
        },
        [
            "data.x>nn.x", "nn.y>forward.x", "data.y>class.x", "class.y>Tensor.x", "forward.y>x.xs", "Tensor.y>x.xs",
            "x.y>self.xs", "data.z>self.xs", "self.y>print.xs", "data.v>print.xs", "print.y>training.x",
            "training.y>softmax.x", "softmax.y>Model.x",
        ],
    )  # fmt: skip


def inside_a_block() -> Graph:
    """What a loss looks at stands inside a block and leaves it by no port; a second data set stands in it too."""
    critic = block(
        {},
        {
            "x": "port_in",
            "more": data(z=("B", 5)),
            "add": "op_add",
            "fc": ("linear", {"out_features": 5}),
            "loss": "loss_mse",
            "y": "port_out",
        },
        ["x.y>add.xs", "more.z>add.xs", "add.y>fc.x", "fc.y>loss.prediction", "x.y>loss.target", "x.y>y.x"],
    )
    return graph(
        {"data": data(x=("B", 5)), "critic": "block:critic", "head": ("linear", {"out_features": 2})},
        ["data.x>critic.x", "critic.y>head.x"],
        {"critic": critic},
    )


def silent() -> Graph:
    """Nodes that are muted or bypassed: outside, inside a block that is repeated, and a use of it."""
    inner = block(
        {},
        {
            "x": "port_in",
            "conv": ("conv_standard", {"out_channels": 4, "padding": 1}),
            "bn": ("norm_batch", {}, {"mode": "bypass"}),
            "relu": "act_relu",
            "side": ("conv_standard", {"out_channels": 4, "padding": 1}, {"mode": "mute"}),
            "add": "op_add",
            "y": "port_out",
        },
        [
            "x.y>conv.x",
            "conv.y>bn.x",
            "bn.y>relu.x",
            "x.y>side.x",
            "side.y>add.xs",
            "relu.y>add.xs",
            "x.y>add.xs",
            "add.y>y.x",
        ],
    )
    return graph(
        {
            "data": data(x=("B", 4, 6, 6)),
            "stack": ("block:part", {}, {"repeat": 2}),
            "gone": ("block:part", {}, {"mode": "bypass"}),
            "act": ("act_relu", {}, {"mode": "bypass"}),
            "pool": "pool_global_avg",
        },
        ["data.x>stack.x", "stack.y>gone.x", "gone.y>act.x", "act.y>pool.x"],
        {"part": inner},
    )


ALL = {
    maker.__name__: maker
    for maker in (
        convolutional, residual, repeated_with_mask, growing_stack, nested, recurrent, attention, graph_network,
        several_outputs, shared, shared_before, frozen_and_filled, words, inside_a_block, silent,
    )
}  # fmt: skip

NASTY = [
    '"""\nimport os\nos.system("true")\n"""',
    'it\'s "quoted" \\',
    "\\",
    '"',
    "back\\slash\\n",
    "line\u2028separator\x00\x1b[31m\u202eevil",
    "残差网络：第一版",
    "class def import None",
    "9 lives",
    "\ud800 lone surrogate",
    "{curly} %s {0!r}",
    "a" * 500,
    "",
    "   ",
]
"""Texts of a file that must stay texts in whatever is written."""

"""What a learner reads: each message names the node, the port, what was expected and what came, in two languages."""

from __future__ import annotations

import re

import pytest

from builder.compiler import Problem, check
from builder.graph import Graph
from tests.compiler.build import Node, chain, graph, image
from tests.compiler.build import given as an_input


def problem(made: Graph, node: str) -> Problem:
    """The only problem of a graph, which must lie at this node."""
    problems = check(made, fixes=False).problems
    assert [p.node for p in problems] == [node], [f"{p.node}: {p.message}" for p in problems]
    (found,) = problems
    for text in (found.message, found.message_zh):
        assert not re.search(r"\d{5,}", text), "no number that stands for an axis"
        assert "torch." not in text
        assert text.count("(") == text.count(")")
    return found


def both(a: Node, b: Node, **node: Node) -> Graph:
    """A node with two inputs of a variadic port."""
    ((id, component),) = node.items()
    return graph({"a": a, "b": b, id: component}, [f"a.x {id}.xs", f"b.x {id}.xs"])


# (what is wrong, the graph, its node, port and code, the words in English and in Chinese)
CASES: list[tuple[str, Graph, str, str, str, str, str]] = [
    (
        "wrong in_features",
        chain(("data", image(16, 5, 5)), ("flat", "op_flatten"), ("fc", ("linear", {"in_features": 256}))),
        "fc", "x", "mismatch",
        "in_features is set to 256, but port 'x' brings 400.",
        "in_features 设为 256，但端口“x”传入的是 400。",
    ),
    (
        "missing flatten",
        graph(
            {"data": image(16, 5, 5), "fc": ("linear", {"out_features": 10}), "loss": "loss_cross_entropy"},
            ["data.x fc.x", "fc.y loss.logits", "data.y loss.target"],
        ),
        "loss", "logits", "shape",
        "With class_axis=1, logits of shape (B, 16, 5, 10) need a target of shape (B, 5, 10). Got (B,) instead.",
        "class_axis=1 时，形状为 (B, 16, 5, 10) 的 logits 需要形状为 (B, 5, 10) 的目标，收到：(B,)。",
    ),
    (
        "open port",
        graph({"fc": "linear"}),
        "fc", "x", "unconnected",
        "Port 'x' is not connected; it expects (B, *, C).",
        "端口“x”未连接，它需要 (B, *, C)。",
    ),
    (
        "heads",
        graph({"data": an_input(5, 60), "a": ("attn_multi_head", {"num_heads": 7})}, ["data.x a.q a.k a.v"]),
        "a", "", "parameter",
        "The 'num_heads' parameter of attn_multi_head must be a divisor of embed_dim (60). Got 7 instead.",
        "attn_multi_head 的参数“num_heads”必须是能整除 embed_dim（60）的数，收到：7。",
    ),
    (
        "groups",
        chain(("data", image(16, 8, 8)), ("conv", ("conv_standard", {"groups": 3}))),
        "conv", "", "parameter",
        "The 'groups' parameter of conv_standard must be a divisor of in_channels (16). Got 3 instead.",
        "conv_standard 的参数“groups”必须是能整除 in_channels（16）的数，收到：3。",
    ),
    (
        "kernel larger than the map",
        chain(("data", image(3, 3, 4)), ("conv", ("conv_standard", {"kernel_size": 7, "padding": 1}))),
        "conv", "x", "shape",
        "Convolution (Conv1d/2d/3d) cannot work with x (B, 3, 3, 4): the kernel (7 x 7) is larger than the map with its padding "
        "(5 x 6). Make kernel_size smaller, add padding, or shrink the map less before.",
        "标准卷积无法处理 x (B, 3, 3, 4)：卷积核（7 x 7）大于含填充的特征图（5 x 6）。请减小 kernel_size、增加 padding，或减少前面的下采样。",
    ),
    (
        "window larger than the map",
        chain(("data", image(3, 3, 4)), ("pool", ("pool_max", {"kernel_size": 5}))),
        "pool", "x", "shape",
        "Max pooling cannot work with x (B, 3, 3, 4): the window is larger than the map (3 x 4), so that nothing is left. "
        "Make kernel_size smaller or pool less.",
        "最大池化无法处理 x (B, 3, 3, 4)：窗口大于特征图（3 x 4），输出为空。请减小 kernel_size 或减少池化。",
    ),
    (
        "border larger than the map",
        chain(("data", image(3, 4, 4)), ("conv", ("conv_standard", {"padding": 5, "padding_mode": "reflect"}))),
        "conv", "x", "shape",
        "Convolution (Conv1d/2d/3d) cannot work with x (B, 3, 4, 4): this kind of padding copies from the map and must be smaller "
        "than it. Make padding smaller.",
        "标准卷积无法处理 x (B, 3, 4, 4)：这种填充方式从特征图中取值，填充必须小于特征图。请减小 padding。",
    ),
    (
        "add of unequal shapes",
        both(an_input(64, 32, 32), an_input(128, 16, 32), add="op_add"),
        "add", "xs", "shape",
        "Add cannot work with input 1 (B, 64, 32, 32) from a.x and input 2 (B, 128, 16, 32) from b.x: shapes are compared axis by "
        "axis from the last, and must be equal or 1; axis 1 has 64 and 128, axis 2 has 32 and 16.",
        "相加无法处理 输入 1 (B, 64, 32, 32)（来自 a.x）、输入 2 (B, 128, 16, 32)（来自 b.x）：形状从最后一维起逐维比较，必须相等或为 1；"
        "维度 1 分别为 64 和 128，维度 2 分别为 32 和 16。",
    ),
    (
        "multiply of unequal ranks",
        both(an_input(4, 6), an_input(5), mul="op_multiply"),
        "mul", "xs", "shape",
        "Multiply cannot work with input 1 (B, 4, 6) from a.x and input 2 (B, 5) from b.x: shapes are compared axis by axis from "
        "the last, and must be equal or 1; axis -2 has 4 and B, axis -1 has 6 and 5.",
        "相乘无法处理 输入 1 (B, 4, 6)（来自 a.x）、输入 2 (B, 5)（来自 b.x）：形状从最后一维起逐维比较，必须相等或为 1；"
        "维度 -2 分别为 4 和 B，维度 -1 分别为 6 和 5。",
    ),
    (
        "concatenation of unequal shapes",
        both(an_input(64, 32, 32), an_input(128, 16, 32), cat="op_concat"),
        "cat", "xs", "shape",
        "Concatenate cannot work with input 1 (B, 64, 32, 32) from a.x and input 2 (B, 128, 16, 32) from b.x: all axes but the joined "
        "one (1) must be equal; axis 2 is 32 in input 1 and 16 in input 2.",
        "拼接无法处理 输入 1 (B, 64, 32, 32)（来自 a.x）、输入 2 (B, 128, 16, 32)（来自 b.x）：除拼接的维度（1）外各维必须相等；"
        "维度 2 在输入 1 中为 32，在输入 2 中为 16。",
    ),
    (
        "concatenation of unequal ranks",
        both(an_input(64, 32), an_input(128), cat="op_concat"),
        "cat", "xs", "shape",
        "Concatenate cannot work with input 1 (B, 64, 32) from a.x and input 2 (B, 128) from b.x: all inputs must have equally many "
        "axes; input 1 has 3, input 2 has 2.",
        "拼接无法处理 输入 1 (B, 64, 32)（来自 a.x）、输入 2 (B, 128)（来自 b.x）：所有输入的维数必须相同；输入 1 有 3 维，输入 2 有 2 维。",
    ),
    (
        "convolution on features",
        chain(("data", image(64)), ("conv", "conv_standard")),
        "conv", "x", "shape",
        "Port 'x' expects (B, C, L) or (B, C, H, W) or (B, C, D, H, W); received (B, 64). It has too few axes: Reshape adds some.",
        "端口“x”需要 (B, C, L) 或 (B, C, H, W) 或 (B, C, D, H, W)，收到 (B, 64)。维数过少：可用“变形”增加维度。",
    ),
    (
        "recurrent layer on images",
        chain(("data", image(3, 8, 8)), ("rnn", "rnn_gru")),
        "rnn", "x", "shape",
        "Port 'x' expects (B, T, C); received (B, 3, 8, 8). It has too many axes: Flatten or a pooling takes some away.",
        "端口“x”需要 (B, T, C)，收到 (B, 3, 8, 8)。维数过多：可用“展平”或池化减少维度。",
    ),
    (
        "embedding of floats",
        chain(("data", image(64)), ("embed", "embedding")),
        "embed", "x", "shape",
        "Port 'x' expects integers; received float32 of shape (B, 64).",
        "端口“x”需要整数，收到形状为 (B, 64) 的 float32。",
    ),
    (
        "a loss with real numbers as target",
        graph({"data": image(4), "loss": "loss_cross_entropy"}, ["data.x loss.logits loss.target"]),
        "loss", "target", "shape",
        "Port 'target' expects integers; received float32 of shape (B, 4).",
        "端口“target”需要整数，收到形状为 (B, 4) 的 float32。",
    ),
    (
        "a target of another shape",
        graph({"a": an_input(4), "b": an_input(3), "loss": "loss_mse"}, ["a.x loss.prediction", "b.x loss.target"]),
        "loss", "prediction", "shape",
        "The prediction and the target must have the same shape. Got (B, 4) and (B, 3) instead.",
        "预测与目标的形状必须相同，收到：(B, 4) 和 (B, 3)。",
    ),
    (
        "fewer logits than classes",
        graph({"data": image(4), "loss": "loss_cross_entropy"}, ["data.x loss.logits", "data.y loss.target"]),
        "loss", "logits", "classes",
        "The target has 10 classes, but the logits only 4: set the last layer's size to 10.",
        "目标有 10 个类别，而 logits 只有 4 个：请把最后一层的输出设为 10。",
    ),
    (
        "matrices that do not fit",
        graph({"a": an_input(5, 64), "b": an_input(128, 10), "mul": "op_matmul"}, ["a.x mul.a", "b.x mul.b"]),
        "mul", "b", "shape",
        "Matrix product cannot work with a (B, 5, 64) from a.x and b (B, 128, 10) from b.x: the last axis of a (64) must equal the "
        "last but one of b (128).",
        "矩阵乘法无法处理 a (B, 5, 64)（来自 a.x）、b (B, 128, 10)（来自 b.x）：a 的最后一维（64）必须等于 b 的倒数第二维（128）。",
    ),
    (
        "matrices in batches that do not fit",
        graph({"a": an_input(3, 5, 64), "b": an_input(2, 64, 10), "mul": "op_matmul"}, ["a.x mul.a", "b.x mul.b"]),
        "mul", "b", "shape",
        "Matrix product cannot work with a (B, 3, 5, 64) from a.x and b (B, 2, 64, 10) from b.x: the axes before the matrices must be "
        "equal or 1; axis 1 has 3 and 2.",
        "矩阵乘法无法处理 a (B, 3, 5, 64)（来自 a.x）、b (B, 2, 64, 10)（来自 b.x）：矩阵之前的各维必须相等或为 1；维度 1 分别为 3 和 2。",
    ),
    (
        "queries and keys",
        graph({"q": an_input(2, 5, 8), "k": an_input(2, 7, 6), "a": "attn_scaled_dot"}, ["q.x a.q", "k.x a.k a.v"]),
        "a", "k", "shape",
        "Scaled dot-product attention (Q, K, V) cannot work with q (B, 2, 5, 8) from q.x and k (B, 2, 7, 6) from k.x and "
        "v (B, 2, 7, 6) from k.x: queries and keys must have equally many features; q has 8, k has 6.",
        "缩放点积注意力无法处理 q (B, 2, 5, 8)（来自 q.x）、k (B, 2, 7, 6)（来自 k.x）、v (B, 2, 7, 6)（来自 k.x）：查询与键的特征数必须相同；"
        "q 有 8 个，k 有 6 个。",
    ),
    (
        "keys and values",
        graph({"k": an_input(7, 8), "v": an_input(6, 8), "a": "attn_multi_head"}, ["k.x a.q a.k", "v.x a.v"]),
        "a", "v", "shape",
        "Multi-head attention cannot work with q (B, 7, 8) from k.x and k (B, 7, 8) from k.x and v (B, 6, 8) from v.x: keys and values "
        "must have equally many steps; k has 7, v has 6.",
        "多头注意力无法处理 q (B, 7, 8)（来自 k.x）、k (B, 7, 8)（来自 k.x）、v (B, 6, 8)（来自 v.x）：键与值的步数必须相同；k 有 7 步，v 有 6 步。",
    ),
    (
        "an initial state",
        graph(
            {"x": an_input(5, 7), "h": an_input(2, 5), "turn": ("op_transpose", {"dim0": 0, "dim1": 1}), "rnn": ("rnn_lstm", {"hidden_size": 4})},
            ["x.x rnn.x", "h.x turn.x", "turn.y rnn.h0"],
        ),
        "rnn", "h0", "shape",
        "LSTM cannot work with x (B, 5, 7) from x.x and h0 (2, B, 5) from turn.y: an initial state has the shape (layers x directions, "
        "samples, hidden_size), here (1, B, 4).",
        "长短期记忆网络 LSTM无法处理 x (B, 5, 7)（来自 x.x）、h0 (2, B, 5)（来自 turn.y）：初始状态的形状应为（层数×方向数，样本数，hidden_size），"
        "此处为 (1, B, 4)。",
    ),
    (
        "an axis that is not there",
        chain(("data", image(5)), ("soft", ("act_softmax", {"dim": 3}))),
        "soft", "x", "shape",
        "Softmax (temperature) cannot work with x (B, 5): there is no axis 3: the axes are numbered from -2 to 1.",
        "Softmax无法处理 x (B, 5)：没有维度 3：维度编号为 -2 到 1。",
    ),
    (
        "a schedule into a tensor port",
        graph({"s": "sched_cosine", "fc": "linear"}, ["s.schedule fc.x"]),
        "fc", "x", "kind",
        "Port 'x' takes a tensor; s.schedule gives a learning-rate schedule.",
        "端口“x”需要张量，而 s.schedule 给出学习率调度。",
    ),
    (
        "a tensor into an optimizer",
        graph({"data": image(4), "opt": "opt_adam"}, ["data.x opt.loss"]),
        "opt", "loss", "shape",
        "Port 'loss' expects a single number; received (B, 4). Connect the output of a loss.",
        "端口“loss”需要单个数值，收到 (B, 4)。请连接损失的输出。",
    ),
    (
        "two wires on one port",
        graph({"a": image(4), "b": image(4), "fc": "linear"}, ["a.x fc.x", "b.x fc.x"]),
        "fc", "x", "wires",
        "Port 'x' takes one wire; it has 2: a.x, b.x.",
        "端口“x”只能接一条连线，现有 2 条：a.x, b.x。",
    ),
    (
        "edges that are no pairs",
        graph({"x": an_input(5), "e": an_input(7, dtype="int64"), "gcn": "gnn_gcn"}, ["x.x gcn.x", "e.x gcn.edge_index"]),
        "gcn", "edge_index", "shape",
        "Port 'edge_index' expects (2, E); received (B, 7).",
        "端口“edge_index”需要 (2, E)，收到 (B, 7)。",
    ),
    (
        "a layer over the samples",
        chain(("data", image(5)), ("turn", ("op_transpose", {"dim0": 0, "dim1": 1})), ("fc", "linear")),
        "fc", "x", "parameter",
        "in_features would follow from an axis of port 'x' whose size varies: x (5, B). Move a fixed axis there, for example with Swap "
        "two axes.",
        "in_features 会取自端口“x”中大小可变的维度：x (5, B)。请把大小固定的维度移到该处，例如使用“交换两个维度”。",
    ),
    (
        "larger than any memory",
        chain(("data", image(5)), ("fc", ("linear", {"out_features": 10**19}))),
        "fc", "", "parameter",
        "Linear (fully connected): its tensors would be larger than any memory.",
        "全连接层：其张量超出任何内存的容量。",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "node", "port", "code", "message", "message_zh"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_messages(made: Graph, node: str, port: str, code: str, message: str, message_zh: str) -> None:
    found = problem(made, node)
    assert (found.port, found.code) == (port, code)
    assert found.message == message
    assert found.message_zh == message_zh
    assert found.text("zh") == message_zh
    assert found.text("en") == message


def test_what_pytorch_says_is_handed_on_where_the_cause_is_not_known() -> None:
    from builder.compiler.explain import explain
    from components import registry

    reason = explain(registry.get("linear"), {}, {}, RuntimeError("something\n  odd happened.\n"))
    assert (reason.en, reason.zh) == ("something odd happened.", "something odd happened。")
    assert explain(registry.get("linear"), {}, {}, KeyError()).en == "KeyError."
    assert len(explain(registry.get("linear"), {}, {}, RuntimeError("x" * 10_000)).en) < 400


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mat1 and mat2 shapes cannot be multiplied (10007x64 and 128x10)", "its weights take 128 features, but 64 arrive."),
        ("Given groups=1, weight of size [6, 3, 5, 5], expected input[2, 1, 9, 9] to have 3 channels, but got 1 channels instead", "its weights take 3 channels, but 1 arrive."),
        ("running_mean should contain 5 elements not 6", "its weights take 6 channels, but 5 arrive."),
        ("Given normalized_shape=[7], expected input with shape [*, 7], but got input of size[2, 5]", "its weights take 7 features, but 5 arrive."),
        ("input.size(-1) must be equal to input_size. Expected 7, got 5", "its weights take 7 features, but 5 arrive."),
        ("shape '[2, 3]' is invalid for input of size 5", "the values cannot be arranged as [2, 3]: their number differs."),
        ("Halving dimension must be even, but dimension 1 is size 5", "it splits axis 1 into halves, which needs an even size; it has 5."),
        ("expected scalar type Double but found Float", "all its inputs must have one element type."),
        ("mat1 and mat2 must have the same dtype, but got Float and Double", "all its inputs must have one element type."),
        ("Expected input batch_size (3) to match target batch_size (4).", "it needs as many targets as predictions; 3 and 4 arrive."),
        ("Overflow when unpacking long long", "its tensors would be larger than any memory."),
        ("The size of tensor a (5) must match the size of tensor b (7) at non-singleton dimension 1", "the shapes of two of its tensors do not fit together."),
    ],
)  # fmt: skip
def test_sentences_of_pytorch(text: str, words: str) -> None:
    from builder.compiler.explain import explain
    from components import registry

    reason = explain(registry.get("linear"), {}, {}, RuntimeError(text))
    assert reason.en == words
    assert reason.zh != reason.en
    assert not re.search(r"[a-z]{6,} [a-z]{3,}", reason.zh), "Chinese throughout"

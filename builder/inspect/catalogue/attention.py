"""The view of attention weights."""

from __future__ import annotations

import dataclasses

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.attention import Attention, attention, attention_nodes
from builder.inspect.catalogue.spec import Request, View, last, some
from builder.inspect.choices import Choice, Option, choose
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample


def _attention_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    found = attention(inspector, sample, node)
    heads = [Choice(-2, "all", "全部"), Choice(-1, "mean", "平均")]
    heads += [Choice(i, str(i), str(i)) for i in range(len(found.weights))]
    result = choose("show_head", "Head", "头", heads, -2)
    if found.image is not None:
        shows = [Choice("image", "over the image", "叠加在图像上"), Choice("matrix", "as a matrix", "矩阵")]
        result += choose("show", "Draw", "绘制", shows)
        queries = [Choice(i, name, name) for i, name in enumerate(found.queries.names)]
        result += choose("query", "Query", "查询", queries)
    return result


def _draw_attention(request: Request) -> tuple[go.Figure, Attention]:
    found = attention(request.inspector, request.given_sample, request.node)
    head = request.options.get("show_head", -2)
    if request.options.get("show") == "image":
        kept, names = found, []
        if head == -1:
            kept = dataclasses.replace(found, weights=found.weights.mean(0, keepdims=True))
            names = [request.style.say("mean", "平均")]
        elif head >= 0:
            kept = dataclasses.replace(found, weights=found.weights[head : head + 1])
            names = [request.style.say(f"head {head}", f"头 {head}")]
        return figures.attention_image(kept, request.style, request.options.get("query", 0), names), found
    if head == -2 and len(found.weights) > 1:
        return figures.attention_heads(found, request.style), found
    return figures.attention_matrix(found, request.style, None if head == -1 else max(head, 0)), found


VIEWS: tuple[View, ...] = (
    View(
        "attention", "Attention", "注意力",
        "Who looks at whom: each head's attention between words, characters or patches of the image.",
        "谁在看谁：各个头在词、字符或图像小块之间的注意力。",
        "The softmax weights of the attention (Vaswani et al., arXiv 1706.03762); padding is left out.",
        "注意力的 softmax 权重（Vaswani 等，arXiv 1706.03762）；不显示填充。",
        "Weights say where information may come from, not that it decides the answer (Jain & Wallace, "
        "arXiv 1902.10186).",
        "权重只说明信息可能来自何处，并不表示它决定答案（Jain & Wallace，arXiv 1902.10186）。",
        lambda i: some(attention_nodes(i)), _attention_options, _draw_attention,
        first=last,
    ),
)  # fmt: skip

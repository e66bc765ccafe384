"""Views of what nodes hold: the sample, their outputs, their weights."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, computing, some
from builder.inspect.choices import Choice, Option, choose, plain
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports, value
from builder.inspect.weights import filters, weight_names


def _first_weighted(inspector: Inspector, nodes: list[str]) -> str:
    """The first node with weights."""
    return next((n for n in nodes if weight_names(inspector, n)), nodes[0])


def _output_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = drawn_ports(inspector, node)
    found = choose("port", "Output port", "输出端口", plain(ports))
    end = (node, ports[0])
    if inspector.layout.kind(end) in ("maps", "volume"):
        channels = inspector.layout.sample_shape(end)[0]
        count = channels if isinstance(channels, int) else 1
        every = [Choice(-1, "all", "全部"), *(Choice(i, str(i), str(i)) for i in range(count))]
        found += choose("channel", "Channel", "通道", every)
        scales = [Choice("common", "one for all", "统一"), Choice("each", "each map its own", "逐图")]
        found += choose("scale", "Colour scale", "色标", scales)
    return found


def _draw_output(request: Request) -> tuple[go.Figure, Any]:
    port = request.options.get("port", drawn_ports(request.inspector, request.node)[0])
    found = value(request.inspector, request.given_sample, (request.node, port))
    channel, each = request.options.get("channel", -1), request.options.get("scale") == "each"
    shown = channel if found.kind in ("maps", "volume") and 0 <= channel < len(found.array) else None
    return figures.value_figure(found, request.style, shown, each), found


def _draw_filters(request: Request) -> tuple[go.Figure, Any]:
    found = filters(request.inspector, request.node, request.options.get("weight", ""))
    return figures.filters_figure(found, request.style), found


SAMPLE = View(
    "sample", "The sample", "样本",
    "The data as the model is given them.", "模型得到的数据。",
    "The tensors of the data set.", "数据集给出的张量。",
    "Values outside 0 to 1 are stretched to be seen.", "超出 0 到 1 的值会拉伸后显示。",
    lambda i: some(computing(i, "dataset")), _output_options, _draw_output,
)  # fmt: skip

VIEWS: tuple[View, ...] = (
    View(
        "output", "Output of a node", "节点输出",
        "Feature maps, vectors, sequences or node features: what a node gives on to the next.",
        "特征图、向量、序列或节点特征：该节点传给下一个节点的内容。",
        "One forward pass in evaluation mode; every value is recorded.", "评估模式下前向一次，记录每个值。",
        "At most 64 maps; large maps are averaged to fewer pixels.", "最多 64 张图；大图会平均缩小。",
        lambda i: some(computing(i, "transform", "layer", "op", "sampler")), _output_options, _draw_output,
        first=_first_weighted,
    ),
    View(
        "filters", "Weights", "权重",
        "Convolution filters as small images; rows of a matrix as images where they see pixels.",
        "卷积核显示为小图；矩阵的行若直接看像素，也显示为图像。",
        "The parameters as they are, one colour scale centred on 0.", "参数原样显示，色标以 0 为中心。",
        "Filters of deep layers see features, not pixels: their pictures are hard to read.",
        "深层卷积核看到的是特征而非像素，图形难以直接解读。",
        lambda i: some([node.path for node in i.compiled.of_kind("layer") if weight_names(i, node.path)]),
        lambda i, node, sample: choose("weight", "Parameter", "参数", plain(weight_names(i, node))),
        _draw_filters, needs_sample=False,
    ),
)  # fmt: skip

"""Views of what nodes hold: the sample, their outputs, their weights."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.compiler import End
from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, computing, some
from builder.inspect.channels import PER_PAGE, By, Ranking, of_filters, of_maps
from builder.inspect.choices import Choice, Option, choose, integer, plain
from builder.inspect.class_activation import rank_channels, ranking_head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.values import Texts, drawn_ports, value
from builder.inspect.weights import filters, per_page, weight_names


def _first_weighted(inspector: Inspector, nodes: list[str]) -> str:
    """The first node with weights."""
    return next((n for n in nodes if weight_names(inspector, n)), nodes[0])


def _ports(inspector: Inspector, node: str, sample: Sample | None) -> list[str]:
    """The outputs of a node that can be drawn, as far as the sample determines them; masks behind the others."""
    ports = sorted(drawn_ports(inspector, node), key=lambda port: inspector.layout.kind((node, port)) == "mask")
    known = ports if sample is None else [port for port in ports if (node, port) in inspector.ends(sample)]
    return known or ports  # where it determines none, the error says so


def _output_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = _ports(inspector, node, sample)
    found = choose("port", "Output port", "输出端口", plain(ports))
    end = (node, ports[0])
    if inspector.layout.kind(end) in ("maps", "volume"):
        channels = inspector.layout.sample_shape(end)[0]
        count = channels if isinstance(channels, int) else 1
        sorts = [Choice("number", "channel number", "通道编号"), Choice("mean", "mean activation", "平均激活")]
        sorts += [Choice("variance", "variance", "方差"), Choice("zeros", "share of zeros", "零的占比")]
        if ranking_head(inspector, end) is not None:
            sorts.append(Choice("attribution", "gradient × activation", "梯度 × 激活"))
        found += choose("sort", "Sort by", "排序", sorts if count > 1 else [])
        found += _page(count, PER_PAGE)
        every = [Choice(-1, "all", "全部"), *(Choice(i, str(i), str(i)) for i in range(count))]
        found += choose("channel", "Channel", "通道", every)
        scales = [Choice("common", "one for all", "统一"), Choice("each", "each map its own", "逐图")]
        found += choose("scale", "Colour scale", "色标", scales)
    return found


def _page(count: int, at_once: int) -> list[Option]:
    return integer("page", "Page", "页", 1, 1, max(1, -(-count // at_once)))


def _draw_output(request: Request) -> tuple[go.Figure, Any]:
    inspector, options = request.inspector, request.options
    end = (request.node, options.get("port", _ports(inspector, request.node, request.sample)[0]))
    found = value(inspector, request.given_sample, end)
    channel, each, by = options.get("channel", -1), options.get("scale") == "each", options.get("sort", "number")
    if found.kind not in ("maps", "volume"):
        return figures.value_figure(found, request.style), found
    if by != "number":
        found = dataclasses.replace(found, ranking=_ranking(request, end, found.array, by))
    shown = channel if 0 <= channel < len(found.array) else None
    return figures.value_figure(found, request.style, shown, each, options.get("page", 1) - 1), found


def _ranking(request: Request, end: End, maps: np.ndarray, by: By) -> Ranking:
    """The order of the channels on this sample."""
    inspector, sample, head = request.inspector, request.given_sample, ranking_head(request.inspector, end)
    if by != "attribution" or head is None:
        return of_maps(maps, by)
    return inspector.kept(("channels", end, sample.key, head.end), lambda: rank_channels(inspector, sample, end, head))


_BOTH = "x and y"


def _sample_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    found = _output_options(inspector, node, sample)
    if not _has_both(inspector, node, sample):
        return found
    both = Choice(_BOTH, "source and target", "源与目标")
    return choose("port", "Output port", "输出端口", [both, *plain(_ports(inspector, node, sample))])


def _has_both(inspector: Inspector, node: str, sample: Sample | None) -> bool:
    """Whether a sample is a text to read and a text to write."""
    known = _ports(inspector, node, sample)
    return all(port in known and inspector.layout.kind((node, port)) == "tokens" for port in ("x", "y"))


def _draw_sample(request: Request) -> tuple[go.Figure, Any]:
    inspector, node, sample = request.inspector, request.node, request.given_sample
    if request.options.get("port", _BOTH) != _BOTH or not _has_both(inspector, node, sample):
        return _draw_output(request)
    found = Texts(value(inspector, sample, (node, "x")), value(inspector, sample, (node, "y")))
    return figures.texts_figure(found, request.style), found


def _filter_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    names = weight_names(inspector, node)
    found, most = choose("weight", "Parameter", "参数", plain(names)), 1
    pictures = [f for f in (filters(inspector, node, name) for name in names) if f.kind != "matrix"]
    if pictures:
        sorts = [Choice("number", "output number", "输出编号"), Choice("norm", "norm", "范数")]
        found += choose("sort", "Sort by", "排序", sorts)
        most = max(len(f.array) / per_page(f) for f in pictures)
    return [*found, *_page(math.ceil(most), 1)]


def _draw_filters(request: Request) -> tuple[go.Figure, Any]:
    found = filters(request.inspector, request.node, request.options.get("weight", ""))
    if found.kind != "matrix" and request.options.get("sort") == "norm":
        found = dataclasses.replace(found, ranking=of_filters(found.array))
    last = max(0, -(-len(found.array) // per_page(found)) - 1)  # of several parameters, some have fewer pages
    return figures.filters_figure(found, request.style, min(request.options.get("page", 1) - 1, last)), found


SAMPLE = View(
    "sample", "The sample", "样本",
    "The data as the model is given them.", "模型得到的数据。",
    "The tensors of the data set.", "数据集给出的张量。",
    "Values outside 0 to 1 are stretched to be seen.", "超出 0 到 1 的值会拉伸后显示。",
    lambda i: some(computing(i, "dataset")), _sample_options, _draw_sample,
)  # fmt: skip

VIEWS: tuple[View, ...] = (
    View(
        "output", "Output of a node", "节点输出",
        "Feature maps, vectors, sequences or node features: what a node gives on to the next.",
        "特征图、向量、序列或节点特征：该节点传给下一个节点的内容。",
        "One forward pass in evaluation mode; every value is recorded. Channels can be sorted by their mean, their variance "
        "over places, their share of zeros, or by what they add to the predicted score: gradient times activation, "
        "summed over places (the first-order term of Molchanov et al., arXiv 1611.06440).",
        "评估模式下前向一次，记录每个值。通道可按均值、位置间方差、零的占比排序，或按对预测得分的贡献排序：梯度乘激活，"
        "再对位置求和（Molchanov 等的一阶项，arXiv 1611.06440）。",
        "64 maps a page; large maps are averaged to fewer pixels. The order is that of this sample.",
        "每页 64 张图；大图会平均缩小。排序仅针对此样本。",
        lambda i: some(computing(i, "transform", "layer", "op", "sampler")), _output_options, _draw_output,
        first=_first_weighted,
    ),
    View(
        "filters", "Weights", "权重",
        "Convolution filters as small images; rows of a matrix as images where they see pixels.",
        "卷积核显示为小图；矩阵的行若直接看像素，也显示为图像。",
        "The parameters as they are, one colour scale centred on 0. Outputs can be sorted by the Euclidean norm of their "
        "weights.",
        "参数原样显示，色标以 0 为中心。输出可按权重的欧氏范数排序。",
        "Filters of deep layers see features, not pixels: their pictures are hard to read. Of several inputs, the first 16 "
        "are shown.",
        "深层卷积核看到的是特征而非像素，图形难以直接解读。输入较多时显示前 16 个。",
        lambda i: some([node.path for node in i.compiled.of_kind("layer") if weight_names(i, node.path)]),
        _filter_options, _draw_filters, needs_sample=False,
    ),
)  # fmt: skip

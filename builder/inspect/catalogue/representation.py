"""Views of what a node makes of many samples."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, computing, some
from builder.inspect.choices import Choice, Option, choose, heads_where, plain, split_option
from builder.inspect.dependence import tells_of_data
from builder.inspect.features import answers_one, can_be_features
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.neighbours import neighbours
from builder.inspect.portraits import portraits
from builder.inspect.projection import project
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports


def tightest(inspector: Inspector, nodes: list[str]) -> str:
    """What the classes are read off; where there are none, the node that gives the fewest numbers."""
    for head in inspector.heads:
        sources = [s for ends in inspector.compiled.flat.nodes[head.end[0]].inputs.values() for s, _ in ends]
        if head.by_class and sources and sources[0] in nodes:
            return sources[0]
    nodes = [n for n in nodes if tells_of_data(inspector, (n, drawn_ports(inspector, n)[0]))] or nodes
    sizes = {
        n: math.prod(s for s in inspector.layout.sample_shape((n, drawn_ports(inspector, n)[0])) if isinstance(s, int))
        for n in nodes
    }
    return min(nodes, key=sizes.__getitem__)


def projected(inspector: Inspector) -> list[str] | None:
    """The nodes whose output is one vector a sample, or can be averaged to one."""
    found = computing(inspector, "dataset", "transform", "layer", "op", "sampler")
    return some([p for p in found if projected_ports(inspector, p)])


def projected_ports(inspector: Inspector, node: str) -> list[str]:
    """Their ports."""
    return [port for port in drawn_ports(inspector, node) if can_be_features(inspector, (node, port))]


def port_option(inspector: Inspector, node: str) -> list[Option]:
    """Which of them, where there are several."""
    return choose("port", "Output port", "输出端口", plain(projected_ports(inspector, node)))


def _colouring(inspector: Inspector) -> Head | None:
    """The answer that colours the points: one class, else one number."""
    heads = [h for _, h in heads_where(inspector, lambda head: answers_one(inspector, head))]
    return next((h for h in heads if h.by_class), heads[0] if heads else None)


def _projection_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    methods = [Choice("pca", "PCA", "PCA"), Choice("tsne", "t-SNE", "t-SNE"), Choice("umap", "UMAP", "UMAP")]
    head, colours = _colouring(inspector), []
    if head is not None:
        colours = [Choice("predicted", "prediction", "预测")]
        if head.target is not None:
            colours = [Choice("truth", "label", "标签"), *colours, Choice("error", "loss", "损失")]
    return [
        *choose("method", "Method", "方法", methods),
        *choose("colour", "Colour by", "着色", colours),
        *port_option(inspector, node),
        *split_option(),
    ]


def _draw_projection(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, head = request.inspector, request.options, _colouring(request.inspector)
    end = (request.node, options.get("port", projected_ports(inspector, request.node)[0]))
    found = project(inspector, end, options["split"], head, options["method"])
    texts = []
    if not found.of_nodes:
        texts = portraits(inspector, inspector.batch(options["split"], found.items.tolist()), end)[1]
    by = options.get("colour", "predicted" if head is not None and head.target is None else "truth")
    return figures.projection_figure(found, request.style, options["split"], by, texts), found


def searched(inspector: Inspector) -> list[str] | None:
    """The nodes whose output is one vector a sample, or can be averaged to one; not those of the nodes of a graph.

    What is drawn at random beside a sample says nothing about it.
    """
    return some([n for n in projected(inspector) or [] if searched_ports(inspector, n)])


def searched_ports(inspector: Inspector, node: str) -> list[str]:
    """Their ports."""
    ends = [(node, port) for port in projected_ports(inspector, node)]
    return [end[1] for end in ends if inspector.layout.batch_axis(end) is not None and tells_of_data(inspector, end)]


def _neighbour_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    metrics = [Choice("cosine", "cosine", "余弦"), Choice("euclidean", "Euclidean", "欧氏")]
    counts = [Choice(n, str(n), str(n)) for n in (6, 12, 24, 48)]
    return [
        *choose("metric", "Distance", "距离", metrics),
        *choose("port", "Output port", "输出端口", plain(searched_ports(inspector, node))),
        *split_option("train"),
        *choose("count", "How many", "数量", counts, 12),
    ]


def _draw_neighbours(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, sample = request.inspector, request.options, request.given_sample
    end = (request.node, options.get("port", searched_ports(inspector, request.node)[0]))
    head = _colouring(inspector)
    found = neighbours(inspector, sample, end, options["split"], options["count"], options["metric"], head)
    if not len(found.items):
        return figures.neighbours_figure(found, request.style), found
    own, _ = portraits(inspector, sample.inputs, end)
    pictures, texts = portraits(inspector, inspector.batch(options["split"], found.items.tolist()), end)
    return figures.neighbours_figure(found, request.style, [*own, *pictures], texts), found


VIEWS: tuple[View, ...] = (
    View(
        "projection", "Projection", "投影",
        "The output of a node on many samples as points: do the classes come apart, and where are the mistakes? "
        "Point at one to see the sample, click to choose it.",
        "某节点在许多样本上的输出投影为点：类别是否分开，错误在哪里？指向一点可见样本，点击即选中。",
        "Maps and sequences are averaged to a vector. PCA: the two directions of greatest variance (Pearson 1901). "
        "t-SNE (van der Maaten & Hinton, JMLR 2008; perplexity 30) and UMAP (McInnes et al., arXiv 1802.03426; "
        "15 neighbours) keep neighbours together; both begin with 50 principal components, seed 0.",
        "特征图与序列先平均为向量。PCA：方差最大的两个方向（Pearson 1901）。t-SNE（van der Maaten & Hinton，"
        "JMLR 2008，困惑度 30）与 UMAP（McInnes 等，arXiv 1802.03426，15 个邻居）使近邻保持相邻；"
        "两者均从 50 个主成分开始，种子为 0。",
        "Classes that overlap here may come apart in other directions. In t-SNE and UMAP, sizes of groups and distances "
        "between them mean little. At most 1,000 samples.",
        "此处重叠的类别在其他方向上可能分开。t-SNE 与 UMAP 中，群的大小与群间距离意义不大。最多 1000 个样本。",
        projected, _projection_options, _draw_projection, needs_sample=False,
        first=tightest,
    ),
    View(
        "neighbours", "Nearest neighbours", "最近邻",
        "The samples that a node takes for most similar to this one; click to look at one.",
        "该节点认为与当前样本最相似的样本；点击即可查看。",
        "Distance between the outputs of the node, maps and sequences averaged to a vector: one less the cosine of the "
        "angle, or Euclidean (Cover & Hart 1967). All samples are compared, none is estimated.",
        "节点输出之间的距离，特征图与序列先平均为向量：一减夹角余弦，或欧氏距离（Cover & Hart 1967）；逐一比较，不作近似。",
        "Near in this space means alike to this node, not to a person. At most 5,000 samples are searched.",
        "在此空间中相近，只表示对该节点而言相似，与人的判断未必一致。最多搜索 5000 个样本。",
        searched, _neighbour_options, _draw_neighbours, first=tightest,
    ),
)  # fmt: skip

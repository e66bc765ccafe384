"""Views of what a node makes of many samples."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, computing, some
from builder.inspect.choices import Option, choose, heads_where, plain, split_option
from builder.inspect.inspector import Inspector
from builder.inspect.projection import can_project, project
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports


def _tightest(inspector: Inspector, nodes: list[str]) -> str:
    """What the classes are read off; where there are none, the node that gives the fewest numbers."""
    for head in inspector.heads:
        sources = [s for ends in inspector.compiled.flat.nodes[head.end[0]].inputs.values() for s, _ in ends]
        if head.by_class and sources and sources[0] in nodes:
            return sources[0]
    sizes = {
        n: math.prod(s for s in inspector.layout.sample_shape((n, drawn_ports(inspector, n)[0])) if isinstance(s, int))
        for n in nodes
    }
    return min(nodes, key=sizes.__getitem__)


def _projected(inspector: Inspector) -> list[str] | None:
    found = computing(inspector, "dataset", "transform", "layer", "op", "sampler")
    return some([p for p in found if _projected_ports(inspector, p)])


def _projected_ports(inspector: Inspector, node: str) -> list[str]:
    return [port for port in drawn_ports(inspector, node) if can_project(inspector, (node, port))]


def _projection_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = plain(_projected_ports(inspector, node))
    return [*choose("port", "Output port", "输出端口", ports), *split_option()]


def _draw_projection(request: Request) -> tuple[go.Figure, Any]:
    port = request.options.get("port", _projected_ports(request.inspector, request.node)[0])
    head = next((h for _, h in heads_where(request.inspector, lambda h: h.by_class)), None)
    split = request.options["split"]
    found = project(request.inspector, (request.node, port), split, head)
    return figures.projection_figure(found, request.style, split), found


VIEWS: tuple[View, ...] = (
    View(
        "projection", "Principal components", "主成分",
        "The output of a node on many samples as points: do the classes come apart?",
        "某节点在许多样本上的输出投影为点：类别是否分开？",
        "The two directions of greatest variance; maps and sequences are averaged to a vector first (Pearson 1901).",
        "方差最大的两个方向；特征图与序列先平均为向量（Pearson 1901）。",
        "Classes that overlap here may come apart in other directions. At most 1,000 samples.",
        "此处重叠的类别在其他方向上可能分开。最多 1000 个样本。",
        _projected, _projection_options, _draw_projection, needs_sample=False,
        first=_tightest,
    ),
)  # fmt: skip

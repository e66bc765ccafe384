"""Views of how a run's nodes have fared while it trained."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import health
from builder.inspect.catalogue.spec import Request, View, some, whole
from builder.inspect.choices import Choice, Option, choose
from builder.inspect.errors import InspectError
from builder.inspect.figures.health import NAMES, health_figure, histograms_figure
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.train.health import figures, records, weighty
from builder.train.run import Run


def _run(inspector: Inspector) -> Run:
    if inspector.source_run is None:
        raise InspectError("This view needs a run.", "此视图需要一次训练。")
    return inspector.source_run


def _lively(inspector: Inspector) -> list[str] | None:
    run = inspector.source_run
    return whole(run is not None and bool(figures(records(run))))


def _weighty(inspector: Inspector) -> list[str] | None:
    run = inspector.source_run
    return None if run is None else some(weighty(run))


def _figure_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    return choose(
        "figure", "Figure", "指标", [Choice(name, *NAMES[name]) for name in figures(records(_run(inspector)))]
    )


def _draw_health(request: Request) -> tuple[go.Figure, Any]:
    found = health.vitals(_run(request.inspector), request.options["figure"])
    return health_figure(found, request.style), found


def _values_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    return choose("of", "Of", "对象", [Choice("weights", "weights", "权重"), Choice("gradients", "gradients", "梯度")])


def _draw_histograms(request: Request) -> tuple[go.Figure, Any]:
    found = health.histograms(_run(request.inspector), request.node, request.options["of"])
    return histograms_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "health", "Health of nodes", "节点健康",
        "How each node has fared from epoch to epoch: dead units, gradients, updates, outputs. A dot marks what is ill; point at "
        "it to read why.",
        "各节点逐轮的状况：失活单元、梯度、更新量、输出。圆点标出异常之处，指向即可查看原因。",
        "Outputs: on the first training batch, in evaluation mode, the same at each look. A unit (channel, feature) is dead where it never "
        "exceeds a thousandth of its node's root mean square. Gradient and update: norms over the node's weights at the last step of "
        "an epoch; an update of about a thousandth of the weights is usual (Karpathy's rule of thumb). Ill: more than half of the units "
        "dead; a gradient norm above 100 or below 1e-5 of the greatest; an update above 1e-1, or below 1e-5 at the full learning rate.",
        "输出：始终取训练集的第一个批次，在评估模式下计算。若某单元（通道或特征）的输出从不超过其节点均方根的千分之一，即视为失活。"
        "梯度与更新量：每轮最后一步中该节点权重的范数；更新量通常约为权重的千分之一（Karpathy 的经验法则）。"
        "异常：失活单元过半；梯度范数大于 100 或小于最大者的 1e-5；更新量大于 1e-1，或在完整学习率下小于 1e-5。",
        "One batch and one step stand for an epoch. Gradients are those after clipping. What is ill is a rule of thumb: layers that "
        "begin at zero, or masks, may be well all the same.",
        "以一个批次和一步代表整轮；梯度为裁剪之后的值。异常判断只是经验法则：从零开始的层或掩码可能并无问题。",
        _lively, _figure_options, _draw_health, needs_sample=False,
    ),
    View(
        "histograms", "Histograms over time", "直方图变化",
        "How the weights of a node, or their gradients, are distributed from epoch to epoch: do they spread, shrink, or stay where "
        "they began?",
        "某节点的权重或梯度逐轮如何分布：是扩散、收缩，还是停留在初始位置？",
        f"Each look counts the values in {health.health.BINS} bins of equal width between the least and the greatest; for the drawing all "
        "are spread over common bins.",
        f"每次将最小值与最大值之间等分为 {health.health.BINS} 个区间计数；绘制时换算到共同的区间。",
        "Of parameters with more than a million entries an evenly spaced part is counted. At most 40 looks are drawn.",
        "超过一百万个元素的参数只统计等间隔抽取的部分。最多绘制 40 次。",
        _weighty, _values_options, _draw_histograms, needs_sample=False,
    ),
)  # fmt: skip

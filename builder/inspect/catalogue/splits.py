"""Views of how good a model is over a whole split, and where it is wrong."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.calibration import calibration
from builder.inspect.catalogue.spec import Heads, Request, View, of_split, whole
from builder.inspect.choices import Choice, Option, choose, head_option, heads_where, split_option
from builder.inspect.evaluation import Evaluation, confusion, evaluate, worst
from builder.inspect.features import answers_one
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.labels import visible
from builder.inspect.portraits import portraits
from builder.inspect.samples import Sample
from builder.inspect.slices import slices, ways

_MOST_CLASSES = 128  # of a confusion matrix


def _judged(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: head.target is not None)


def _confusable(inspector: Inspector) -> list[tuple[int, Head]]:
    return [(i, h) for i, h in _judged(inspector) if h.by_class and len(h.names) <= _MOST_CLASSES]


def _numeric(inspector: Inspector) -> list[tuple[int, Head]]:
    return [(i, h) for i, h in _judged(inspector) if h.task == "values"]


def _evaluated(request: Request, heads: Heads) -> Evaluation:
    return evaluate(request.inspector, request.options["split"], request.head(heads))


def _draw_confusion(request: Request) -> tuple[go.Figure, Any]:
    found = confusion(_evaluated(request, _confusable))
    return figures.confusion_figure(found, request.style), found


def _draw_classes(request: Request) -> tuple[go.Figure, Any]:
    found = confusion(_evaluated(request, _confusable))
    return figures.classes_figure(found, request.style), found


def _mistakes_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    counts = [Choice(n, str(n), str(n)) for n in (6, 12, 24, 48)]
    found = [*split_option(), *head_option(_judged(inspector)), *choose("count", "How many", "数量", counts, 12)]
    if len(_judged(inspector)) == len(_confusable(inspector)) == 1:  # one answer, one class
        names = enumerate(_confusable(inspector)[0][1].names)
        classes = [Choice(-1, "any", "任意"), *(Choice(i, visible(n), visible(n)) for i, n in names)]
        found += choose("truth", "True class", "真实类别", classes)
        found += choose("predicted", "Predicted class", "预测类别", classes)
    return found


def _draw_mistakes(request: Request) -> tuple[go.Figure, Any]:
    inspector, options = request.inspector, request.options
    classes = {name: options.get(name, -1) for name in ("truth", "predicted")}
    found = worst(_evaluated(request, _judged), options["count"], **{n: c for n, c in classes.items() if c >= 0})
    head, shown = found.evaluation.head, ([], [])
    if head.batched and len(found.items):
        shown = portraits(inspector, inspector.batch(options["split"], found.items.tolist()), head.end)
    return figures.mistakes_figure(found, request.style, *shown), found


def _draw_parity(request: Request) -> tuple[go.Figure, Any]:
    found = _evaluated(request, _numeric)
    return figures.parity_figure(found, request.style), found


def _draw_calibration(request: Request) -> tuple[go.Figure, Any]:
    found = calibration(_evaluated(request, _confusable))
    return figures.calibration_figure(found, request.style), found


def _sliced(inspector: Inspector) -> list[tuple[int, Head]]:
    """The answers that can be judged on parts: one for each sample."""
    return heads_where(
        inspector,
        lambda head: head.target is not None and head.batched and answers_one(inspector, head)
        and bool(ways(inspector, head.by_class)),
    )  # fmt: skip


_WAYS = {
    "truth": ("true class", "真实类别"),
    "predicted": ("predicted class", "预测类别"),
    "features": ("features", "特征"),
}


def _slice_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _sliced(inspector)
    found = ways(inspector, all(head.by_class for _, head in heads))
    orders = [
        Choice("error", "worst first", "误差从大到小"),
        Choice("count", "largest first", "数量从大到小"),
        Choice("name", "name", "名称"),
    ]
    return [
        *choose("by", "Cut by", "切分依据", [Choice(by, *_WAYS[by]) for by in found]),
        *choose("order", "Order", "排序", orders),
        *split_option(),
        *head_option(heads),
    ]


def _draw_slices(request: Request) -> tuple[go.Figure, Any]:
    judged = _evaluated(request, _sliced)
    by = request.options.get("by", ways(request.inspector, judged.head.by_class)[0])
    found = slices(request.inspector, judged, by)
    return figures.slices_figure(found, request.style, request.options["order"]), found


VIEWS: tuple[View, ...] = (
    View(
        "confusion", "Confusion matrix", "混淆矩阵",
        "Which classes are taken for which, over a whole split; a click on a cell shows its samples.",
        "在整个划分上，哪些类别被误认为哪些类别；点击单元格可查看其中的样本。",
        "Counts of true and predicted classes; the colour is the share of the row.",
        "真实与预测类别的计数；颜色为占该行的比例。",
        "Shares of classes with few samples are uncertain.", "样本少的类别，比例不可靠。",
        lambda i: whole(bool(_confusable(i))), of_split(_confusable), _draw_confusion, needs_sample=False,
    ),
    View(
        "classes", "Accuracy by class", "各类准确率",
        "How many of each class are found, and how often a class is right when it is said.",
        "每个类别有多少被找到，以及判为该类时有多少正确。",
        "Recall and precision from the confusion matrix.", "由混淆矩阵计算召回率与精确率。",
        "Shares of classes with few samples are uncertain.", "样本少的类别，比例不可靠。",
        lambda i: whole(bool(_confusable(i))), of_split(_confusable), _draw_classes, needs_sample=False,
    ),
    View(
        "calibration", "Calibration", "校准",
        "Whether the model is as often right as it is sure: what it says with 80 % should be right in 80 % of cases.",
        "模型的把握是否名副其实：以 80% 的概率给出的答案，应有 80% 正确。",
        "Items in 15 bins of equal width by the probability of the class that was named; the expected calibration error is the "
        "mean gap, weighted by count (Naeini et al., AAAI 2015; Guo et al., arXiv 1706.04599). Whiskers: 95 % interval "
        "(Wilson 1927).",
        "按所判类别的概率分入 15 个等宽区间；期望校准误差为按数量加权的平均差距（Naeini 等，AAAI 2015；Guo 等，"
        "arXiv 1706.04599）。误差线为 95% 区间（Wilson 1927）。",
        "Only the class that was named counts. Bins with few items are uncertain, and the error depends on the number of bins.",
        "只考察所判的类别。样本少的区间不可靠，误差值也与区间数有关。",
        lambda i: whole(bool(_confusable(i))), of_split(_confusable), _draw_calibration, needs_sample=False,
    ),
    View(
        "slices", "Error by slice", "分片误差",
        "On which classes, or for which values of a feature, the model is worse than on the whole.",
        "模型在哪些类别上、或特征取哪些值时，表现比整体更差。",
        "The share of wrong answers, or the mean squared error, of each part; features are cut into quarters of about equal "
        "count (Chung et al., arXiv 1807.06068). Whiskers: 95 % interval (Wilson 1927; of squared errors by a normal distribution); "
        "what lies above the whole with all of it is marked.",
        "各部分的错误比例或均方误差；特征按数量大致均分为四段（Chung 等，arXiv 1807.06068）。误差线为 95% 区间（Wilson 1927，平方误差用正态近似）；"
        "整个区间都高于整体的部分会被标出。",
        "With many parts, some look worse by chance. At most 40 parts are drawn, and 40 features cut.",
        "部分很多时，总有一些偶然显得更差。最多绘制 40 个部分，最多切分 40 个特征。",
        lambda i: whole(bool(_sliced(i))), _slice_options, _draw_slices, needs_sample=False,
    ),
    View(
        "mistakes", "Worst mistakes", "最严重的错误",
        "The samples with the greatest loss, of all classes or of those that are confused with each other; click to look at one.",
        "损失最大的样本，可限定真实类别与预测类别；点击即可查看。",
        "Cross entropy without smoothing or weights; the squared error where numbers are predicted.",
        "不含平滑与加权的交叉熵；预测数值时为平方误差。",
        "Some are mistakes of the labels.", "其中一些可能是标注错误。",
        lambda i: whole(bool(_judged(i))),
        _mistakes_options, _draw_mistakes, needs_sample=False,
    ),
    View(
        "parity", "Predicted and true", "预测值与真值",
        "Predicted against true numbers over a whole split.", "整个划分上的预测值与真值对照。",
        "Every number of the split; on the dotted line both are equal.", "划分中的每个数；虚线上两者相等。",
        "At most 3,000 points are drawn; the figures count all.", "最多绘制 3000 个点；统计值包含全部。",
        lambda i: whole(bool(_numeric(i))), of_split(_numeric), _draw_parity, needs_sample=False,
    ),
)  # fmt: skip

"""Views of what changes from layer to layer."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, of_split, whole
from builder.inspect.choices import Choice, Option, choose, heads_where, split_option
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.probe import can_probe, probes
from builder.inspect.samples import Sample
from builder.inspect.similarity import EPOCH, INITIAL, ITSELF, layers, rivals, similarity


def _probed(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: can_probe(inspector, head))


def _draw_probes(request: Request) -> tuple[go.Figure, Any]:
    found = probes(request.inspector, request.options["split"], request.head(_probed))
    return figures.probes_figure(found, request.style), found


_RIVALS = {
    ITSELF: ("itself", "自身"),
    INITIAL: ("its first weights", "初始权重"),
    "best": ("its best epoch", "最佳轮次"),
    "last": ("its last epoch", "最后轮次"),
}


def _epoch_zh(name: str) -> str:
    return f"第 {name.removeprefix(EPOCH)} 轮" if name.startswith(EPOCH) else name


def _similarity_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    models = [Choice(name, *_RIVALS.get(name, (name, _epoch_zh(name)))) for name in rivals(inspector)]
    estimators = [Choice("debiased", "debiased", "去偏"), Choice("biased", "as published", "原始")]
    return [
        *choose("against", "Compare with", "比较对象", models),
        *choose("estimator", "Estimator", "估计量", estimators),
        *split_option(),
    ]


def _draw_similarity(request: Request) -> tuple[go.Figure, Any]:
    options = request.options
    found = similarity(
        request.inspector, options["split"], options.get("against", ITSELF), options["estimator"] == "debiased"
    )
    return figures.similarity_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "probes", "Linear probes", "线性探针",
        "How well the answer can be read off each node by a linear model: at which depth does it become easy?",
        "用线性模型从各节点读出答案的效果如何：到哪一层答案变得容易读出？",
        "On frozen outputs (maps and sequences averaged to a vector, standardised), logistic regression or ridge with an "
        "L2 penalty of 1, fitted on the training split, judged on another (Alain & Bengio, arXiv 1610.01644).",
        "在冻结的输出上（特征图与序列平均为向量并标准化）拟合逻辑回归或岭回归（L2 系数 1），由训练集学得，在另一划分上评判"
        "（Alain & Bengio，arXiv 1610.01644）。",
        "What can be read off need not be used. Averaging drops where something is. At most 1,000 samples to learn from "
        "and 1,000 to judge, 32 nodes.",
        "能读出不代表网络会用到。取平均会丢失位置信息。学习与评判各至多 1000 个样本，至多 32 个节点。",
        lambda i: whole(bool(_probed(i))), of_split(_probed), _draw_probes, needs_sample=False,
    ),
    View(
        "similarity", "Similarity of layers", "层间相似度",
        "How alike two layers represent the same samples: within this model, since its first weights, or in another run.",
        "两层对相同样本的表示有多相似：可在本模型内、与其初始权重、或与另一次训练比较。",
        "Linear centred kernel alignment (Kornblith et al., arXiv 1905.00414) of the whole outputs; debiased by leaving out "
        "the diagonal (Song et al., JMLR 2012; Nguyen et al., arXiv 2010.15327).",
        "对完整输出计算线性中心核对齐 CKA（Kornblith 等，arXiv 1905.00414）；去偏时不计对角线（Song 等，JMLR 2012；"
        "Nguyen 等，arXiv 2010.15327）。",
        "Few directions of great variance can decide it. Rotations and scales do not count; what a layer is used for is not "
        "seen. At most 500 samples, fewer where outputs are large, and 40 layers.",
        "少数方差很大的方向即可左右结果。旋转与缩放不计；看不出某层的用途。至多 500 个样本（输出较大时更少），至多 40 层。",
        lambda i: whole(len(layers(i)) > 1), _similarity_options, _draw_similarity, needs_sample=False,
    ),
)  # fmt: skip

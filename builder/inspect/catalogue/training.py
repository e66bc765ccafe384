"""Views of how a model was trained: the loss around its weights, the way to them, and what each epoch changed."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, whole
from builder.inspect.choices import Choice, Option, choose, integer, split_option
from builder.inspect.epochs import epochs, kept_epochs
from builder.inspect.inspector import Inspector
from builder.inspect.landscape import LINE, interpolation, landscape
from builder.inspect.objective import OPERATIONS, optimizer_option, optimizers, samples_option
from builder.inspect.samples import Sample
from builder.inspect.similarity import layers
from builder.inspect.way import has_way

_SIZES = (11, 15, 21, 31, 51)
_FIRST = (21, 15, 11)  # points along a direction that a plane begins with: the first that are affordable


def _grid(inspector: Inspector) -> int:
    """The resolution to begin with."""
    affordable = OPERATIONS / max(64 * inspector.compiled.report.flops, 1)
    return next((size for size in _FIRST if size**2 <= affordable), _FIRST[-1])


def _landscape_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    planes = [Choice("random", "random directions", "随机方向")]
    if has_way(inspector.source_run):
        planes.append(Choice("path", "path of the epochs", "训练路径"))
    sizes = [Choice(n, f"{n} × {n}", f"{n} × {n}") for n in _SIZES]
    start = _grid(inspector)
    return [
        *choose("plane", "Plane", "平面", planes),
        *choose("resolution", "Resolution", "分辨率", sizes, start),
        *samples_option(inspector, start**2),
        *integer("seed", "Seed of the directions", "方向的种子", 0, 0, 9999),
        *split_option("train"),
        *optimizer_option(inspector),
    ]


def _whose(request: Request) -> str:
    return request.options.get("optimizer", optimizers(request.inspector)[0])


def _draw_landscape(request: Request) -> tuple[go.Figure, Any]:
    options = request.options
    found = landscape(
        request.inspector, _whose(request), options["split"], options.get("plane", "random"), options["resolution"],
        options["samples"], options["seed"],
    )  # fmt: skip
    return figures.landscape_figure(found, request.style), found


def _interpolation_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    return [*samples_option(inspector, 2 * len(LINE)), *optimizer_option(inspector)]


def _draw_interpolation(request: Request) -> tuple[go.Figure, Any]:
    found = interpolation(request.inspector, _whose(request), request.options["samples"])
    return figures.interpolation_figure(found, request.style), found


def _draw_epochs(request: Request) -> tuple[go.Figure, Any]:
    found = epochs(request.inspector, request.options["split"])
    return figures.epochs_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "landscape", "Loss landscape", "损失曲面",
        "The loss around the weights, over a plane: is the minimum wide or narrow, and how did training come to it?",
        "权重附近平面上的损失：极小值是宽是窄，训练又是如何到达这里的？",
        "Two random directions, normalised filter by filter: in each, every filter is as long as that of the weights. Biases, "
        "weights of normalisation layers and running statistics stay (Li et al., arXiv 1712.09913). Or the two directions "
        "along which the kept epochs lie farthest from these weights (principal components about them), with the path.",
        "两个随机方向，逐滤波器归一化：方向中每个滤波器与权重中对应的滤波器等长；偏置、归一化层的权重与滑动统计量不变"
        "（Li 等，arXiv 1712.09913）。也可取已保存轮次离当前权重最远的两个主方向，并画出训练路径。",
        "A plane is two of very many directions: what looks convex need not be. Running statistics of batch "
        "normalisation are those of the centre, penalties on weights are left out, and few samples make it rough. A path is "
        "projected: points may lie far off the plane. Runs keep up to 16 evenly spread epochs.",
        "平面只是极多方向中的两个：看似凸并不代表真凸。批归一化的滑动统计量取中心处的值，不含权重正则项；样本少时结果粗糙。"
        "路径为投影，各点可能远离该平面。训练至多保存 16 个均匀分布的轮次。",
        lambda i: whole(bool(optimizers(i))), _landscape_options, _draw_landscape, needs_sample=False,
    ),
    View(
        "interpolation", "From start to end", "从起点到终点",
        "The loss along the straight line from the first weights to the trained ones: is there a barrier on the way?",
        "沿初始权重到训练后权重的直线的损失：途中是否有障碍？",
        "Every trained weight goes from its first to its last value at the same pace; a quarter of the way is added at both "
        "ends (Goodfellow et al., arXiv 1412.6544). The first weights are those that were kept, else made again from the seed.",
        "所有被训练的权重按同一比例由初值变到终值，两端各延长四分之一（Goodfellow 等，arXiv 1412.6544）。"
        "初始权重取自保存的记录，没有时由种子重新生成。",
        "Training does not go along this line. Running statistics of batch normalisation are those of the end, which makes "
        "the beginning look worse than it was.",
        "训练并不沿此直线进行。批归一化的滑动统计量取终点处的值，因此起点看起来比实际更差。",
        lambda i: whole(i.source_run is not None and i.trained and bool(optimizers(i))),
        _interpolation_options, _draw_interpolation, needs_sample=False,
    ),
    View(
        "epochs", "Layers by epoch", "各轮次的层",
        "How alike each layer is, after each kept epoch, to what it is at the end: which layers are done early?",
        "每一层在已保存的各轮次之后与训练结束时有多相似：哪些层较早定型？",
        "Debiased linear centred kernel alignment (Kornblith et al., arXiv 1905.00414) of the outputs on the same samples; "
        "after Raghu et al., arXiv 1706.05806.",
        "对相同样本的输出计算去偏线性中心核对齐 CKA（Kornblith 等，arXiv 1905.00414）；思路见 Raghu 等，arXiv 1706.05806。",
        "Rotations and scales do not count, so a layer that is alike can still go on changing. Only kept epochs are seen: at most "
        "16, evenly spread.",
        "旋转与缩放不计，相似的层仍可能继续变化。只能看到已保存的轮次：至多 16 个，均匀分布。",
        lambda i: whole(len(kept_epochs(i)) > 1 and i.trained and bool(layers(i))),
        lambda i, node, sample: split_option(), _draw_epochs, needs_sample=False,
    ),
)  # fmt: skip

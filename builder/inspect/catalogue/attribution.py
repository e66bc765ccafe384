"""Views of what an answer comes from."""

from __future__ import annotations

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.attribution import (
    STEPS,
    Attribution,
    cam_nodes,
    can_explain,
    find_start,
    grad_cam,
    integrated_gradients,
    saliency,
)
from builder.inspect.catalogue.spec import Request, View, last, some, whole
from builder.inspect.choices import Choice, Option, choose, heads_where, target_options
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample


def _explained(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: can_explain(inspector, head))


def _cam_heads(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: bool(cam_nodes(inspector, head)))


def _cam_nodes(inspector: Inspector) -> list[str] | None:
    heads = _cam_heads(inspector)
    return some(cam_nodes(inspector, heads[0][1])) if heads else None


def _draw_cam(request: Request) -> tuple[go.Figure, Attribution]:
    found = grad_cam(request.inspector, request.given_sample, request.node, request.target(_cam_heads))
    return figures.attribution_figure(found, request.style, request.node), found


def _saliency_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _explained(inspector)
    start = find_start(inspector, heads[0][1])
    shows = [Choice("absolute", "magnitude", "大小"), Choice("signed", "with sign", "带符号")]
    if start is not None and inspector.compiled.flat.nodes[start[0]].component.kind != "dataset":
        shows = shows[:1]
    shows.append(Choice("times_input", "times input", "乘以输入"))
    return [*choose("gradient", "Gradient", "梯度", shows), *target_options(inspector, sample, heads)]


def _draw_saliency(request: Request) -> tuple[go.Figure, Attribution]:
    show, target = request.options.get("gradient", "absolute"), request.target(_explained)
    found = request.inspector.kept(
        ("saliency", request.given_sample.key, target, show),
        lambda: saliency(request.inspector, request.given_sample, target, show),
    )
    return figures.attribution_figure(found, request.style), found


def _integrated_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    heads = _explained(inspector)
    start = find_start(inspector, heads[0][1])
    baselines = [Choice("zero", "zeros", "零"), Choice("mean", "mean of the training data", "训练数据的均值")]
    if start is not None and inspector.compiled.flat.nodes[start[0]].component.kind != "dataset":
        baselines = []
    steps = [Choice(n, str(n), str(n)) for n in (12, 24, 48, 96)]
    return [
        *choose("baseline", "Baseline", "基线", baselines),
        *choose("n_steps", "Steps", "步数", steps, STEPS),
        *target_options(inspector, sample, heads),
    ]


def _draw_integrated(request: Request) -> tuple[go.Figure, Attribution]:
    baseline, n_steps = request.options.get("baseline", "zero"), request.options["n_steps"]
    target = request.target(_explained)
    found = request.inspector.kept(
        ("integrated", request.given_sample.key, target, baseline, n_steps),
        lambda: integrated_gradients(request.inspector, request.given_sample, target, baseline, n_steps),
    )
    return figures.attribution_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "grad_cam", "Grad-CAM", "Grad-CAM",
        "The regions of the image that speak for a class, as seen by a node's feature maps.",
        "从某节点的特征图看，图像中支持某一类别的区域。",
        "Feature maps weighted by the mean gradient of the class's score, summed, cut at 0, enlarged (Selvaraju et "
        "al., arXiv 1610.02391).",
        "以类别得分的平均梯度为权重对特征图求和，截去负值并放大（Selvaraju 等，arXiv 1610.02391）。",
        "As coarse as the maps are; early layers have maps that are fine but mean little.",
        "精细程度受特征图限制；浅层虽细但含义不大。",
        _cam_nodes, lambda i, node, sample: target_options(i, sample, _cam_heads(i)), _draw_cam,
        first=last,
    ),
    View(
        "saliency", "Saliency", "显著性",
        "How strongly the answer would change with each pixel, feature or token.",
        "答案随每个像素、特征或词元变化的强烈程度。",
        "Gradient of the score with respect to the input, of tokens to their embedding (Simonyan et al., "
        "arXiv 1312.6034; captum).",
        "得分对输入的梯度，词元则对其嵌入（Simonyan 等，arXiv 1312.6034；captum）。",
        "Gradients are noisy, and vanish where the model is very sure.", "梯度噪声大，模型非常确定时会趋于零。",
        lambda i: whole(bool(_explained(i))), _saliency_options, _draw_saliency,
    ),
    View(
        "integrated_gradients", "Integrated gradients", "积分梯度",
        "What each pixel, feature or token contributes to the answer; the contributions add up to the change of the "
        "score.",
        "每个像素、特征或词元对答案的贡献；各项之和等于得分的变化。",
        "Gradients averaged on the way from a baseline to the input, times their difference (Sundararajan et al., "
        "arXiv 1703.01365; captum).",
        "从基线到输入的路径上平均梯度，再乘以两者之差（Sundararajan 等，arXiv 1703.01365；captum）。",
        "Depends on the baseline. A completeness error that is not small asks for more steps.",
        "结果取决于基线。完备性误差不小时，请增加步数。",
        lambda i: whole(bool(_explained(i))), _integrated_options, _draw_integrated,
    ),
)  # fmt: skip

"""Views of what an answer comes from, by what is done to the input or to the way back from the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from builder.inspect import explanation as by_input
from builder.inspect import figures
from builder.inspect.attribution import Attribution, Target, can_explain, find_start
from builder.inspect.catalogue.spec import About, Heads, Options, Request, View, whole
from builder.inspect.choices import Choice, Option, choose, heads_where, integer, target_options
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.sanity import with_sanity

Explain = Callable[[Inspector, Request, Target], Attribution]

SANITY = choose(
    "sanity", "Sanity check", "健全性检验",
    [Choice("on", "random weights", "随机权重"), Choice("off", "none", "不做")],
)  # fmt: skip


def drawing(id: str, heads: Heads, explain: Explain) -> Callable[[Request], tuple[go.Figure, Any]]:
    """Draws an attribution, with the map of random weights beside it; computed once for its options."""

    def draw(request: Request) -> tuple[go.Figure, Attribution]:
        inspector, target, options = request.inspector, request.target(heads), tuple(request.options.items())

        def make() -> Attribution:
            found = explain(inspector, request, target)
            if request.options["sanity"] == "off":
                return found
            same = Target(target.head, found.index, found.position)  # the random model would predict another class
            return with_sanity(inspector, found, lambda other: explain(other, request, same))

        found = inspector.kept((id, request.node, request.given_sample.key, options), make)
        return figures.attribution_figure(found, request.style, request.node), found

    return draw


@dataclass(frozen=True)
class Method:
    """An explanation by the input, with the words of its view.

    Args:
        heads: the answers that it can explain.
        explain: makes it.
        own: the options that it has beside those of every explanation.
    """

    about: About
    heads: Heads
    explain: Explain
    own: Callable[[Inspector, Head], list[Option]] = lambda inspector, head: []


def _view(method: Method) -> View:
    heads = method.heads
    return View(
        **vars(method.about), applies=lambda i: whole(bool(heads(i))), options=with_target(heads, method.own),
        draw=drawing(method.about.id, heads, method.explain),
    )  # fmt: skip


def explained(inspector: Inspector) -> list[tuple[int, Head]]:
    """The answers that gradients lead back from."""
    return heads_where(inspector, lambda head: can_explain(inspector, head))


def _by_sample(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: by_input.takes_parts_away(inspector, head))


def _through_relus(inspector: Inspector) -> list[tuple[int, Head]]:
    return heads_where(inspector, lambda head: by_input.has_relus(inspector, head))


def with_target(heads: Heads, own: Callable[[Inspector, Head], list[Option]] = lambda inspector, head: []) -> Options:
    """The options of a view of an answer: its own ones, what is explained, and whether it is checked."""

    def options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
        found = heads(inspector)
        return [*own(inspector, found[0][1]), *target_options(inspector, sample, found), *SANITY]

    return options


def _starts_at_data(inspector: Inspector, head: Head) -> bool:
    start = find_start(inspector, head)
    return start is not None and inspector.compiled.flat.nodes[start[0]].component.kind == "dataset"


def _shows(inspector: Inspector, head: Head) -> list[Option]:
    shows = [Choice("absolute", "magnitude", "大小"), Choice("signed", "with sign", "带符号")]
    shows = shows if _starts_at_data(inspector, head) else shows[:1]
    return choose("gradient", "Gradient", "梯度", [*shows, Choice("times_input", "times input", "乘以输入")])


def _baselines(inspector: Inspector, head: Head) -> list[Option]:
    baselines = [Choice("zero", "zeros", "零"), Choice("mean", "mean of the training data", "训练数据的均值")]
    known = inspector.has_data and _starts_at_data(inspector, head)
    return choose("baseline", "Baseline", "基线", baselines if known else [])


def _steps(inspector: Inspector, head: Head) -> list[Option]:
    steps = [Choice(n, str(n), str(n)) for n in (12, 24, 48, 96)]
    return [*_baselines(inspector, head), *choose("n_steps", "Steps", "步数", steps, by_input.STEPS)]


def _noise(inspector: Inspector, head: Head) -> list[Option]:
    sigmas = [Choice(s, f"{s:.0%}", f"{s:.0%}") for s in (0.05, 0.15, 0.3)]
    return choose("sigma", "Noise", "噪声", sigmas, 0.15)


def _windows(inspector: Inspector, head: Head) -> list[Option]:
    usual = by_input.usual_window(inspector, head)
    return [*_baselines(inspector, head), *integer("window", "Window", "窗口", usual, 1, max(1, 3 * usual - 2))]


def _samples(inspector: Inspector, head: Head) -> list[Option]:
    counts = [Choice(n, str(n), str(n)) for n in (by_input.LIME_SAMPLES, 250, 500, 1000)]
    return choose("samples", "Samples", "采样数", counts, by_input.LIME_SAMPLES)


METHODS: tuple[Method, ...] = (
    Method(
        About("saliency", "Saliency", "显著性",
        "How strongly the answer would change with each pixel, feature or token.",
        "答案随每个像素、特征或词元变化的强烈程度。",
        "Gradient of the score with respect to the input, of tokens to their embedding (Simonyan et al., "
        "arXiv 1312.6034).",
        "得分对输入的梯度，词元则对其嵌入（Simonyan 等，arXiv 1312.6034）。",
        "Gradients are noisy, and vanish where the model is very sure.", "梯度噪声大，模型非常确定时会趋于零。"),
        explained, lambda i, r, target: by_input.saliency(
            i, r.given_sample, target, r.options.get("gradient", "absolute")), _shows,
    ),
    Method(
        About("smoothgrad", "SmoothGrad", "平滑梯度",
        "The saliency of many noisy copies of the sample, averaged: what stays when the speckles are gone.",
        "对样本的多个加噪副本求显著性并平均：去掉斑点后留下的部分。",
        "Mean gradient over 25 copies (of large models fewer, 8 at least) with normal noise, its size in parts of the input's "
        "range; of a table's features and a series' channels, in parts of the range of each in training (Smilkov et al., "
        "arXiv 1706.03825).",
        "在 25 个（大模型较少，至少 8 个）加正态噪声的副本上平均梯度，噪声大小以输入范围为单位；表格特征与序列通道各以其在训练数据中的"
        "范围为单位（Smilkov 等，arXiv 1706.03825）。",
        "It explains a neighbourhood of the sample; much noise leaves the data behind.",
        "解释的是样本的邻域；噪声过大则偏离真实数据。"),
        explained, lambda i, r, target: by_input.smoothgrad(
            i, r.given_sample, target, r.options["sigma"]), _noise,
    ),
    Method(
        About("guided_backprop", "Guided backpropagation", "引导反向传播",
        "The fine structures of the image that units on the way to the answer respond to.",
        "通向答案的各单元所响应的图像细节。",
        "The gradient, but each ReLU lets only positive signals back, and only through units that are on "
        "(Springenberg et al., arXiv 1412.6806).",
        "梯度，但每个 ReLU 只让正信号经激活的单元回传（Springenberg 等，arXiv 1412.6806）。",
        "It is close to an edge detector: the map often stays when the weights are random. Only ReLUs follow the rule.",
        "接近边缘检测：随机化权重后图像常常不变。仅 ReLU 遵循此规则。"),
        _through_relus, lambda i, r, target: by_input.through_relus(
            i, r.given_sample, target, "guided"),
    ),
    Method(
        About("deconvnet", "Deconvnet", "反卷积",
        "A pattern in the image that could have caused the answer.", "图像中可能引起该答案的模式。",
        "The answer is sent back, and each ReLU lets only positive signals through (Zeiler & Fergus, arXiv 1311.2901).",
        "把答案向回传，每个 ReLU 只让正信号通过（Zeiler & Fergus，arXiv 1311.2901）。",
        "Which units were on is forgotten except in max pooling. Only ReLUs follow the rule.",
        "除最大池化外，忽略哪些单元处于激活。仅 ReLU 遵循此规则。"),
        _through_relus, lambda i, r, target: by_input.through_relus(
            i, r.given_sample, target, "deconvnet"),
    ),
    Method(
        About("integrated_gradients", "Integrated gradients", "积分梯度",
        "What each pixel, feature or token contributes to the answer; the contributions add up to the change of the "
        "score.",
        "每个像素、特征或词元对答案的贡献；各项之和等于得分的变化。",
        "Gradients averaged on the way from a baseline to the input, times their difference (Sundararajan et al., "
        "arXiv 1703.01365).",
        "从基线到输入的路径上平均梯度，再乘以两者之差（Sundararajan 等，arXiv 1703.01365）。",
        "Depends on the baseline. A completeness error that is not small asks for more steps.",
        "结果取决于基线。完备性误差不小时，请增加步数。"),
        explained, lambda i, r, target: by_input.integrated_gradients(
            i, r.given_sample, target, r.options.get("baseline", "zero"), r.options["n_steps"]), _steps,
    ),
    Method(
        About("deeplift", "DeepLIFT", "DeepLIFT",
        "What each pixel, feature or token contributes to the difference of the score from that of a baseline.",
        "每个像素、特征或词元对得分与基线得分之差的贡献。",
        "Differences are handed back through each activation by the Rescale rule (Shrikumar et al., arXiv 1704.02685).",
        "按 Rescale 规则逐层回传差值（Shrikumar 等，arXiv 1704.02685）。",
        "Depends on the baseline. Attention, gates and normalisations of a sample follow the gradient: the completeness "
        "error says what that loses.",
        "结果取决于基线。注意力、门控和样本归一化按梯度处理，完备性误差给出由此损失的部分。"),
        _by_sample, lambda i, r, target: by_input.deeplift(
            i, r.given_sample, target, r.options.get("baseline", "zero")), _baselines,
    ),
    Method(
        About("occlusion", "Occlusion", "遮挡",
        "How far the score falls where a patch, a few steps, a feature or a token is taken away.",
        "遮去一块图像、几步、一个特征或词元时，得分下降多少。",
        "A window slides over the sample; where windows overlap, their falls are averaged (Zeiler & Fergus, "
        "arXiv 1311.2901).",
        "窗口在样本上滑动，重叠处取下降值的平均（Zeiler & Fergus，arXiv 1311.2901）。",
        "Parts that can stand in for each other seem to matter little; a covered sample is no natural one.",
        "可互相替代的部分会显得不重要；被遮挡的样本并非自然数据。"),
        _by_sample, lambda i, r, target: by_input.occlusion(
            i, r.given_sample, target, r.options.get("window", 0), r.options.get("baseline", "zero")), _windows,
    ),
    Method(
        About("lime", "LIME", "LIME",
        "The weight of each superpixel, feature, step or token in a linear model that imitates this one near the sample.",
        "在样本附近模仿该模型的线性模型中，各超像素、特征、步或词元的权重。",
        "Parts are hidden at random; weighted ridge regression of the score on which of them are there (Ribeiro et al., "
        "arXiv 1602.04938). Superpixels as in SLIC.",
        "随机遮住若干部分，对得分做加权岭回归（Ribeiro 等，arXiv 1602.04938）。超像素用 SLIC。",
        "A random estimate: more samples steady it. It depends on the segments and on what hides them.",
        "结果是随机估计，增加采样更稳定；并取决于分割方式与遮盖内容。"),
        _by_sample, lambda i, r, target: by_input.lime(
            i, r.given_sample, target, r.options["samples"]), _samples,
    ),
)  # fmt: skip

VIEWS: tuple[View, ...] = tuple(_view(method) for method in METHODS)

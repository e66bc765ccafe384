"""Views of how a model generates: latent spaces, diffusion, flows, searches for sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.catalogue.spec import Request, View, some
from builder.inspect.choices import Choice, Option, choose, integer, split_option
from builder.inspect.decoding import WIDEST, own_width, search_tree, searches
from builder.inspect.denoising import denoise, diffusion_samplers
from builder.inspect.figures.style import Style
from builder.inspect.inspector import Inspector
from builder.inspect.latent import latent_of, latents, size_of
from builder.inspect.likelihood import flows, likelihood
from builder.inspect.portraits import portraits
from builder.inspect.samples import Sample
from builder.inspect.traversal import (
    Interpolation,
    Origin,
    Traversal,
    between,
    has_axes,
    origin_drawn,
    origin_of,
    plane,
    rows,
    strongest,
)
from components.data._base import SplitName

_DRAWS = 99  # numbers of noise that may be asked for
_FOLLOWING = 256  # samples among which one of another class is looked for
_PICTURES = 8  # of the likeliest samples, and as many of the least likely


# ------------------------------------------------------------------ latent spaces


def _normal(inspector: Inspector) -> list[str] | None:
    return some([latent.node for latent in latents(inspector) if latent.normal])


def _coded_axes(inspector: Inspector) -> list[str] | None:
    return some([x.node for x in latents(inspector) if x.code is not None and has_axes(inspector, x)])


def _coded(inspector: Inspector) -> list[str] | None:
    return some([latent.node for latent in latents(inspector) if latent.code is not None])


def _shows(between_two: bool, first: str) -> list[Option]:
    items = [Choice("rows", "axis by axis", "逐轴"), Choice("plane", "plane of two axes", "两轴平面")]
    if between_two:
        items.append(Choice("between", "between two draws", "两次抽取之间"))
    return choose("show", "Show", "显示", items, first)


def _axis_options(inspector: Inspector, node: str, origin: Origin) -> list[Option]:
    """How far to go, and the two axes of a plane: those that change the image most."""
    latent = latent_of(inspector, node)
    first, second = strongest(inspector, latent, origin, 2).tolist()
    last = size_of(inspector, latent) - 1
    reaches = [Choice(reach, f"±{reach}", f"±{reach}") for reach in (1, 2, 3, 5)]
    return [
        *choose("reach", "Reach", "范围", reaches, 3),
        *integer("across", "Axis to the right", "横轴", first, 0, last),
        *integer("up", "Axis upwards", "纵轴", second, 0, last),
    ]


def _space_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    latent = latent_of(inspector, node)
    draw = integer("draw", "Draw (0: the mean)", "抽取编号（0 为均值）", 0, 0, _DRAWS)
    if not has_axes(inspector, latent):
        return integer("draw", "Draw", "抽取编号", 1, 1, _DRAWS)
    return [*_shows(True, "plane"), *draw, *_axis_options(inspector, node, origin_drawn(inspector, latent, 0))]


def _draw_space(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, style = request.inspector, request.options, request.style
    latent, number = latent_of(inspector, request.node), options["draw"]
    if options.get("show", "between") == "between":
        names = (style.say(f"draw {number}", f"抽取 {number}"), style.say(f"draw {number + 1}", f"抽取 {number + 1}"))
        ends = (origin_drawn(inspector, latent, number), origin_drawn(inspector, latent, number + 1))
        return _interpolated(between(inspector, latent, *ends, names), style)
    origin = origin_drawn(inspector, latent, number)
    said = style.say(f"around draw {number}", f"以抽取 {number} 为中心") if number else style.say("around the mean", "以均值为中心")  # fmt: skip
    return _traversed(request, origin, said)


def _traversed(request: Request, origin: Origin, said: str) -> tuple[go.Figure, Traversal]:
    inspector, options = request.inspector, request.options
    latent, reach = latent_of(inspector, request.node), float(options["reach"])
    if options["show"] == "rows":
        found = rows(inspector, latent, origin, reach)
    else:
        found = plane(inspector, latent, origin, reach, options["across"], options["up"])
    return figures.traversal_figure(found, request.style, said), found


def _traversal_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    if sample is None:
        return []
    origin = origin_of(inspector, latent_of(inspector, node), sample)
    return [*_shows(False, "rows"), *_axis_options(inspector, node, origin)]


def _draw_traversal(request: Request) -> tuple[go.Figure, Any]:
    sample, style = request.given_sample, request.style
    origin = origin_of(request.inspector, latent_of(request.inspector, request.node), sample)
    name = sample.label(style.language)
    return _traversed(request, origin, style.say(f"around {name}", f"以{name}为中心"))


def _other_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    split, index = _place(sample)
    size = inspector.size(split)
    return integer("other", "Second sample", "第二个样本", _unlike(inspector, split, index, size), 0, size - 1) if size else []  # fmt: skip


def _unlike(inspector: Inspector, split: SplitName, index: int, size: int) -> int:
    """The next sample of another class than this one, or just the next."""
    following = [(index + i) % size for i in range(1, min(size, _FOLLOWING))] or [0]

    def find() -> int:
        for end, labels in inspector.batch(split, [max(index, 0), *following]).items():
            if inspector.layout.kind(end) == "scalar" and not labels.is_floating_point():
                others = (labels[1:] != labels[0]).nonzero().flatten()
                return following[int(others[0])] if len(others) else following[0]
        return following[0]

    return inspector.kept(("unlike", split, index), find)


def _place(sample: Sample | None) -> tuple[SplitName, int]:
    """The split and number of a sample; an upload is held against the validation split."""
    if sample is None or sample.key[0] == "upload":
        return "valid", -1
    return sample.key[0], sample.key[1]


def _draw_interpolation(request: Request) -> tuple[go.Figure, Any]:
    inspector, sample = request.inspector, request.given_sample
    latent = latent_of(inspector, request.node)
    other = inspector.sample(_place(sample)[0], request.options.get("other", 0))
    names = (sample.label(request.style.language), other.label(request.style.language))
    ends = (origin_of(inspector, latent, sample), origin_of(inspector, latent, other))
    return _interpolated(between(inspector, latent, *ends, names), request.style)


def _interpolated(found: Interpolation, style: Style) -> tuple[go.Figure, Interpolation]:
    return figures.between_figure(found, style), found


# ------------------------------------------------------------------ diffusion, flows, searches


def _denoised(inspector: Inspector) -> list[str] | None:
    return some(diffusion_samplers(inspector))


def _denoising_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    counts = [Choice(n, str(n), str(n)) for n in (1, 2, 3, 4, 6)]
    columns = [Choice(n, str(n), str(n)) for n in (6, 10, 14)]
    return [
        *choose("count", "Images", "图像数", counts, 3),
        *choose("columns", "Steps shown", "显示步数", columns, 10),
        *integer("draw", "Noise", "噪声编号", 0, 0, _DRAWS),
    ]


def _draw_denoising(request: Request) -> tuple[go.Figure, Any]:
    options = request.options
    found = denoise(request.inspector, request.node, options["count"], options["columns"], options["draw"])
    return figures.denoising_figure(found, request.style), found


def _flowing(inspector: Inspector) -> list[str] | None:
    return some(flows(inspector))


def _draw_likelihood(request: Request) -> tuple[go.Figure, Any]:
    inspector, split = request.inspector, request.options["split"]
    found = likelihood(inspector, request.node, request.given_sample, split)
    order = np.argsort(-found.densities, kind="stable")
    count = min(_PICTURES, len(order) // 2)
    ends = np.concatenate((order[:count], order[::-1][:count]))
    code = inspector.compiled.sources(request.node)["z"][0]
    pictures = portraits(inspector, inspector.batch(split, found.items[ends].tolist()), code)[0] if count else []
    return figures.likelihood_figure(found, request.style, ends, pictures), found


def _searching(inspector: Inspector) -> list[str] | None:
    return some(searches(inspector))


def _search_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    own = own_width(inspector, node)
    return [
        *integer("width", "Hypotheses kept", "保留的候选数", own, 1, max(own, WIDEST)),
        *integer("dropped", "Dropped branches shown", "显示的丢弃分支", 2, 0, 5),
    ]


def _draw_search(request: Request) -> tuple[go.Figure, Any]:
    options = request.options
    found = search_tree(request.inspector, request.node, request.given_sample, options["width"], options["dropped"])
    return figures.search_tree_figure(found, request.style), found


VIEWS: tuple[View, ...] = (
    View(
        "latent_space", "Latent space", "隐空间",
        "The images that the model makes of codes: over a plane of two axes, along the axes one by one, or on the way "
        "between two draws.",
        "模型由编码生成的图像：在两个轴张成的平面上、沿各轴逐一变化，或在两次抽取之间过渡。",
        "Codes are standard normal; the plane and the axes go through the mean or a draw (Kingma & Welling, arXiv "
        "1312.6114, appendix A). Axes are ranked by the root mean squared change of the image by one unit both ways. "
        "Between draws: a straight line, and the arc of White (arXiv 1609.04468), which keeps the length of codes.",
        "编码服从标准正态分布；平面与各轴经过均值或某次抽取（Kingma & Welling，arXiv 1312.6114，附录 A）。各轴按正负移动一个单位时"
        "图像变化的均方根排序。两次抽取之间：直线，以及保持编码长度的弧线（White，arXiv 1609.04468）。",
        "In many dimensions codes near the mean are untypical: draws lie about √D away from it. An axis need not stand "
        "for one property. Where images depend on a class as well, that of the first sample is taken.",
        "高维时均值附近的编码并不典型：抽取的编码离均值约 √D。单个轴不一定对应单一属性。若图像还取决于类别，则取第一个样本的类别。",
        _normal, _space_options, _draw_space, needs_sample=False,
        first=lambda inspector, nodes: nodes[-1],
    ),
    View(
        "traversal", "Latent traversal", "隐变量遍历",
        "How the reconstruction of the sample changes when single entries of its code do; in the frame it is left as it "
        "is.",
        "样本编码的单个分量改变时，重建图像如何变化；框内为未改变的重建。",
        "The code is the mean of what the encoder would draw from, or the narrowest value of an autoencoder; one entry "
        "is moved and the decoder runs again (Higgins et al., beta-VAE, ICLR 2017). Ranked by the root mean squared "
        "change of the image by one unit both ways.",
        "编码取编码器所给分布的均值，或自编码器最窄处的值；移动其中一个分量后重新解码（Higgins 等，beta-VAE，ICLR 2017）。"
        "各轴按正负移动一个单位时图像变化的均方根排序。",
        "Far offsets lead where the decoder was never trained. An axis without effect may be one that the model does not "
        "use.",
        "偏移过大时会到达解码器从未训练过的区域。没有作用的轴可能是模型未使用的轴。",
        _coded_axes, _traversal_options, _draw_traversal,
    ),
    View(
        "between_samples", "Between samples", "样本之间",
        "What lies between the codes of two samples, beside a mere mix of the two images.",
        "两个样本的编码之间有什么，并与两幅图像的直接混合相对照。",
        "A straight line between the codes, and an arc that keeps their length (White, Sampling Generative Networks, "
        "arXiv 1609.04468); both ends are the reconstructions. The code is the encoder's mean, the narrowest value of an "
        "autoencoder, or what a flow makes of the sample.",
        "编码之间的直线，以及保持编码长度的弧线（White，Sampling Generative Networks，arXiv 1609.04468）；两端即重建图像。"
        "编码取编码器给出的均值、自编码器最窄处的值，或流模型对样本的变换结果。",
        "A smooth way shows that the decoder is smooth, not that it has understood what differs. The arc assumes normal "
        "codes.",
        "过渡平滑只说明解码器平滑，不说明它理解了差异所在。弧线假设编码服从正态分布。",
        _coded, _other_options, _draw_interpolation,
        first=lambda inspector, nodes: nodes[-1],
    ),
    View(
        "denoising", "Denoising path", "去噪过程",
        "How a diffusion sampler comes from noise to an image: the state at chosen steps, and below it the image that "
        "the network expects at that step.",
        "扩散采样器如何由噪声得到图像：所选各步的状态，及其下方网络在该步预测的图像。",
        "The sampler runs as it is; its denoiser's answers give the expected image by equation 12 of Song et al., DDIM "
        "(arXiv 2010.02502); likewise Ho et al., DDPM (arXiv 2006.11239), equation 15. The curve is the root mean squared "
        "distance to the result.",
        "采样器照常运行；由去噪网络的输出按 Song 等（DDIM，arXiv 2010.02502）式 12 得到预测图像，亦见 Ho 等（DDPM，"
        "arXiv 2006.11239）式 15。曲线为其与结果的均方根距离。",
        "Expected images are averages over all that fits the state, therefore blurred at first; where a network predicts the "
        "noise, they are mostly its error in the first steps. Values beyond the range "
        "of the images are drawn black or white.",
        "预测图像是所有与状态相符的图像的平均，因此起初模糊；若网络预测的是噪声，最初几步主要是其误差。超出图像取值范围的值显示为黑或白。",
        _denoised, _denoising_options, _draw_denoising, needs_sample=False,
    ),
    View(
        "likelihood", "Likelihood", "似然",
        "How probable the flow takes the sample for, among the samples of a split; and which of these it takes for most "
        "and least probable.",
        "流模型认为当前样本有多可能，与划分中各样本相比；以及其中最可能与最不可能的样本。",
        "The change of variables: the normal log-density of the code plus all log-determinants (Papamakarios et al., arXiv "
        "1912.02762, equation 6), in bits for each value. Where noise is added to whole numbers first, the mean of 64 "
        "draws is a lower bound for the sample (Theis et al., arXiv 1511.01844); the band shows their range.",
        "变量替换：编码的正态对数密度加上全部对数行列式（Papamakarios 等，arXiv 1912.02762，式 6），以每维比特计。若事先给整数值加噪声，"
        "则 64 次抽取的均值是样本对数似然的下界（Theis 等，arXiv 1511.01844），色带为其范围。",
        "Likelihood does not tell strange samples reliably: simple ones from elsewhere may get more than the data (Nalisnick "
        "et al., arXiv 1810.09136). At most 2,000 samples, each with one draw of noise.",
        "似然不能可靠地识别异常样本：来自别处的简单样本可能得到更高的似然（Nalisnick 等，arXiv 1810.09136）。最多 2000 个样本，每个只加一次噪声。",
        _flowing, lambda inspector, node, sample: split_option(), _draw_likelihood,
    ),
    View(
        "search", "Search tree", "搜索树",
        "How a decoder finds its sequence: the tokens that it goes on with at each step, their probabilities, and the "
        "branches that it drops.",
        "解码器如何找到序列：每一步继续的词元、其概率，以及被丢弃的分支。",
        "Beam search (Graves, arXiv 1211.3711) over the decoder's own step, with its own start, end and length penalty. A "
        "greedy decoder or a pointer network (Vinyals et al., arXiv 1506.03134) keeps one hypothesis; with more, the same "
        "step is searched more widely.",
        "在解码器自身的解码步上做束搜索（Graves，arXiv 1211.3711），起始符、终止符与长度惩罚均不变。贪婪解码器或指针网络"
        "（Vinyals 等，arXiv 1506.03134）只保留一个候选；保留更多时，以同一解码步搜索得更广。",
        "A sequence outside of the tree may be more probable still. The most probable one need not be the best.",
        "树外可能还有概率更高的序列；概率最高的序列也不一定最好。",
        _searching, _search_options, _draw_search,
    ),
)  # fmt: skip

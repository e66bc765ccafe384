"""Views of what single units of a node answer to."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.activating import activating, units_of
from builder.inspect.catalogue.representation import searched, searched_ports
from builder.inspect.catalogue.spec import Request, View, computing, last_learned, some
from builder.inspect.choices import Choice, Option, choose, integer, plain, split_option
from builder.inspect.figures.style import Style, esc
from builder.inspect.imagined import image_of, inversion, preferred
from builder.inspect.inspector import Inspector
from builder.inspect.portraits import portraits
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports

SHOWN = 6  # units in one figure of images


def _with_units(inspector: Inspector) -> list[str] | None:
    """The nodes whose channels or features can be looked at one by one, but the data themselves."""
    nodes = inspector.compiled.flat.nodes
    return some([p for p in searched(inspector) or [] if nodes[p].component.kind != "dataset"])


def unit_names(inspector: Inspector, node: str) -> tuple[str, ...]:
    """The classes or outputs that a node's features are; empty where they have no names."""
    return next((h.names for h in inspector.heads if h.end[0] == node and h.by_class and not h.tokens), ())


def unit_option(inspector: Inspector, node: str, ports: list[str]) -> list[Option]:
    """Which unit, by its name where it has one."""
    names = unit_names(inspector, node)
    if names:
        return choose("unit", "Unit", "单元", [Choice(i, name, name) for i, name in enumerate(names)])
    return integer("unit", "Unit", "单元", 0, 0, max(units_of(inspector, (node, port)) for port in ports) - 1)


def unit_word(inspector: Inspector, node: str, unit: int, style: Style) -> str:
    """A unit in words."""
    names = unit_names(inspector, node)
    if names:
        return style.say(f'output "{esc(names[unit])}"', f"输出“{esc(names[unit])}”")
    return style.say(f"unit {unit}", f"单元 {unit} ")


def _options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = searched_ports(inspector, node)
    counts = [Choice(n, str(n), str(n)) for n in (6, 12, 24, 48)]
    images = any(inspector.layout.kind(source) == "image" for source in inspector.sources([(node, ports[0])]))
    shows = [Choice("marked", "whole, outlined", "整幅，加框"), Choice("cut", "what it sees", "仅所见部分")]
    return [
        *unit_option(inspector, node, ports),
        *choose("show", "Images", "图像", shows if images else []),
        *choose("port", "Output port", "输出端口", plain(ports)),
        *split_option("train"),
        *choose("count", "How many", "数量", counts, 12),
    ]


def _draw_activating(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, node = request.inspector, request.options, request.node
    end = (node, options.get("port", searched_ports(inspector, node)[0]))
    unit, split, count = options.get("unit", 0), options["split"], options["count"]
    found = inspector.kept(
        ("activating", end, unit, split, count), lambda: activating(inspector, end, unit, split, count)
    )
    pictures, texts = portraits(inspector, inspector.batch(split, found.items.tolist()), end)
    name = unit_word(inspector, node, unit, request.style)
    return figures.activating_figure(found, request.style, name, pictures, texts, options.get("show") == "cut"), found


def _imaginable(inspector: Inspector) -> list[str] | None:
    """Those of them whose values come from an image alone."""
    return some([p for p in _with_units(inspector) or [] if _image_ports(inspector, p)])


def _image_ports(inspector: Inspector, node: str) -> list[str]:
    return [port for port in searched_ports(inspector, node) if image_of(inspector, (node, port)) is not None]


def _preferred_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    ports = _image_ports(inspector, node)
    most = max(units_of(inspector, (node, port)) for port in ports)
    smooth = [Choice(1.0, "smooth", "平滑"), Choice(0.0, "none", "无"), Choice(10.0, "very smooth", "很平滑")]
    return [
        *integer("unit", "First unit", "起始单元", 0, 0, max(0, most - SHOWN)),
        *choose("smoothness", "Regularisation", "正则化", smooth),
        *choose(
            "begin",
            "Begins with",
            "起点",
            [Choice("noise", "noise", "噪声"), Choice("sample", "strongest sample", "最强样本")],
        ),
        *choose("port", "Output port", "输出端口", plain(ports)),
        *split_option("train"),
        *integer("seed", "Seed", "随机种子", 0, 0, 9),
    ]


def _draw_preferred(request: Request) -> tuple[go.Figure, Any]:
    inspector, options, node = request.inspector, request.options, request.node
    end = (node, options.get("port", _image_ports(inspector, node)[0]))
    first, split = options.get("unit", 0), options["split"]
    how = options["smoothness"], options["begin"], options["seed"]
    units = np.arange(first, min(first + SHOWN, units_of(inspector, end)))
    found = inspector.kept(("preferred", end, first, split, how), lambda: preferred(inspector, end, units, split, *how))
    samples, _ = portraits(inspector, inspector.batch(split, found.items.tolist()), end)
    names = unit_names(inspector, node) or list(map(str, range(units_of(inspector, end))))
    return figures.preferred_figure(found, request.style, [names[i] for i in units], samples), found


def _inverted(inspector: Inspector) -> list[str] | None:
    """The nodes whose values come from an image of the data alone; a single number is no feature."""
    ends = [(p, drawn_ports(inspector, p)[0]) for p in computing(inspector, "layer", "op", "sampler")]
    return some([e[0] for e in ends if inspector.layout.kind(e) != "scalar" and image_of(inspector, e) is not None])


def _draw_inversion(request: Request) -> tuple[go.Figure, Any]:
    inspector, sample, smoothness = request.inspector, request.given_sample, request.options["smoothness"]
    end = (request.node, drawn_ports(inspector, request.node)[0])
    found = inspector.kept(
        ("inversion", end, sample.key, smoothness), lambda: inversion(inspector, sample, end, smoothness)
    )
    return figures.inversion_figure(found, request.style), found


def _inversion_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    smooth = [Choice(0.05, "smooth", "平滑"), Choice(0.0, "none", "无"), Choice(0.5, "very smooth", "很平滑")]
    return choose("smoothness", "Regularisation", "正则化", smooth)


VIEWS: tuple[View, ...] = (
    View(
        "activating", "Strongest samples", "最强样本",
        "The samples that a unit (a channel, a feature) answers to most, and the part of each that it sees there; click one "
        "to look at it.",
        "某个单元（通道或特征）响应最强的样本，以及它在其中所见的部分；点击即可查看。",
        "All samples are ranked by the unit's greatest activation over places, after Zeiler & Fergus (arXiv 1311.2901) and "
        "Girshick et al. (arXiv 1311.2524). Outlined is what the value at that place can depend on: the receptive field, "
        "measured through every node; behind attention, the token's own patch.",
        "按单元在各位置上的最大激活对样本排序，仿 Zeiler & Fergus（arXiv 1311.2901）与 Girshick 等（arXiv 1311.2524）。"
        "框出的是该位置的值可能依赖的范围，即逐节点测得的感受野；注意力之后则为词元自身的图块。",
        "At most 2,000 samples, with large models fewer, so that it takes about two seconds. The greatest activations may "
        "show only one side of what a unit does; how much of its field it uses is not told.",
        "最多 2000 个样本，大模型更少，以便两秒左右完成。最强响应可能只反映单元功能的一面，也不说明它实际使用了感受野中的多少。",
        _with_units, _options, _draw_activating, needs_sample=False, first=last_learned,
    ),
    View(
        "activation_maximization", "Preferred images", "偏好图像",
        "For each of several units the image that it is most active for, beside the sample that it is most active for.",
        "为若干单元找出使其最活跃的图像，并与最强样本对照。",
        "From noise, gradient ascent on the unit's activation, of maps the mean (Erhan et al., technical report 1341, Montréal "
        "2009), less a penalty on the squared differences of neighbouring pixels. Pixels stay within the range of the data; "
        "before each step the image is shifted at random, by a pixel for 16 of its side. It begins with noise around grey and "
        "around the mean image, and the better of the two is shown.",
        "从噪声出发对单元的激活（特征图取均值）做梯度上升（Erhan 等，蒙特利尔大学技术报告 1341，2009），并惩罚相邻像素差的平方。"
        "像素限于数据的取值范围；每步前随机平移，边长每 16 个像素移一个像素。分别从灰色与均值图像附近的噪声出发，取较优者。",
        "Such an image is no natural one, and one of many; another seed finds another. 64 steps at most and 1,000 samples; "
        "for large models fewer of both and only the grey beginning, so that it takes about two seconds.",
        "这样的图像并不自然，也只是众多解之一，换种子会不同。最多 64 步、比较 1000 个样本；大模型两者更少，且只从灰色出发，以便两秒左右完成。",
        _imaginable, _preferred_options, _draw_preferred, needs_sample=False, first=last_learned,
    ),
    View(
        "feature_inversion", "Feature inversion", "特征反演",
        "Images with the same features as the sample, found from noise: what they share is what the node still knows, where "
        "they differ it has forgotten.",
        "从噪声出发找到与样本特征相同的图像：共同之处是该节点仍保留的信息，不同之处是已丢弃的信息。",
        "Gradient descent on the squared distance of the features in parts of their energy, with a penalty on differences of "
        "neighbouring pixels (Mahendran & Vedaldi, arXiv 1412.0035), from three beginnings. The last picture is the standard "
        "deviation of each pixel over the three.",
        "对特征的相对平方距离做梯度下降，并惩罚相邻像素之差（Mahendran & Vedaldi，arXiv 1412.0035），共三个起点；"
        "最后一幅为各像素在三幅图间的标准差。",
        "64 steps at most, fewer for large models: an error that is left may be the search's, not the node's.",
        "最多 64 步，大模型更少：剩余误差可能来自搜索本身，而非该节点。",
        _inverted, _inversion_options, _draw_inversion,
    ),
)  # fmt: skip

"""The view of an explanation while the weights become random."""

from __future__ import annotations

import dataclasses
from typing import Any

import plotly.graph_objects as go

from builder.inspect import figures
from builder.inspect.attribution import Attribution, Target
from builder.inspect.cascade import Explain, cascade
from builder.inspect.catalogue import attribution, class_activation
from builder.inspect.catalogue.spec import Heads, Request, View, whole
from builder.inspect.choices import Choice, Option, choose
from builder.inspect.class_activation import cam_nodes
from builder.inspect.class_activation import class_activation as explain_maps
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample

_SLOW = ("occlusion", "lime")  # many runs for one map, and here many maps
_GRAD_CAM = "grad_cam"


def _choices(inspector: Inspector) -> list[Choice]:
    """The explanations that this model can have."""
    found = [m.about for m in attribution.METHODS if m.about.id not in _SLOW and m.heads(inspector)]
    if class_activation.mapped(inspector):
        found += [view for view in class_activation.VIEWS if view.id == _GRAD_CAM]
    return [Choice(about.id, about.name, about.name_zh) for about in found]


def _options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    return choose("explanation", "Explanation", "解释方法", _choices(inspector))


def _explaining(request: Request, id: str) -> tuple[Heads, Explain]:
    """The answers that a method can explain, and the method with its usual options; Grad-CAM at the last maps."""
    sample = request.given_sample
    if id == _GRAD_CAM:

        def at_last(inspector: Inspector, target: Target) -> Attribution:
            return explain_maps(inspector, sample, cam_nodes(inspector, target.head)[-1], target)

        return class_activation.mapped, at_last
    method = next(m for m in attribution.METHODS if m.about.id == id)

    def usual(inspector: Inspector, target: Target) -> Attribution:
        options = {option.name: option.default for option in method.own(inspector, target.head)}
        return method.explain(inspector, dataclasses.replace(request, options=options), target)

    return method.heads, usual


def _draw(request: Request) -> tuple[go.Figure, Any]:
    inspector, choices = request.inspector, _choices(request.inspector)
    chosen = next(c for c in choices if c.value == request.options.get("explanation", choices[0].value))
    heads, explain = _explaining(request, chosen.value)
    target = Target(heads(inspector)[0][1])
    found = inspector.kept(
        ("cascade", chosen.value, request.given_sample.key), lambda: cascade(inspector, target, explain)
    )
    return figures.cascade_figure(found, request.style, chosen.text(request.style.language)), found


VIEWS: tuple[View, ...] = (
    View(
        "cascade", "Random layers", "逐层随机化",
        "How an explanation changes while the layers lose what they have learned, one after the other: one that explains the "
        "model must change.",
        "各层依次失去所学时，解释如何变化：真正解释模型的方法应当随之改变。",
        "From the answer downward each layer takes random weights, and the same answer is explained again. Compared with the "
        "map of the trained model: Spearman's rank correlation, with sign and of magnitudes, and structural similarity "
        "(Adebayo et al., arXiv 1810.03292; Wang et al. 2004).",
        "从答案向下逐层换成随机权重，并重新解释同一答案；与训练后模型的图比较：秩相关（带符号及绝对值）与结构相似性"
        "（Adebayo 等，arXiv 1810.03292；Wang 等 2004）。",
        "One draw of random weights and the method's usual options. A map that changes may still be wrong. In networks of more "
        "than ten layers with weights, ten stages evenly spread.",
        "只抽取一次随机权重，并用方法的默认选项。图有变化也不代表解释正确。带权重的层超过十个时，均匀取十个阶段。",
        lambda i: whole(bool(_choices(i))), _options, _draw,
    ),
)  # fmt: skip

"""Attributions as figures."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attribution import Attribution
from builder.inspect.figures.canvas import add_image, colours, index_ticks, overlay, pixel_axes, step_ticks, titled
from builder.inspect.figures.style import Style, esc, number, short
from builder.inspect.figures.values import token_strip

_TITLES = {
    "cam": ("CAM", "CAM"),
    "deconvnet": ("Deconvnet", "反卷积"),
    "deeplift": ("DeepLIFT", "DeepLIFT"),
    "grad_cam": ("Grad-CAM", "Grad-CAM"),
    "grad_cam_pp": ("Grad-CAM++", "Grad-CAM++"),
    "gradient": ("Input gradient", "输入梯度"),
    "gradient_times_input": ("Gradient × input", "梯度 × 输入"),
    "guided_backprop": ("Guided backpropagation", "引导反向传播"),
    "guided_grad_cam": ("Guided Grad-CAM", "引导 Grad-CAM"),
    "integrated_gradients": ("Integrated gradients", "积分梯度"),
    "lime": ("LIME", "LIME 解释"),
    "occlusion": ("Occlusion", "遮挡"),
    "saliency": ("Saliency", "显著图"),
    "score_cam": ("Score-CAM", "Score-CAM"),
    "smoothgrad": ("SmoothGrad", "平滑梯度"),
}
_IMPORTANCE, _SIGNAL = ("importance (a.u.)", "重要性（任意单位）"), ("signal", "信号")
_BARS = {
    "deconvnet": _SIGNAL,
    "grad_cam": _IMPORTANCE,
    "grad_cam_pp": _IMPORTANCE,
    "gradient": ("gradient", "梯度"),
    "guided_backprop": _SIGNAL,
    "guided_grad_cam": _SIGNAL,
    "lime": ("weight", "权重"),
    "occlusion": ("fall of the score", "得分下降"),
    "saliency": ("|gradient|", "|梯度|"),
    "score_cam": _IMPORTANCE,
    "smoothgrad": ("|gradient|", "|梯度|"),
}
_CONTRIBUTION = ("contribution", "贡献")
_TOP = 20


def attribution_figure(attribution: Attribution, style: Style, node: str = "") -> go.Figure:
    """What an answer comes from: over the image, the text, the series, or as bars of features.

    Args:
        node: whose feature maps were used, of Grad-CAM.
    """
    title = style.say(*_TITLES[attribution.method])
    if node:
        title += style.say(f" at {esc(node)}", f"（{esc(node)}）")
    draw = {"image": _image, "tokens": _tokens, "series": _series, "table": _table, "nodes": _nodes}[attribution.shape]
    return draw(attribution, style, title, _subtitle(attribution, style))


def _subtitle(attribution: Attribution, style: Style) -> str:
    answer, score = short(attribution.answer), number(attribution.score)
    where = ""
    if attribution.shape == "nodes":
        where = style.say(f" at node {attribution.position}", f"（节点 {attribution.position}）")
    elif attribution.position:
        where = style.say(f" after step {attribution.position}", f"（第 {attribution.position} 步之后）")
    said = style.say(f'for "{answer}"{where}, score {score}', f"针对“{answer}”{where}，得分 {score}")
    if attribution.delta is not None and attribution.baseline_score is not None:
        base, missing = number(attribution.baseline_score), number(abs(attribution.delta))
        said += style.say(f"; baseline {base}; completeness error {missing}", f"；基线 {base}；完备性误差 {missing}")
    if attribution.sanity is not None and not math.isnan(attribution.sanity.correlation):
        rank = f"{attribution.sanity.correlation:.2f}"
        said += style.say(f"; rank correlation with random weights {rank}", f"；与随机权重的秩相关 {rank}")
    return said


def _bar(attribution: Attribution, style: Style) -> str:
    return style.say(*_BARS.get(attribution.method, _CONTRIBUTION))


def _image(attribution: Attribution, style: Style, title: str, subtitle: str) -> go.Figure:
    """Side by side: the image, the map, the map over the image, the map of random weights on a scale of its own."""
    if attribution.input is None:
        raise ValueError("An attribution of an image must hold the image. Got none.")
    map_, (height, width) = attribution.map, attribution.input.shape[:2]
    gap = max(1, round(0.06 * width))
    figure = titled(style, title, subtitle, int(min(620, 140 + (190 if attribution.sanity else 250) * height / width)))
    scale = colours(style, map_, _bar(attribution, style), attribution.signed)
    row_of, column_of = np.indices(map_.shape)
    both = overlay(style, attribution.input, map_, scale["zmin"], scale["zmax"], scale["zmin"] < 0)
    add_image(figure, attribution.input)
    add_image(figure, both, x=2 * (width + gap))
    for panel in (1, 2):
        figure.add_heatmap(
            z=map_,
            x0=panel * (width + gap),
            dx=1,
            y0=0,
            dy=1,
            opacity=2 - panel,  # over the image it is there for the words under the pointer only
            showscale=panel == 1,
            customdata=np.stack((row_of, column_of), -1).astype(np.int16),
            hovertemplate="[%{customdata[0]}, %{customdata[1]}]<br>%{z:.4g}<extra></extra>",
            **scale,
        )
    words = [style.say("image", "图像"), style.say("attribution", "归因"), style.say("both", "叠加")]
    if attribution.sanity is not None:
        words.append(style.say("random weights", "随机权重"))
        random = attribution.flat(attribution.sanity.values)
        reach = (np.abs(random).max() or 1.0) / (max(abs(scale["zmin"]), abs(scale["zmax"])) or 1.0)
        figure.add_heatmap(
            z=random / reach,
            x0=3 * (width + gap),
            dx=1,
            y0=0,
            dy=1,
            showscale=False,
            customdata=np.stack((row_of, column_of, random), -1).astype(np.float32),
            hovertemplate="[%{customdata[0]}, %{customdata[1]}]<br>%{customdata[2]:.4g}<extra></extra>",
            **{**scale, "colorbar": None},
        )
    figure.add_scatter(
        x=[panel * (width + gap) - 0.5 for panel in range(len(words))],
        y=[-0.5] * len(words),
        mode="text",
        text=words,
        textposition="top right",
        textfont={"size": 11, "color": style.muted},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    pixel_axes(figure, len(words) * (width + gap) - gap, height)
    return figure


def _tokens(attribution: Attribution, style: Style, title: str, subtitle: str) -> go.Figure:
    steps = attribution.steps
    if steps is None:
        raise ValueError("An attribution of tokens must name them. Got no names.")
    names, values = steps.names[: steps.real], attribution.values[: steps.real]
    hover = [f"{v:.4g}" for v in values]
    bar = _bar(attribution, style)
    return token_strip(names, values, style, title, subtitle, bar, hover, signed=attribution.signed)


def _series(attribution: Attribution, style: Style, title: str, subtitle: str) -> go.Figure:
    figure = titled(style, title, subtitle, 420)
    given = np.zeros_like(attribution.values) if attribution.input is None else attribution.input
    figure.add_heatmap(
        z=attribution.values.T,
        customdata=given.T,
        hovertemplate=style.say(
            "step %{x}, channel %{y}<br>input %{customdata:.4g}", "步 %{x}，通道 %{y}<br>输入 %{customdata:.4g}"
        )
        + "<br>%{z:.4g}<extra></extra>",
        **colours(style, attribution.values, _bar(attribution, style), attribution.signed),
    )
    figure.update_xaxes(title_text=style.say("step", "步"), showgrid=False)
    figure.update_yaxes(
        title_text=style.say("channel", "通道"), showgrid=False, autorange="reversed", **index_ticks(given.shape[1])
    )
    return figure


def _table(attribution: Attribution, style: Style, title: str, subtitle: str) -> go.Figure:
    order = np.argsort(-np.abs(attribution.values), kind="stable")[:_TOP]
    given = attribution.input
    labels = [
        short(attribution.names[i], 30) + ("" if given is None else f" = {number(float(given[i]))}") for i in order
    ]
    if len(attribution.values) > _TOP:
        subtitle += style.say(
            f"; the {_TOP} largest of {len(attribution.values)}", f"；{len(attribution.values)} 项中最大的 {_TOP} 项"
        )
    return _bars(labels, attribution.values[order], style, title, subtitle, _bar(attribution, style))


def _nodes(attribution: Attribution, style: Style, title: str, subtitle: str) -> go.Figure:
    """The nodes of a graph whose features count most for the answer at one of them."""
    values = attribution.map
    order = np.argsort(-np.abs(values), kind="stable")[:_TOP]
    own = style.say(" (itself)", "（自身）")
    labels = [style.say(f"node {i}", f"节点 {i}") + (own if i == attribution.position else "") for i in order]
    return _bars(labels, values[order], style, title, subtitle, _bar(attribution, style))


def _bars(labels: list[str], values: np.ndarray, style: Style, title: str, subtitle: str, axis: str) -> go.Figure:
    figure = titled(style, title, subtitle, max(240, 120 + 24 * len(labels)))
    figure.add_bar(
        x=values,
        y=list(range(len(labels))),
        orientation="h",
        marker_color=[style.accent if v >= 0 else style.wrong for v in values],
        hovertemplate="%{x:.4g}<extra></extra>",
    )
    figure.update_xaxes(title_text=axis, zeroline=True)
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False, **step_ticks(labels))
    figure.update_yaxes(tickfont={"color": style.ink})
    return figure

"""The loss over weights, as figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import colour_bar, titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.style import SEQUENTIAL, Style, counted, esc, number
from builder.inspect.landscape import Interpolation, Landscape

_STEEP = 20  # from this ratio of the greatest loss to the least on, heights are logarithms
_CONTOUR, _SURFACE = (0.0, 0.43), (0.56, 1.0)  # shares of the width


def landscape_figure(found: Landscape, style: Style) -> go.Figure:
    """The loss over the plane: lines of equal loss, and the same as a surface; a path of epochs lies on both."""
    what = style.say(
        f"{split_name(style, found.split)}, {counted(found.samples, 'sample')}; at the weights {number(found.centre)}",
        f"{split_name(style, found.split)}，{found.samples:,} 个样本；当前权重处为 {number(found.centre)}",
    )
    if found.plane == "path":
        kept = ", ".join(f"{epoch:g}" for epoch in found.epochs)
        what += style.say(f". Epochs kept: {kept}", f"。已保存的轮次：{kept}")
    title = style.say(
        f"Loss of {esc(found.optimizer)} around the weights", f"{esc(found.optimizer)} 的损失随权重的变化"
    )
    figure = titled(style, title, what, 540)
    finite = found.loss[np.isfinite(found.loss)]
    steep = bool(finite.size) and finite.min() > 0 and finite.max() / finite.min() > _STEEP
    heights = np.log10(found.loss) if steep else found.loss
    bar = colour_bar(style, style.say("loss", "损失")) | {"x": _CONTOUR[1] + 0.01, "xanchor": "left"}
    name = style.say("loss (log scale)", "损失（对数刻度）") if steep else style.say("loss", "损失")
    ticks = _log_ticks(heights) if steep else {}
    figure.add_contour(
        x=found.x, y=found.y, z=heights, customdata=found.loss, colorscale=SEQUENTIAL, ncontours=24,
        colorbar=bar | {"title": bar["title"] | {"text": name}} | ticks, line={"width": 0.8, "color": "rgba(255,255,255,0.45)"},
        contours={"coloring": "heatmap", "showlines": True}, hovertemplate="%{x:.3g}, %{y:.3g}<br>%{customdata:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_surface(
        x=found.x, y=found.y, z=heights, customdata=found.loss, colorscale=SEQUENTIAL, showscale=False,
        hovertemplate="%{x:.3g}, %{y:.3g}<br>%{customdata:.4g}<extra></extra>",
        contours={"z": {"show": True, "usecolormap": False, "color": "rgba(255,255,255,0.35)", "width": 1}},
    )  # fmt: skip
    _path(figure, found, heights, style)
    first, second = _axes(found, style)
    figure.update_xaxes(title_text=first, domain=_CONTOUR, showgrid=False)
    figure.update_yaxes(title_text=second, showgrid=False)
    axis = {"gridcolor": style.line, "color": style.muted, "showbackground": False, "tickfont": {"size": 10}}
    small = {"font": {"size": 12}}
    figure.update_scenes(
        domain={"x": list(_SURFACE), "y": [0, 1]}, camera={"eye": {"x": 1.35, "y": -1.45, "z": 0.95}}, aspectmode="cube",
        xaxis=axis | {"title": {"text": style.say("direction 1", "方向 1")} | small},
        yaxis=axis | {"title": {"text": style.say("direction 2", "方向 2")} | small},
        zaxis=axis | {"title": {"text": ""}} | ticks,  # the colour bar says what the height is
    )  # fmt: skip
    figure.update_layout(margin={"r": 8}, showlegend=False)
    return figure


def interpolation_figure(found: Interpolation, style: Style) -> go.Figure:
    """The losses of both splits along the line."""
    title = style.say(
        f"Loss of {esc(found.optimizer)} from the first weights to the trained ones",
        f"{esc(found.optimizer)} 的损失：从初始权重到训练后的权重",
    )
    counts = style.say(
        f"{counted(found.samples, 'training sample')}, {counted(found.held_out, 'validation sample')}",
        f"训练样本 {found.samples:,} 个，验证样本 {found.held_out:,} 个",
    )
    figure = titled(style, title, counts, 460)
    series = (("train", found.train, style.accent, "solid"), ("valid", found.valid, style.wrong, "dot"))
    for split, values, colour, dash in series:
        if np.isfinite(values).any():
            figure.add_scatter(
                x=found.place, y=values, name=split_name(style, split), mode="lines", line={"color": colour, "dash": dash},
                hovertemplate="%{x:.2f}<br>%{y:.4g}<extra></extra>",
            )  # fmt: skip
    marks = ((0, style.say("first weights", "初始权重")), (1, style.say("trained weights", "训练后的权重")))
    for place, name in marks:
        figure.add_vline(
            x=place, line={"color": style.muted, "dash": "dash", "width": 1},
            annotation={"text": name, "font": {"size": 11, "color": style.muted}}, annotation_position="top",
        )  # fmt: skip
    figure.update_xaxes(title_text=style.say("share of the way", "路径位置"))
    figure.update_yaxes(title_text=style.say("loss", "损失"))
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0.5, "xanchor": "center"})
    figure.update_layout(margin={"t": 96})
    return figure


def _axes(found: Landscape, style: Style) -> tuple[str, str]:
    if found.plane == "random":
        return style.say("random direction 1", "随机方向 1"), style.say("random direction 2", "随机方向 2")
    first, second = (
        style.say(f"direction {i} ({share:.0%} of the path)", f"主方向 {i}（占路径 {share:.0%}）")
        for i, share in enumerate(found.share, 1)
    )
    return first, second


def _path(figure: go.Figure, found: Landscape, heights: np.ndarray, style: Style) -> None:
    """The path on both pictures, or only the place of the weights."""
    here = {"symbol": "x-thin", "size": 11, "line": {"color": "#ffffff", "width": 2.5}}
    figure.add_scatter(
        x=[0.0],
        y=[0.0],
        mode="markers",
        marker=here,
        hovertemplate=style.say("the weights", "当前权重") + "<extra></extra>",
    )
    if not len(found.path):
        return
    x, y = found.path.T
    names = [style.say(f"epoch {epoch:g}", f"第 {epoch:g} 轮") for epoch in found.epochs]
    figure.add_scatter(
        x=x, y=y, mode="lines+markers", text=names, hovertemplate="%{text}<extra></extra>",
        line={"color": "#ffffff", "width": 1.5}, marker={"size": 6, "color": "#ffffff", "line": {"color": "#22262e", "width": 1}},
    )  # fmt: skip
    ends = [0, len(x) - 1]
    figure.add_scatter(
        x=x[ends], y=y[ends], mode="text", text=[names[i] for i in ends], textposition="top right",
        textfont={"color": "#ffffff", "size": 11}, hoverinfo="skip",
    )  # fmt: skip
    lifted = np.array([_height(found, heights, a, b) for a, b in found.path])
    lift = 0.01 * float(np.nanmax(heights) - np.nanmin(heights))
    figure.add_scatter3d(
        x=x, y=y, z=lifted + lift, mode="lines+markers", text=names, hovertemplate="%{text}<extra></extra>",
        line={"color": style.wrong, "width": 5}, marker={"size": 3, "color": style.wrong},
    )  # fmt: skip


def _height(found: Landscape, heights: np.ndarray, a: float, b: float) -> float:
    """The height of the surface above a point, between the four points of the grid around it."""
    column = int(np.clip(np.searchsorted(found.x, a) - 1, 0, len(found.x) - 2))
    row = int(np.clip(np.searchsorted(found.y, b) - 1, 0, len(found.y) - 2))
    right = (a - found.x[column]) / (found.x[column + 1] - found.x[column])
    up = (b - found.y[row]) / (found.y[row + 1] - found.y[row])
    low = heights[row, column] * (1 - right) + heights[row, column + 1] * right
    high = heights[row + 1, column] * (1 - right) + heights[row + 1, column + 1] * right
    return float(low * (1 - up) + high * up)


def _log_ticks(heights: np.ndarray) -> dict[str, Any]:
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights[np.isfinite(heights)]))
    steps = (1.0,) if high - low > 4 else (1.0, 2.0, 5.0)
    values = [s * 10.0**p for p in range(int(np.floor(low)), int(np.ceil(high)) + 1) for s in steps]
    values = [value for value in values if low <= np.log10(value) <= high]
    return {
        "tickmode": "array",
        "tickvals": [float(np.log10(v)) for v in values],
        "ticktext": [f"{v:g}" for v in values],
    }

"""The error on parts of a split."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import step_ticks, titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.style import Style, number, short
from builder.inspect.labels import visible
from builder.inspect.slices import Slices

_SHOWN = 40  # parts


def slices_figure(found: Slices, style: Style, order: str = "error") -> go.Figure:
    """Each part's error with its interval, beside that of the whole.

    Args:
        order: ``error`` (the worst first), ``count`` (the largest first) or ``name``.
    """
    places = list(range(len(found.names)))
    if order == "count":
        places.sort(key=lambda i: -found.count[i])
    elif order == "name":
        places.sort(key=lambda i: (found.names[i], found.low[i]))
    places = places[:_SHOWN]
    what = {"truth": ("true class", "真实类别"), "predicted": ("predicted class", "预测类别"), "features": ("quarters of each feature", "各特征的四分段")}[found.by]  # fmt: skip
    subtitle = style.say(
        f"{split_name(style, found.split)}, by {what[0]}; {len(places)} of {len(found.names)} parts",
        f"{split_name(style, found.split)}，按{what[1]}；{len(found.names)} 个部分中的 {len(places)} 个",
    )
    figure = titled(style, style.say("Error by slice", "分片误差"), subtitle, max(280, 170 + 24 * len(places)))
    error, lowest, highest = found.error[places], found.lowest[places], found.highest[places]
    worse = lowest > found.whole_error
    whole = f"{found.whole_error:.1%}" if found.by_class else number(found.whole_error)
    figure.add_scatter(
        x=error, y=list(range(len(places))), mode="markers",
        marker={"size": 9, "color": [style.wrong if w else style.accent for w in worse]},
        error_x={"type": "data", "array": highest - error, "arrayminus": error - lowest, "color": style.muted, "thickness": 1, "width": 3},
        customdata=np.stack((found.count[places], found.loss[places], lowest, highest), -1), showlegend=False,
        hovertemplate="%{x:.4g} (%{customdata[2]:.3g}–%{customdata[3]:.3g})<br>" + style.say("items", "项数") + " %{customdata[0]:.0f}<br>"
        + style.say("loss", "损失") + " %{customdata[1]:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(
        x=found.whole_error, line={"color": style.muted, "dash": "dash", "width": 1},
        annotation={"text": style.say("whole ", "整体 ") + whole, "font": {"size": 11, "color": style.muted}},
        annotation_position="top",
    )  # fmt: skip
    figure.update_layout(margin_t=88)  # the line's name stands above the axes, below the subtitle
    unit = (
        style.say("share of wrong answers", "错误比例")
        if found.by_class
        else style.say("mean squared error", "均方误差")
    )
    figure.update_xaxes(title_text=unit, rangemode="tozero", tickformat=".0%" if found.by_class else None)
    figure.update_yaxes(range=[len(places) - 0.5, -0.5], **step_ticks([_label(found, i) for i in places], _SHOWN))
    return figure


def _label(found: Slices, index: int) -> str:
    name = short(visible(found.names[index]), 22)
    if found.by == "features":
        name += f" {number(found.low[index])}–{number(found.high[index])}"
    return f"{name} ({found.count[index]})"

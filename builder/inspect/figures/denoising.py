"""The way of a diffusion sampler as a figure."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.denoising import Denoising
from builder.inspect.figures.canvas import titled
from builder.inspect.figures.sheet import Sheet, add_sheet
from builder.inspect.figures.style import Style, esc

_CURVES = 170  # pixels of height


def denoising_figure(found: Denoising, style: Style) -> go.Figure:
    """For each image the states and, below, what the network expects; then how fast the expected image settles."""
    steps, noise = found.steps[found.shown], found.noise[found.shown]
    state, expected = style.say("state", "状态"), style.say("expected", "预测")
    images: list[list[np.ndarray | None]] = []
    rows: list[str] = []
    for states, answers, result in zip(found.states, found.expected, found.images, strict=True):
        images += [[*states, None], [*answers, result]]
        rows += [state, expected]
    heads = [f"{step + 1}" for step in steps]
    result = style.say("result", "结果")
    at = [style.say(f"step {h}, {share:.0%} noise", f"第 {h} 步，噪声 {share:.0%}") for h, share in zip(heads, noise, strict=True)]  # fmt: skip
    hover = [[*(f"{row}, {text}" for text in at), result] for row in rows]
    gaps = range(1, len(rows), 2)
    sheet = Sheet(images, rows, [*heads, result], hover, row_gaps=gaps, column_gaps={len(heads) - 1}, scale=0.85)
    height = 130 + sheet.height + 70 + _CURVES
    title = style.say(f"From noise to image at {esc(found.node)}", f"{esc(found.node)} 从噪声到图像")
    subtitle = style.say(
        f"{len(found.steps)} steps, noise number {found.seed}; below each state the image that the network expects",
        f"共 {len(found.steps)} 步，噪声编号 {found.seed}；每个状态下方是网络此时预测的图像",
    )
    figure = titled(style, title, subtitle, height)
    add_sheet(figure, style, sheet)
    inner = height - 68 - 48  # without the margins
    figure.update_layout(yaxis={"domain": [1 - (sheet.height + 6) / inner, 1], "tickfont": {"color": style.ink}})
    figure.update_xaxes(title_text=style.say("step", "步"))
    places = found.steps + 1
    for values, name, colour in (
        (
            found.change,
            style.say("distance of the expected image from the result", "预测图像与结果的距离"),
            style.accent,
        ),
        (found.noise, style.say("share of noise in the state", "状态中的噪声占比"), style.muted),
    ):
        figure.add_scatter(
            x=places, y=values, mode="lines+markers", name=name, line={"color": colour, "width": 2}, marker={"size": 4},
            xaxis="x2", yaxis="y2", hovertemplate="%{x}: %{y:.3g}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis2={"anchor": "y2", "autorange": "reversed", "title": {"text": style.say("step", "步")}},
        yaxis2={"anchor": "x2", "domain": [0, _CURVES / inner], "rangemode": "tozero"},
        legend={"orientation": "h", "x": 0, "y": (_CURVES + 4) / inner, "yanchor": "bottom"},
    )
    return figure

"""How the nodes of a run have fared, as figures."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from builder.inspect.figures.canvas import colour_bar, limits, step_ticks, titled
from builder.inspect.figures.style import SEQUENTIAL, Style, counted, esc, number, short
from builder.inspect.health import Histograms, Mark, Vitals
from builder.train.health import Figure

NAMES: dict[Figure, tuple[str, str]] = {
    "dead": ("share of dead units", "失活单元比例"),
    "gradient": ("gradient norm", "梯度范数"),
    "update": ("update / weights", "更新量与权重之比"),
    "rms": ("root mean square of the output", "输出的均方根"),
    "std": ("standard deviation of the output", "输出的标准差"),
    "mean": ("mean of the output", "输出的均值"),
}
_LINEAR = ("dead", "mean")
_OVERLAP = 3.2  # rows that the highest histogram covers


def health_figure(found: Vitals, style: Style) -> go.Figure:
    """Rows are nodes, columns moments; a dot marks what is ill."""
    subtitle = style.say(
        f"{counted(len(found.nodes), 'node')} at {counted(len(found.epochs), 'moment')}, to epoch {found.epochs[-1]:g}",
        f"{len(found.nodes)} 个节点，{len(found.epochs)} 个时刻，至第 {found.epochs[-1]:g} 轮",
    )
    name = style.say(*NAMES[found.figure])
    figure = titled(style, name[:1].upper() + name[1:], subtitle, 150 + 20 * max(len(found.nodes), 8))
    moments = [number(epoch) for epoch in found.epochs]
    figure.add_heatmap(
        z=_shown(found), **_scale(found, style), xgap=0.5, ygap=1, hoverongaps=False,
        text=[[_hover(found, style, row, column) for column in range(len(moments))] for row in range(len(found.nodes))],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    if found.marks:
        figure.add_scatter(
            x=[m.column for m in found.marks], y=[m.row for m in found.marks], mode="markers", showlegend=False,
            text=[f"{_hover(found, style, m.row, m.column)}<br>{_said(m, style)}" for m in found.marks],
            hovertemplate="%{text}<extra></extra>",
            marker={"symbol": "circle", "size": 8, "color": style.wrong, "line": {"width": 1.5, "color": style.paper}},
        )  # fmt: skip
    figure.update_xaxes(title_text=style.say("epoch", "轮"), showgrid=False, **step_ticks(moments, 16))
    figure.update_yaxes(autorange="reversed", showgrid=False, **step_ticks([short(n, 34) for n in found.nodes], 200))
    return figure


def _shown(found: Vitals) -> np.ndarray:
    if found.figure in _LINEAR:
        return found.values
    least = found.values[found.values > 0].min(initial=1.0)
    return np.log10(np.maximum(found.values, least))  # 0 has no logarithm: it is shown as the least


def _scale(found: Vitals, style: Style) -> dict[str, object]:
    bar = colour_bar(style, style.say(*NAMES[found.figure]))
    values = _shown(found)
    if found.figure == "dead":
        return {"zmin": 0, "zmax": 1, "colorscale": SEQUENTIAL, "colorbar": bar | {"tickformat": ".0%"}}
    low, high, both = limits(values, None if found.figure == "mean" else False)
    if found.figure == "mean":
        return {"zmin": low, "zmax": high, "colorscale": style.diverging if both else SEQUENTIAL, "colorbar": bar}
    powers = list(range(math.floor(low), math.ceil(high) + 1))
    powers = powers[:: max(1, len(powers) // 8)]
    bar |= {"tickmode": "array", "tickvals": powers, "ticktext": [f"{10.0**p:g}" for p in powers]}
    return {"zmin": low, "zmax": high, "colorscale": SEQUENTIAL, "colorbar": bar}


def _hover(found: Vitals, style: Style, row: int, column: int) -> str:
    value = found.values[row, column]
    shown = f"{value:.1%}" if found.figure == "dead" else f"{value:.3g}"
    return f"{esc(found.nodes[row])}<br>{style.say('epoch', '轮')} {found.epochs[column]:g}<br>{shown}"


def _said(mark: Mark, style: Style) -> str:
    lines = textwrap.wrap(style.say(mark.en, mark.zh), 30 if style.language == "zh" else 60)
    return "<br>".join(map(esc, lines))


def histograms_figure(found: Histograms, style: Style) -> go.Figure:
    """One histogram a moment, the latest in front."""
    names = {"weights": ("Weights", "权重"), "gradients": ("Gradients", "梯度")}
    title = f"{style.say(*names[found.of])} · {esc(found.node)}"
    subtitle = style.say("share of the values in each bin; the latest is in front", "各区间的取值占比，最新的在最前")
    count = len(found.epochs)
    figure = titled(style, title, subtitle, 220 + 16 * max(count, 12))
    middles = (found.edges[:-1] + found.edges[1:]) / 2
    x = np.concatenate([middles[:1], middles, middles[-1:]])
    top = float(found.shares.max()) or 1.0
    ends = [style.quiet, style.accent]
    colours: list[str] = sample_colorscale(ends, [(i + 1) / count for i in range(count)])  # type: ignore[assignment]
    for row in range(count):
        height = np.concatenate([[0.0], found.shares[row], [0.0]]) / top * _OVERLAP
        figure.add_scatter(
            x=x, y=count - 1 - row + height, mode="lines", fill="toself", fillcolor=_veiled(colours[row]), showlegend=False,
            line={"color": colours[row], "width": 1}, hoveron="points", name="",
            text=[f"{style.say('epoch', '轮')} {found.epochs[row]:g}<br>{number(v)}<br>{s:.2%}"
                  for v, s in zip(x, np.concatenate([[0.0], found.shares[row], [0.0]]))],
            hovertemplate="%{text}",
        )  # fmt: skip
    labels = [number(epoch) for epoch in found.epochs[::-1]]
    figure.update_yaxes(title_text=style.say("epoch", "轮"), showgrid=False, **step_ticks(labels, 16))
    value = {"weights": ("weight", "权重"), "gradients": ("gradient", "梯度")}[found.of]
    figure.update_xaxes(title_text=style.say(*value), showgrid=True, zeroline=True)
    figure.update_layout(hovermode="closest")
    return figure


def _veiled(colour: str) -> str:
    """A colour ``rgb(...)`` through which what lies behind can be guessed."""
    return colour.replace("rgb(", "rgba(").replace(")", ", 0.88)") if colour.startswith("rgb(") else colour

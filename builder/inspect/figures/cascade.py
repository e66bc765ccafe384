"""Maps of a model whose layers become random one after the other, as a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect.cascade import Cascade
from builder.inspect.figures.canvas import WIDTH, colours, tile, titled
from builder.inspect.figures.style import Style, esc, short

_ROOM, _GAP, _CURVE = 260, 24, 190  # pixels of height: of the maps at most, between, and of the curves


def cascade_figure(found: Cascade, style: Style, method: str) -> go.Figure:
    """Above the map of each stage, on a scale of its own; below, how alike it is to that of the trained model."""
    own = found.attribution
    title = style.say(f"{method} while layers become random", f"逐层随机化时的{method}")
    subtitle = style.say(
        f'for "{short(own.answer)}"; from the left: as trained, then random from the answer down to the layer that is named',
        f"针对“{short(own.answer)}”；自左起：训练后的模型，随后从答案向下随机化至所标的层",
    )
    maps = np.stack([own.map, *found.maps])
    maps = maps / np.maximum(np.abs(maps).reshape(len(maps), -1).max(1), 1e-12).reshape(-1, *[1] * (maps.ndim - 1))
    above = _ROOM if maps.ndim < 3 else round(min(_ROOM, WIDTH * maps.shape[1] / (len(maps) * maps.shape[2])))
    figure = titled(style, title, subtitle, above + _GAP + _CURVE + 180)
    _add_maps(figure, style, maps, own.signed)
    stages = list(range(len(maps)))
    curves = [
        (style.say("rank correlation", "秩相关"), found.correlation, style.accent, "solid"),
        (style.say("of magnitudes", "绝对值的秩相关"), found.magnitude, style.wrong, "dash"),
        (style.say("structural similarity", "结构相似性"), found.similarity, style.muted, "dot"),
    ]
    for name, values, colour, dash in curves:
        if len(values) and not (values is found.magnitude and not own.signed):
            figure.add_scatter(
                x=stages, y=[1.0, *values], name=name, mode="lines+markers", line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 7}, hovertemplate="%{y:.3f}<extra>" + name + "</extra>", xaxis="x2", yaxis="y2",
            )  # fmt: skip
    labels = [style.say("trained", "训练后"), *(esc(_tail(path)) for path in found.layers)]
    hovers = [f"{esc(path)} ({count}/{found.total})" for path, count in zip(found.layers, found.counts, strict=True)]
    figure.add_scatter(
        x=stages[1:], y=[0.0] * len(hovers), mode="markers", marker={"opacity": 0, "size": 18}, text=hovers,
        hovertemplate="%{text}<extra></extra>", showlegend=False, xaxis="x2", yaxis="y2",
    )  # fmt: skip
    low = min(0.0, *found.correlation, *found.magnitude, *found.similarity)
    figure.update_layout(
        xaxis2={
            "anchor": "y2", "tickmode": "array", "tickvals": stages, "ticktext": labels, "tickangle": -30, "showgrid": False,
            "range": [-0.5, len(stages) - 0.5],
        },
        yaxis={"domain": [(_CURVE + _GAP) / (above + _GAP + _CURVE), 1]},
        yaxis2={"domain": [0, _CURVE / (above + _GAP + _CURVE)], "anchor": "x2", "range": [low - 0.05, 1.05], "title": {"text": style.say("likeness", "相似程度")}},
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0, "xanchor": "left"},
        margin={"b": 110},
    )  # fmt: skip
    return figure


def _tail(path: str, most: int = 14) -> str:
    """The end of a path."""
    return path if len(path) <= most else "…" + path[-most:]


def _add_maps(figure: go.Figure, style: Style, maps: np.ndarray, signed: bool) -> None:
    """The maps side by side, each above its stage; those of a text, a series or a table are columns."""
    if maps.ndim == 3:
        tiles = tile(maps, columns=len(maps))
        height, width = tiles.canvas.shape
        step = tiles.corners[1, 0]
        figure.add_heatmap(z=tiles.canvas, **_plain(style, tiles.canvas, signed))
        edge = (len(maps) * step - width) / 2
        figure.update_xaxes(range=[-edge - 0.5, width + edge - 0.5])
        figure.update_yaxes(range=[height - 0.5, -0.5])
    else:
        columns = maps.reshape(len(maps), -1).T
        figure.add_heatmap(z=columns, xgap=4, **_plain(style, columns, signed))
        figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)


def _plain(style: Style, values: np.ndarray, signed: bool) -> dict[str, Any]:
    return colours(style, values, "", signed) | {
        "colorbar": None, "showscale": False, "hoverinfo": "skip", "hoverongaps": False
    }  # fmt: skip

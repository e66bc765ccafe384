"""Maps of a model whose layers become random one after the other, as a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attribution import Attribution
from builder.inspect.cascade import Cascade
from builder.inspect.figures.canvas import colours, step_ticks, tile, titled
from builder.inspect.figures.style import Style, esc, short

_WIDE = 900  # pixels that the maps of a row share
_ROOM, _GAP, _CURVE = 260, 24, 190  # pixels of height: of images at most, between, and of the curves
_ROW, _MOST, _NODES = 18, 480, 20  # of a token or feature; of all of them at most; nodes of a graph that are drawn


def cascade_figure(found: Cascade, style: Style, method: str) -> go.Figure:
    """Above the map of each stage, on a scale of its own; below, how alike it is to that of the trained model."""
    own = found.attribution
    title = style.say(f"{method} while layers become random", f"逐层随机化时的{method}")
    subtitle = style.say(
        f'for "{short(own.answer)}"; from the left: as trained, then random from the answer down to the layer that is named; '
        "each map on a scale of its own",
        f"针对“{short(own.answer)}”；自左起：训练后的模型，随后从答案向下随机化至所标的层；各图色标独立",
    )
    maps, names = _shown(own, np.stack([own.map, *found.maps]), style)
    maps = maps / np.maximum(np.abs(maps).reshape(len(maps), -1).max(1), 1e-12).reshape(-1, *[1] * (maps.ndim - 1))
    if own.shape == "image":
        above = round(min(_ROOM, _WIDE * maps.shape[1] / (1.1 * len(maps) * maps.shape[2])))
    else:
        above = min(_MOST, max(80, _ROW * len(names))) if names else _ROOM
    labels = [style.say("trained", "训练后"), *(esc(_tail(path)) for path in found.layers)]
    level = max(map(len, labels)) * 7 < _WIDE / len(labels)
    below = 70 if level else 110
    figure = titled(style, title, subtitle, above + _GAP + _CURVE + 70 + below)
    stages = _add_maps(figure, style, maps, names, own)
    curves = [
        (style.say("rank correlation", "秩相关"), found.correlation, style.accent, "solid"),
        (style.say("of magnitudes", "绝对值的秩相关"), found.magnitude, style.wrong, "dash"),
        (style.say("structural similarity", "结构相似性"), found.similarity, style.muted, "dot"),
    ]
    for name, values, colour, dash in curves:
        if len(values) and not (values is found.magnitude and not own.signed):
            figure.add_scatter(
                x=stages, y=[1.0, *values], name=name, mode="lines+markers", line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 7}, hovertemplate="%{y:.3f}<extra>" + name + "</extra>", yaxis="y2",
            )  # fmt: skip
    hovers = [f"{esc(path)} ({count}/{found.total})" for path, count in zip(found.layers, found.counts, strict=True)]
    figure.add_scatter(
        x=stages[1:], y=[0.0] * len(hovers), mode="markers", marker={"opacity": 0, "size": 18}, text=hovers,
        hovertemplate="%{text}<extra></extra>", showlegend=False, yaxis="y2",
    )  # fmt: skip
    low = np.nanmin([0.0, *found.correlation, *found.magnitude, *found.similarity])
    figure.update_layout(
        xaxis={
            "anchor": "y2", "tickmode": "array", "tickvals": stages, "ticktext": labels, "tickangle": 0 if level else -30,
            "showgrid": False,
        },
        yaxis={"domain": [(_CURVE + _GAP) / (above + _GAP + _CURVE), 1]},
        yaxis2={"domain": [0, _CURVE / (above + _GAP + _CURVE)], "anchor": "x", "range": [low - 0.05, 1.05], "title": {"text": style.say("likeness", "相似程度")}},
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0, "xanchor": "left"},
        margin={"b": below},
    )  # fmt: skip
    return figure


def _tail(path: str, most: int = 14) -> str:
    """The end of a path."""
    return path if len(path) <= most else "…" + path[-most:]


def _shown(own: Attribution, maps: np.ndarray, style: Style) -> tuple[np.ndarray, list[str]]:
    """What is drawn of the maps (S, *), and the names of the rows: no padding, of a graph the nodes that count most."""
    if own.shape == "tokens" and own.steps is not None:
        return maps[:, : own.steps.real], [short(name, 14) for name in own.steps.names[: own.steps.real]]
    if own.shape == "table":
        return maps, [short(name, 20) for name in own.names]
    if own.shape == "nodes":
        order = np.argsort(-np.abs(own.map), kind="stable")[:_NODES]
        return maps[:, order], [style.say(f"node {i}", f"节点 {i}") for i in order]
    return maps, []


def _add_maps(figure: go.Figure, style: Style, maps: np.ndarray, names: list[str], own: Attribution) -> list[float]:
    """The maps side by side, each above its stage, and where these are; those of a text or a table are columns."""
    if maps.ndim == 2:
        figure.add_heatmap(z=maps.T, xgap=4, ygap=1, **_plain(style, maps, own.signed))
        figure.update_xaxes(range=[-0.5, len(maps) - 0.5])
        figure.update_yaxes(range=[maps.shape[1] - 0.5, -0.5], showgrid=False, **step_ticks(names, _MOST // 12))
        return list(range(len(maps)))
    tiles = tile(maps, columns=len(maps))
    height, width = tiles.canvas.shape
    figure.add_heatmap(z=tiles.canvas, **_plain(style, tiles.canvas, own.signed))
    figure.update_xaxes(range=[-0.5, width - 0.5])
    figure.update_yaxes(range=[height - 0.5, -0.5], visible=False)
    if own.shape == "image":
        figure.update_xaxes(constrain="domain")
        figure.update_yaxes(scaleanchor="x", constrain="domain")
    across = (width - tiles.corners[-1, 0] - 1) / 2
    return (tiles.corners[:, 0] + across).tolist()


def _plain(style: Style, values: np.ndarray, signed: bool) -> dict[str, Any]:
    return colours(style, values, "", signed) | {
        "colorbar": None, "showscale": False, "hoverinfo": "skip", "hoverongaps": False
    }  # fmt: skip

"""All heads of all nodes with attention: their maps, and what they amount to over depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.attention_statistics import HeadStatistics
from builder.inspect.figures.canvas import colours, pixel_axes, tile, titled
from builder.inspect.figures.style import Style, short

_CELLS = 40_000
_FINEST, _COARSEST = 64, 12  # cells at a map's side
_TOP = 0.99  # quantile where the colours of a map of its own end
_TILE = 190  # pixels of a map at most


def overview_figure(layers: Sequence[Attention], style: Style, each: bool) -> go.Figure:
    """A row for each node, a column for each head.

    Args:
        each: scales the colours to the strongest hundredth of each map: a first token can only look at itself.
    """
    heads = max(len(layer.weights) for layer in layers)
    side = int(np.clip(np.sqrt(_CELLS / (heads * len(layers))), _COARSEST, _FINEST))
    side = min(side, max(max(layer.weights.shape[1:]) for layer in layers))
    maps = np.full((len(layers), heads, side, side), np.nan, dtype=np.float32)
    for row, layer in enumerate(layers):
        maps[row, : len(layer.weights)] = fitted(fitted(layer.weights, side, 1), side, 2)
    if each:
        drawn = np.nan_to_num(maps)
        maps = np.minimum(maps / np.maximum(np.quantile(drawn, _TOP, (2, 3), keepdims=True), 1e-12), 1)
    tiles = tile(maps.reshape(-1, side, side), columns=heads)
    places = np.stack((tiles.which[..., 0] // heads, tiles.which[..., 0] % heads), -1)
    figure = titled(
        style,
        style.say("Attention of all heads", "所有头的注意力"),
        style.say(
            "rows: nodes by depth; in a map, queries downwards and keys to the right. Click a map to see it large.",
            "每行一个节点，由浅到深；图内自上而下为查询，自左而右为键。点击小图可放大。",
        ),
        int(min(1600, 130 + min(_TILE, 760 / heads) * len(layers))),
    )
    bar = (
        style.say("relative to the map's strongest", "相对该图最强处")
        if each
        else style.say("attention weight", "注意力权重")
    )
    head = style.say("head", "头")
    figure.add_heatmap(
        z=tiles.canvas,
        customdata=places,
        hovertemplate=f"{head} %{{customdata[1]}}<br>%{{z:.3f}}<extra></extra>",
        hoverongaps=False,
        **colours(style, tiles.canvas, bar, signed=False),
    )
    pixel_axes(figure, tiles.canvas.shape[1], tiles.canvas.shape[0], ("", ""))
    middle = (tiles.canvas.shape[1] - tiles.corners[:, 0].max() - 1) / 2  # of a map: the last one ends at the edge
    figure.update_xaxes(
        side="top", tickmode="array", tickvals=tiles.corners[:heads, 0] + middle,
        ticktext=[f"{head} {i}" if heads <= 8 else str(i) for i in range(heads)],
    )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=tiles.corners[::heads, 1] + middle, ticktext=[short(a.node, 26) for a in layers]
    )
    figure.update_layout(margin={"t": 96})
    return figure


def fitted(maps: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Maps with ``size`` cells along an axis: neighbours averaged where there are more, repeated where there are fewer."""
    count = maps.shape[axis]
    if count <= size:
        return np.take(maps, np.arange(size) * count // size, axis)
    starts = np.arange(size) * count // size
    widths = np.diff(np.append(starts, count))
    return np.add.reduceat(maps, starts, axis) / np.expand_dims(widths, tuple(i for i in range(maps.ndim) if i != axis))


def head_statistics_figure(found: HeadStatistics, style: Style) -> go.Figure:
    """Entropy over depth, and, where there is self-attention, distance over depth; a colour for each head."""
    far = not np.isnan(found.distance).all()
    subtitle = style.say(
        "this sample" if found.samples == 1 else f"mean of {found.samples} samples",
        "当前样本" if found.samples == 1 else f"{found.samples} 个样本的平均",
    )
    figure = titled(style, style.say("Heads in numbers, over depth", "各层各头的统计"), subtitle, 460)
    figure.set_subplots(1, 1 + far, horizontal_spacing=0.11)
    _over_depth(figure, style, found.entropy, 1)
    places = np.arange(len(found.nodes))
    figure.add_scatter(
        x=places, y=found.uniform, mode="markers", name=style.say("evenly spread", "均匀分布"), row=1, col=1,
        marker={"symbol": "line-ew-open", "size": 26, "color": style.muted, "line": {"width": 2}},
        hovertemplate=style.say("evenly spread", "均匀分布") + " %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(title_text=style.say("entropy (nats)", "熵（nat）"), rangemode="tozero", row=1, col=1)
    if far:
        _over_depth(figure, style, found.distance, 2)
        known = found.patches[~np.isnan(found.distance).all(1)]
        unit = (
            style.say("patches", "小块") if known.all()
            else style.say("steps or patches", "步或小块") if known.any() else style.say("steps", "步")
        )  # fmt: skip
        figure.update_yaxes(
            title_text=style.say(f"mean distance ({unit})", f"平均距离（{unit}）"), rangemode="tozero", row=1, col=2
        )
    figure.update_xaxes(
        range=[-0.5, len(found.nodes) - 0.5], tickmode="array", tickvals=places, tickangle=-30, showgrid=False,
        ticktext=[short(node, 24) for node in found.nodes],
    )  # fmt: skip
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"})
    return figure


def _over_depth(figure: go.Figure, style: Style, values: np.ndarray, column: int) -> None:
    """The heads of each node as points side by side."""
    nodes, heads = values.shape
    word = style.say("head", "头")
    for head in range(heads):
        aside = (head - (heads - 1) / 2) * min(0.08, 0.6 / heads)
        figure.add_scatter(
            x=np.arange(nodes) + aside, y=values[:, head], mode="markers", name=f"{word} {head}",
            legendgroup=str(head), showlegend=column == 1 and heads <= 8, row=1, col=column,
            marker={"size": 9, "color": style.classes[head % len(style.classes)]},
            hovertemplate=f"{word} {head}: %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    if nodes > 1:
        means = [float(np.nanmean(row)) if not np.isnan(row).all() else None for row in values]
        figure.add_scatter(
            x=list(range(nodes)), y=means, mode="lines", name=style.say("mean", "平均"), legendgroup="mean",
            showlegend=column == 1, line={"color": style.muted, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
            row=1, col=column,
        )  # fmt: skip

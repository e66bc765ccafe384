"""Attention maps as figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.figures.canvas import caption_tiles, colours, pixel_axes, step_ticks, tile, titled
from builder.inspect.figures.style import MONO, Style, esc, short

_ROOMY = 20  # steps up to which their names are large
_NAMED = 10_000  # cells up to which each says its words


def attention_heads(attention: Attention, style: Style) -> go.Figure:
    """All heads side by side, with one colour scale."""
    count = len(attention.weights)
    columns = min(count, 4 if count > 3 else count)
    tiles = tile(attention.weights, columns=columns, header=True)
    rows = math.ceil(count / columns)
    figure = titled(
        style, attention_title(attention, style), _axes_in_words(style), int(min(900, 110 + 760 / columns * rows))
    )
    names = style.say("head", "头"), style.say("query", "查询"), style.say("key", "键")
    figure.add_heatmap(
        z=tiles.canvas,
        customdata=tiles.which,
        hovertemplate=f"{names[0]} %{{customdata[0]}}, {names[1]} %{{customdata[1]}}, {names[2]} %{{customdata[2]}}"
        "<br>%{z:.3f}<extra></extra>",
        hoverongaps=False,
        **colours(style, tiles.canvas, style.say("attention weight", "注意力权重"), signed=False),
    )
    caption_tiles(figure, style, tiles, [f"{names[0]} {i}" for i in range(count)])
    pixel_axes(figure, tiles.canvas.shape[1], tiles.canvas.shape[0])
    return figure


def attention_matrix(attention: Attention, style: Style, head: int | None) -> go.Figure:
    """One head large, with the words or patches at both axes; the mean of all heads where ``head`` is None."""
    weights = attention.weights.mean(0) if head is None else attention.weights[head]
    name = head_name(style, head) if len(attention.weights) > 1 else _axes_in_words(style)
    figure = titled(style, attention_title(attention, style), name)
    queries, keys = attention.queries.names, attention.keys.names
    add_matrix(figure, style, weights, queries, keys, style.say("attention weight", "注意力权重"))
    return figure


def head_name(style: Style, head: int | None) -> str:
    """A head in words; the mean of all of them where None."""
    return style.say("mean of all heads", "所有头的平均") if head is None else style.say(f"head {head}", f"头 {head}")


def add_matrix(
    figure: go.Figure, style: Style, weights: np.ndarray, queries: Sequence[str], keys: Sequence[str], bar: str
) -> None:
    """Draws weights (T, S) with the names of queries and keys at the axes."""
    queries, keys = ([short(n, 14) for n in names] for names in (queries, keys))
    said = None
    if weights.size <= _NAMED:
        said = np.array([[f"{q} → {k}" for k in keys] for q in queries], dtype=object)
    figure.add_heatmap(
        z=weights,
        customdata=said,
        hovertemplate=("%{y} → %{x}" if said is None else "%{customdata}") + "<br>%{z:.3f}<extra></extra>",
        **colours(style, weights, bar, signed=False),
    )
    long = max(map(len, keys), default=1) > 2
    figure.update_xaxes(
        title_text=style.say("key: what is looked at", "键：被看的位置"),
        tickangle=-90 if long else 0,
        **step_ticks(keys),
    )
    figure.update_yaxes(
        title_text=style.say("query: who looks", "查询：在看的位置"), autorange="reversed", **step_ticks(queries)
    )
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(showgrid=False, tickfont={"family": MONO, "size": 10 if max(weights.shape) > _ROOMY else 13})
    figure.update_layout(height=int(np.clip(130 + 12 * len(weights), 620, 900)))


def attention_title(attention: Attention, style: Style) -> str:
    """Whose attention it is."""
    return style.say(f"Attention of {esc(attention.node)}", f"{esc(attention.node)} 的注意力")


def _axes_in_words(style: Style) -> str:
    return style.say(
        "rows: queries (who looks), columns: keys (what is looked at)", "行：查询（在看的位置），列：键（被看的位置）"
    )

"""Attention maps as figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.figures.canvas import (
    add_image,
    caption_tiles,
    colours,
    pixel_axes,
    step_ticks,
    tile,
    titled,
    veil,
)
from builder.inspect.figures.style import MONO, Style, esc, short

_NAMED = 10_000  # cells up to which each says its words


def attention_heads(attention: Attention, style: Style) -> go.Figure:
    """All heads side by side, with one colour scale."""
    attention = attention.trimmed()
    count = len(attention.weights)
    columns = min(count, 4 if count > 3 else count)
    tiles = tile(attention.weights, columns=columns, header=True)
    rows = math.ceil(count / columns)
    figure = titled(style, _title(attention, style), _axes_in_words(style), int(min(900, 110 + 760 / columns * rows)))
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
    attention = attention.trimmed()
    weights = attention.weights.mean(0) if head is None else attention.weights[head]
    name = style.say("mean of all heads", "所有头的平均") if head is None else style.say(f"head {head}", f"头 {head}")
    figure = titled(style, _title(attention, style), name, 620)
    queries, keys = ([short(n, 14) for n in s.names] for s in (attention.queries, attention.keys))
    named = weights.size <= _NAMED
    said = np.array([[f"{q} → {k}" for k in keys] for q in queries], dtype=object) if named else None
    figure.add_heatmap(
        z=weights,
        customdata=said,
        hovertemplate=("%{customdata}" if named else "%{y} → %{x}") + "<br>%{z:.3f}<extra></extra>",
        **colours(style, weights, style.say("attention weight", "注意力权重"), signed=False),
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
        update(showgrid=False, tickfont={"family": MONO, "size": 10})
    return figure


def attention_image(attention: Attention, style: Style, query: int, names: Sequence[str] = ()) -> go.Figure:
    """Where one query looks in the image: the image, then every head over it.

    Args:
        names: of the heads, where they are not simply numbered.
    """
    if attention.image is None or attention.keys.grid is None:
        raise ValueError(
            f"The keys must be patches of an image. Those of '{attention.node}' are {attention.keys.kind}."
        )
    looks = attention.over_image(query)
    (rows, columns), panels = attention.keys.grid, 1 + len(looks)
    captions = list(names) or [style.say(f"head {i}", f"头 {i}") for i in range(len(looks))]
    height, width = attention.image.shape[:2]
    per_row = min(panels, 5)
    gap, top = max(1, round(0.08 * width)), max(1, round(0.14 * height))
    corners = [(i % per_row * (width + gap), i // per_row * (height + gap + top) + top) for i in range(panels)]
    subtitle = style.say(
        f"where the token {esc(attention.queries.names[query])} looks",
        f"词元 {esc(attention.queries.names[query])} 所看之处",
    )
    lines = math.ceil(panels / per_row)
    figure = titled(
        style, _title(attention, style), subtitle, int(min(900, 120 + 780 / per_row * lines * height / width))
    )
    scale = colours(style, looks, style.say("attention weight", "注意力权重"), signed=False)
    add_image(figure, attention.image, *corners[0])
    for index, (x, y) in enumerate(corners[1:]):
        add_image(figure, veil(style, attention.image, looks[index], scale["zmin"], scale["zmax"]), x, y)
        step_x, step_y = width / columns, height / rows
        figure.add_heatmap(
            z=looks[index],
            x0=x + (step_x - 1) / 2,
            dx=step_x,
            y0=y + (step_y - 1) / 2,
            dy=step_y,
            opacity=0,  # the colours are in the image; this is for the words under the pointer and the colour bar
            hovertemplate=style.say(
                "patch row %{customdata[0]}, column %{customdata[1]}", "小块 行 %{customdata[0]}，列 %{customdata[1]}"
            )
            + "<br>%{z:.3f}<extra></extra>",
            customdata=np.moveaxis(np.indices((rows, columns)), 0, -1) + 1,
            showscale=index == 0,
            **scale,
        )
    figure.add_scatter(
        x=[x - 0.5 for x, _ in corners],
        y=[y - 0.5 for _, y in corners],
        mode="text",
        text=[style.say("image", "图像"), *captions],
        textposition="top right",
        textfont={"size": 11, "color": style.muted},
        hoverinfo="skip",
        showlegend=False,
    )
    pixel_axes(figure, per_row * (width + gap) - gap, lines * (height + gap + top) - gap)
    return figure


def _title(attention: Attention, style: Style) -> str:
    return style.say(f"Attention of {esc(attention.node)}", f"{esc(attention.node)} 的注意力")


def _axes_in_words(style: Style) -> str:
    return style.say(
        "rows: queries (who looks), columns: keys (what is looked at)", "行：查询（在看的位置），列：键（被看的位置）"
    )

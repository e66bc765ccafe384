"""Attention over the image whose patches it looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.figures.attention import attention_title
from builder.inspect.figures.canvas import add_image, colours, pixel_axes, titled, veil
from builder.inspect.figures.style import Style, esc
from builder.inspect.labels import Steps


def attention_image(attention: Attention, style: Style, query: int, names: Sequence[str] = ()) -> go.Figure:
    """Where one query looks in the image: the image, then every head over it.

    Args:
        names: of the heads, where they are not simply numbered.
    """
    if attention.image is None:
        raise ValueError(
            f"The keys must be patches of an image. Those of '{attention.node}' are {attention.keys.kind}."
        )
    looks = attention.over_image(query)
    token = esc(attention.queries.names[query])
    figure = titled(
        style,
        attention_title(attention, style),
        style.say(f"where the token {token} looks", f"词元 {token} 所看之处"),
    )
    captions = list(names) or [style.say(f"head {i}", f"头 {i}") for i in range(len(looks))]
    marked = query if attention.own else None
    bar = style.say("attention weight", "注意力权重")
    image_panels(figure, style, attention.image, looks, captions, bar, attention.keys, marked)
    return figure


def image_panels(
    figure: go.Figure,
    style: Style,
    image: np.ndarray,
    maps: np.ndarray,
    captions: Sequence[str],
    bar: str,
    steps: Steps,
    marked: int | None,
    most: float | None = None,
) -> None:
    """Draws an image and then maps over it, with one colour scale. A cell carries its row and column, from 1.

    Args:
        image: (H, W) or (H, W, 3).
        maps: (n, rows, columns) of patches.
        captions: of the maps.
        bar: what the colours stand for.
        steps: which of them are patches.
        marked: the number of a step whose patch is framed; of a learned token, nothing is.
        most: where the colours end, though single values are greater.
    """
    (rows, columns), panels = maps.shape[1:], 1 + len(maps)
    height, width = image.shape[:2]
    per_row = min(panels, 5)
    gap, top = max(1, round(0.08 * width)), max(1, round(0.14 * height))
    corners = [(i % per_row * (width + gap), i // per_row * (height + gap + top) + top) for i in range(panels)]
    lines = math.ceil(panels / per_row)
    figure.update_layout(height=int(min(900, 120 + 780 / per_row * lines * height / width)))
    scale = colours(style, maps if most is None else np.minimum(maps, most), bar, signed=False)
    step_x, step_y = width / columns, height / rows
    add_image(figure, image, *corners[0])
    for index, (x, y) in enumerate(corners[1:]):
        add_image(figure, veil(style, image, maps[index], scale["zmin"], scale["zmax"]), x, y)
        figure.add_heatmap(
            z=maps[index],
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
    if marked is not None and marked >= steps.extra:
        row, column = divmod(marked - steps.extra, columns)
        for x, y in corners:
            left, upper = x - 0.5 + column * step_x, y - 0.5 + row * step_y
            figure.add_shape(
                type="rect", x0=left, x1=left + step_x, y0=upper, y1=upper + step_y,
                line={"color": style.wrong, "width": 2},
            )  # fmt: skip
    figure.add_scatter(
        x=[x - 0.5 for x, _ in corners],
        y=[y - 0.5 for _, y in corners],
        mode="text",
        text=[style.say("image", "图像"), *captions],
        textposition="top right",
        textfont={"size": 11, "color": style.muted},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    pixel_axes(figure, per_row * (width + gap) - gap, lines * (height + gap + top) - gap)

"""Nearest samples as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import step_ticks, titled
from builder.inspect.figures.evaluation import image_grid, split_name
from builder.inspect.figures.style import Style, esc, number, short
from builder.inspect.neighbours import Neighbours
from builder.inspect.prediction import IGNORED


def neighbours_figure(
    found: Neighbours, style: Style, pictures: Sequence[np.ndarray] = (), texts: Sequence[str] = ()
) -> go.Figure:
    """The nearest samples: as images, the sample itself first, or as bars of their distance.

    Args:
        pictures: of the sample itself and of each neighbour, where the data are images.
        texts: what each neighbour is, where the data are texts.
    """
    title = style.say(f"Nearest to the sample at {esc(found.node)}", f"{esc(found.node)} 处最相近的样本")
    metric = style.say(
        *{"cosine": ("cosine distance", "余弦距离"), "euclidean": ("Euclidean distance", "欧氏距离")}[found.metric]
    )
    parts = [split_name(style, found.split) + style.say(", ", "，") + f"{found.searched:,}", metric]
    if found.names and found.truth is not None and found.own is not None and len(found.truth):
        share = float((found.truth == found.own).mean())
        parts.append(style.say(f"{share:.0%} of the same class", f"{share:.0%} 为同一类别"))
    subtitle = style.say("; ", "；").join(parts)
    captions = [_caption(found, i, style) for i in range(len(found.items))]
    if len(pictures) == len(captions) + 1:
        own = style.say("the sample", "当前样本") + _value(found, found.own, style)
        return image_grid(pictures, [own, *captions], style, title, subtitle)
    labels = [f"{c}  {short(t, 60)}" if t else c for c, t in zip(captions, texts or [""] * len(captions), strict=True)]
    figure = titled(style, title, subtitle, max(260, 120 + 30 * len(labels)))
    same = [found.truth is None or found.own is None or v == found.own for v in (found.truth if found.truth is not None else found.items)]  # fmt: skip
    colours = [style.accent if ok or not found.names else style.quiet for ok in same]
    figure.add_bar(
        x=found.distance, y=list(range(len(labels))), orientation="h", marker_color=colours, customdata=found.items,
        hovertemplate="#%{customdata}<br>%{x:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=metric)
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False, **step_ticks(labels))
    figure.update_yaxes(tickfont={"color": style.ink})
    return figure


def _caption(found: Neighbours, index: int, style: Style) -> str:
    truth = None if found.truth is None else float(found.truth[index])
    return f"#{found.items[index]}{_value(found, truth, style)} · {number(float(found.distance[index]))}"


def _value(found: Neighbours, value: float | None, style: Style) -> str:
    if value is None or (found.names and value == IGNORED):
        return ""
    return f" {short(found.names[int(value)], 12)}" if found.names else f" {number(value)}"

"""What single units answer to, as figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.activating import Activating
from builder.inspect.figures.canvas import colours, step_ticks, titled
from builder.inspect.figures.evaluation import image_grid, split_name
from builder.inspect.figures.style import MONO, Style, esc, number, short


def activating_figure(
    found: Activating,
    style: Style,
    name: str,
    pictures: Sequence[np.ndarray] = (),
    texts: Sequence[str] = (),
    cut: bool = False,
) -> go.Figure:
    """The samples that a unit answers to most: as images, as steps around its place, or as bars.

    Args:
        name: of the unit.
        pictures: (H, W) or (H, W, 3) of each sample, where the data are images.
        texts: what each sample is, where the data are texts.
        cut: shows of images only what the unit sees.
    """
    title = style.say(f"Strongest samples of {name} of {esc(found.node)}", f"{esc(found.node)} 的{name}响应最强的样本")
    captions = [f"#{item} · {number(float(value))}" for item, value in zip(found.items, found.values, strict=True)]
    subtitle = _subtitle(found, style, cut)
    if pictures:
        height, width = pictures[0].shape[:2]
        inside = [np.clip(window, 0, [[height - 1], [width - 1]]) for window in found.windows]
        if cut and found.seen in ("field", "patch"):
            pictures = cut_out(pictures, found.windows)
            return image_grid(pictures, captions, style, title, subtitle, (), found.items.tolist())
        boxes = [box if not _covers(box, height, width) else None for box in inside]
        return image_grid(pictures, captions, style, title, subtitle, boxes, found.items.tolist())
    if found.around.shape[1]:
        return _around(found, style, title, subtitle, captions)
    labels = [f"{c}  {short(t, 60)}" if t else c for c, t in zip(captions, texts or [""] * len(captions), strict=True)]
    figure = titled(style, title, subtitle, max(260, 120 + 30 * len(labels)))
    figure.add_bar(
        x=found.values, y=list(range(len(labels))), orientation="h", marker_color=style.accent, customdata=found.items,
        hovertemplate="#%{customdata}<br>%{x:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title_text=style.say("activation", "激活值"))
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5], showgrid=False, **step_ticks(labels))
    figure.update_yaxes(tickfont={"color": style.ink})
    return figure


def cut_out(pictures: Sequence[np.ndarray], windows: np.ndarray) -> list[np.ndarray]:
    """The rows and columns (k, 2, 2) of each picture, with opacity: nothing stands where a window lies beyond the edges."""
    size = (windows[:, :, 1] - windows[:, :, 0] + 1).max(0)
    found = []
    for picture, (rows, columns) in zip(pictures, windows, strict=True):
        pixels = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture
        canvas = np.zeros((*size, 4))
        y, x = (np.arange(first, last + 1) for first, last in (rows, columns))
        y, x = y[(y >= 0) & (y < len(pixels))], x[(x >= 0) & (x < pixels.shape[1])]
        canvas[np.ix_(y - rows[0], x - columns[0], np.arange(3))] = pixels[np.ix_(y, x)]
        canvas[np.ix_(y - rows[0], x - columns[0], [3])] = 1
        found.append(canvas)
    return found


def _covers(box: np.ndarray, height: int, width: int) -> bool:
    return box.tolist() == [[0, height - 1], [0, width - 1]]


def _subtitle(found: Activating, style: Style, cut: bool) -> str:
    median, above = number(float(np.median(found.greatest))), f"{(found.greatest > 0).mean():.0%}"
    words = {
        "field": ("its receptive field", "感受野"),
        "patch": ("its patch", "对应图块"),
        "step": ("the step where it is greatest", "激活最大的一步"),
        "whole": ("", ""),
    }[found.seen]
    parts = [
        f"{split_name(style, found.split)} ({len(found.greatest):,})",
        style.say(f"median {median}", f"中位数 {median}"),
        style.say(f"above 0 on {above}", f"{above} 的样本大于 0"),
    ]
    if words[0]:
        parts.append(
            style.say(f"shown: {words[0]}", f"所示：{words[1]}")
            if cut
            else style.say(f"outlined: {words[0]}", f"框内：{words[1]}")
        )
    return style.say("; ", "；").join(parts)


def _around(found: Activating, style: Style, title: str, subtitle: str, captions: list[str]) -> go.Figure:
    """A row for each sample: the activation at the steps around its greatest one, and the words there."""
    count, width = found.around.shape
    middle = width // 2
    figure = titled(style, title, subtitle, 150 + 30 * count)
    offsets = list(range(-middle, width - middle))
    figure.add_heatmap(
        z=found.around, x=offsets, y=list(range(count)), xgap=2 if found.words else 0, ygap=3, hoverongaps=False,
        text=[[short(word, 10) for word in line] for line in found.words] if found.words else None,
        texttemplate="%{text}" if found.words else None, textfont={"family": MONO, "size": 12},
        customdata=[[int(item)] * width for item in found.items],
        hovertemplate=("%{text}<br>" if found.words else "") + "#%{customdata}<br>%{z:.4g}<extra></extra>",
        **colours(style, found.around, style.say("activation", "激活值")),
    )  # fmt: skip
    for row, (first, last) in enumerate(found.windows[:, 0] - found.places):
        left, right = max(first, -middle) - 0.5, min(last, width - middle - 1) + 0.5
        figure.add_shape(
            type="rect", x0=left, x1=right, y0=row - 0.5, y1=row + 0.5, line={"width": 2, "color": style.ink}
        )
    figure.update_xaxes(
        title_text=style.say("steps from the greatest activation", "与最大激活处相距的步数"), showgrid=False
    )
    figure.update_yaxes(range=[count - 0.5, -0.5], showgrid=False, **step_ticks(captions))
    return figure

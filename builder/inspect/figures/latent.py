"""Latent spaces as figures: images along axes, over two axes, between two codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import titled
from builder.inspect.figures.sheet import Sheet, add_sheet
from builder.inspect.figures.style import Style, esc, number
from builder.inspect.traversal import Interpolation, Traversal

_PATHS = {"linear": ("linear", "线性"), "spherical": ("spherical", "球面"), "pixels": ("pixels mixed", "像素混合")}


def traversal_figure(found: Traversal, style: Style, origin: str) -> go.Figure:
    """Images that differ from the framed one in an axis of the code, or in two.

    Args:
        origin: what the code in the middle is, in the language of the style.
    """
    middle = len(found.offsets) // 2
    offsets = [_signed(value) for value in found.offsets]
    lead = found.own is not None
    if found.by_rows:
        rows = [f"z<sub>{axis}</sub>" for axis in found.axes]
        marked = [(row, middle + lead) for row in range(len(rows))]
        hover = [[f"z<sub>{axis}</sub> {offset}" for offset in offsets] for axis in found.axes]
        what = style.say(f"the {len(rows)} of {found.size} axes that change the image most, strongest first", f"{found.size} 个轴中对图像影响最大的 {len(rows)} 个，由强到弱")  # fmt: skip
        title = style.say(f"Along the axes of {esc(found.node)}", f"沿 {esc(found.node)} 的各轴")
    else:
        across, up = found.axes
        rows = offsets[::-1]
        marked = [(middle, middle + lead)]
        hover = [[f"z<sub>{across}</sub> {x}, z<sub>{up}</sub> {y}" for x in offsets] for y in rows]
        what = style.say("all other axes stay", "其余各轴不变")
        title = style.say(
            f"Plane of z{across} and z{up} at {esc(found.node)}", f"{esc(found.node)} 的 z{across}–z{up} 平面"
        )
    images: list[list[np.ndarray | None]] = [list(row) for row in found.images]
    if lead:
        images = [[found.own if row == 0 else None, *found_row] for row, found_row in enumerate(images)]
        hover = [[style.say("the sample", "当前样本"), *texts] for texts in hover]
    labels = [style.say("sample", "样本"), *offsets] if lead else offsets
    sheet = Sheet(images, rows, labels, hover, marked, column_gaps={0} if lead else (), scale=0.9)
    figure = titled(style, title, f"{origin}{style.say('; ', '；')}{what}", 140 + sheet.height)
    add_sheet(figure, style, sheet)
    unit = style.say("offset", "偏移") if (found.units == 1).all() else style.say("offset (standard deviations of the data)", "偏移（数据的标准差）")  # fmt: skip
    if found.by_rows:
        figure.update_xaxes(title_text=unit)
    else:
        figure.update_xaxes(title_text=f"z<sub>{found.axes[0]}</sub>, {unit}")
        figure.update_yaxes(title_text=f"z<sub>{found.axes[1]}</sub>, {unit}")
    figure.update_yaxes(tickfont={"color": style.ink, "size": 13 if found.by_rows else 11})
    return figure


def between_figure(found: Interpolation, style: Style) -> go.Figure:
    """One row for each way between two codes; the samples themselves stand at the ends where they are images."""
    title = style.say(f"Between two codes at {esc(found.node)}", f"{esc(found.node)} 的两个编码之间")
    between = style.say(" to ", " 至 ").join(map(esc, found.names))
    angle = style.say(f"{found.angle:.0f}° between the codes", f"编码夹角 {found.angle:.0f}°")
    labels = [f"{share:.0%}" for share in found.shares]
    hover = [
        [_said(style, way, label, length) for label, length in zip(labels, lengths, strict=True)]
        for way, lengths in zip(found.paths, found.lengths, strict=True)
    ]
    images: list[list[np.ndarray | None]] = [list(row) for row in found.images]
    gaps: Sequence[int] = ()
    if len(found.own) == 2:
        first, second = found.own
        images = [[first if r == 0 else None, *row, second if r == 0 else None] for r, row in enumerate(images)]
        hover = [[found.names[0], *texts, found.names[1]] for texts in hover]
        labels = [style.say("sample", "样本"), *labels, style.say("sample", "样本")]
        gaps = (0, len(labels) - 2)
    names = [style.say(*_PATHS[way]) for way in found.paths]
    sheet = Sheet(images, names, labels, hover, row_gaps={1}, column_gaps=gaps)
    figure = titled(style, title, f"{between}{style.say('; ', '；')}{angle}", 140 + sheet.height)
    add_sheet(figure, style, sheet)
    figure.update_xaxes(title_text=style.say("share of the second code", "第二个编码所占比例"))
    figure.update_yaxes(tickfont={"color": style.ink, "size": 12})
    return figure


def _said(style: Style, way: str, share: str, length: float) -> str:
    text = f"{style.say(*_PATHS[way])}, {share}"
    return text if np.isnan(length) else text + style.say(f"<br>length {number(length)}", f"<br>长度 {number(length)}")


def _signed(value: float) -> str:
    return "0" if value == 0 else f"{value:+.1f}".replace("-", "−")

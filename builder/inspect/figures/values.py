"""Outputs of nodes as figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect.attention import Attention
from builder.inspect.channels import PER_PAGE, Ranking
from builder.inspect.figures.attention import attention_heads
from builder.inspect.figures.canvas import (
    add_image,
    add_tiles,
    caption_tiles,
    colours,
    index_ticks,
    pixel_axes,
    shrink_to,
    step_ticks,
    tile,
    tiles_height,
    titled,
)  # fmt: skip
from builder.inspect.figures.style import MONO, Style, esc, number, short
from builder.inspect.labels import Steps
from builder.inspect.values import Value, picture

_MAX_BARS = 200
MAX_CELLS = 150_000  # of one matrix


def value_figure(
    value: Value, style: Style, channel: int | None = None, each: bool = False, page: int = 0
) -> go.Figure:
    """The output of a node, by its kind.

    Args:
        channel: of feature maps, the one to show large; all of them where None.
        each: whether every feature map has a colour scale of its own.
        page: which ``PER_PAGE`` of the feature maps.
    """
    if value.kind == "image":
        return _image(value, style)
    if value.kind in ("maps", "volume"):
        return feature_maps(value, style, channel, each, page)
    if value.kind == "attention":
        steps = value.steps or Steps("steps", tuple(map(str, range(value.array.shape[1]))), real=value.array.shape[1])
        keys = tuple(map(str, range(value.array.shape[2])))
        return attention_heads(Attention(value.node, value.array, steps, Steps("steps", keys, real=len(keys))), style)
    if value.kind == "vector":
        return _vector(value, style)
    if value.kind == "scalar":
        return _scalar(value, style)
    if value.kind == "tokens":
        return _tokens(value, style)
    return _matrix(value, style)


def feature_maps(
    value: Value, style: Style, channel: int | None = None, each: bool = False, page: int = 0
) -> go.Figure:
    """Feature maps as tiles with one colour scale, or one of them large. Of volumes, the slice in the middle."""
    maps = value.array if value.array.ndim == 3 else value.array[:, value.array.shape[1] // 2]
    word = _map_word(value, style)
    if channel is not None:
        return _one_map(value, maps[channel], style, f"{word} {channel}")
    order = np.arange(len(maps)) if value.ranking is None else value.ranking.order
    order = order[page * PER_PAGE : (page + 1) * PER_PAGE]
    shown = maps[order]
    tiles = tile(_each_scaled(shown) if each else shown, header=True)
    parts = [f"{' × '.join(map(str, maps.shape))} ({' × '.join(_axis(style, a) for a in _map_axes(value))})"]
    if len(maps) > len(shown):
        first, last = page * PER_PAGE + 1, page * PER_PAGE + len(shown)
        parts.append(style.say(f"{first} to {last} of {len(maps)}", f"第 {first} 至 {last} 个，共 {len(maps)} 个"))
    if value.ranking is not None:
        parts.append(sorted_by(value.ranking, style))
    title = style.say(f"Feature maps of {esc(value.node)}", f"{esc(value.node)} 的特征图")
    figure = titled(style, title, style.say("; ", "；").join(parts), tiles_height(tiles))
    bar = style.say("value, scaled per map", "数值（逐图缩放）") if each else style.say("value", "数值")
    add_tiles(figure, style, tiles, order[:, None], bar, f"{word} %{{customdata[2]}}", signed=False if each else None)
    caption_tiles(figure, style, tiles, [ranked(value.ranking, int(i)) for i in order])
    pixel_axes(figure, tiles.canvas.shape[1], tiles.canvas.shape[0])
    return figure


# ------------------------------------------------------------------ kinds of values


def _image(value: Value, style: Style) -> go.Figure:
    pixels = picture(value.array)
    height, width = pixels.shape[:2]
    title = style.say(f"Image at {esc(value.node)}", f"{esc(value.node)} 的图像")
    low, high = number(float(value.array.min())), number(float(value.array.max()))
    range_ = style.say(f"values from {low} to {high}", f"数值范围 {low} 至 {high}")
    figure = titled(style, title, " × ".join(map(str, value.array.shape)) + style.say(", ", "，") + range_, 420)
    add_image(figure, pixels)
    pixel_axes(figure, width, height, (style.say("column (px)", "列（像素）"), style.say("row (px)", "行（像素）")))
    return figure


def _one_map(value: Value, map_: np.ndarray, style: Style, name: str) -> go.Figure:
    title = style.say(f"{name.capitalize()} of {esc(value.node)}", f"{esc(value.node)} 的{name}")
    vertical, horizontal = _map_axes(value)[1:]
    height, width = map_.shape
    shown, places = shrink_to(map_, MAX_CELLS)
    figure = titled(style, title, f"{height} × {width}", 460)
    figure.add_heatmap(
        z=shown,
        **places,
        hovertemplate=f"{_axis(style, vertical)} %{{y}}, {_axis(style, horizontal)} %{{x}}<br>%{{z:.4g}}"
        "<extra></extra>",
        **colours(style, shown, style.say("value", "数值")),
    )
    pixel_axes(figure, width, height, (_axis(style, horizontal, True), _axis(style, vertical, True)))
    figure.update_xaxes(**index_ticks(width))
    figure.update_yaxes(**index_ticks(height))
    return figure


def _vector(value: Value, style: Style) -> go.Figure:
    array = value.array.astype(np.float64)
    title = style.say(f"Output of {esc(value.node)}", f"{esc(value.node)} 的输出")
    subtitle = style.say(f"{len(array)} numbers", f"{len(array)} 个数")
    if value.names and len(array) <= 40:
        figure = titled(style, title, subtitle, max(260, 110 + 22 * len(array)))
        figure.add_bar(
            x=array,
            y=list(range(len(array))),
            orientation="h",
            marker_color=[style.accent if v >= 0 else style.wrong for v in array],
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
        names = [short(name) for name in value.names]
        figure.update_yaxes(**step_ticks(names), range=[len(array) - 0.5, -0.5])
        figure.update_xaxes(title_text=style.say("value", "数值"))
        return figure
    figure = titled(style, title, subtitle, 340)
    if len(array) <= _MAX_BARS:
        figure.add_bar(
            y=array,
            marker_color=[style.accent if v >= 0 else style.wrong for v in array],
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
    else:
        figure.add_scatter(
            y=array,
            mode="lines",
            line={"width": 1, "color": style.accent},
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
    figure.update_xaxes(title_text=style.say("feature", "特征"), showgrid=False)
    figure.update_yaxes(title_text=style.say("value", "数值"))
    return figure


def _scalar(value: Value, style: Style) -> go.Figure:
    figure = titled(style, style.say(f"Output of {esc(value.node)}", f"{esc(value.node)} 的输出"), esc(value.port), 220)
    content = short(value.names[int(value.array)]) if value.names else number(float(value.array))
    figure.add_scatter(
        x=[0], y=[0], mode="text", text=[content], textfont={"size": 40, "color": style.ink}, hoverinfo="skip"
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def _tokens(value: Value, style: Style) -> go.Figure:
    title = style.say(f"Tokens at {esc(value.node)}", f"{esc(value.node)} 的词元")
    steps = value.steps
    names = steps.names if steps is not None and steps.kind == "tokens" else tuple(str(i) for i in value.array)
    real = steps.real if steps is not None and steps.kind == "tokens" else len(names)
    subtitle = style.say(f"{real} of {len(names)} are no padding", f"{len(names)} 个中有 {real} 个非填充")
    return token_strip(
        names[:real],
        np.zeros(real),
        style,
        title,
        subtitle,
        bar="",
        hover=[str(i) for i in value.array[:real]],
        plain=True,
    )


def _matrix(value: Value, style: Style) -> go.Figure:
    """Sequences, masks and nodes of a graph: a row of the array is a column of the figure, time goes to the right."""
    array = value.array[:, None] if value.array.ndim == 1 else value.array
    array = array.astype(np.float32)
    first, last = value.axes[0], value.axes[-1] if value.array.ndim > 1 else ""
    steps = value.steps
    names: list[str] = []
    if steps is not None and steps.kind == "tokens":
        array, names = array[: steps.real], [short(n, 14) for n in steps.names[: steps.real]]
    elif steps is not None and steps.kind == "patches":
        names = [esc(n) for n in steps.names]
    title = style.say(f"Output of {esc(value.node)}", f"{esc(value.node)} 的输出")
    size = " × ".join(map(str, value.array.shape))
    down = f"{_axis(style, first)} × {_axis(style, last)}" if last else _axis(style, first)
    figure = titled(style, title, f"{size} ({down})", 420 if last else 220)
    shown, places = shrink_to(array.T, MAX_CELLS)
    figure.add_heatmap(
        z=shown,
        **places,
        hovertemplate=f"{_axis(style, first)} %{{x}}, {_axis(style, last)} %{{y}}<br>%{{z:.4g}}<extra></extra>",
        **colours(style, shown, style.say("value", "数值")),
    )
    if names and array.shape[0] == len(names):
        # Vertical words are read worse, but fit.
        figure.update_xaxes(**step_ticks(names), tickangle=-90 if max(map(len, names)) > 2 else 0)
        figure.update_xaxes(tickfont={"family": MONO, "size": 10})
    else:
        figure.update_xaxes(**index_ticks(array.shape[0]))
    figure.update_xaxes(title_text=_axis(style, first, True), showgrid=False)
    figure.update_yaxes(title_text=_axis(style, last, True) if last else "", showgrid=False, autorange="reversed")
    figure.update_yaxes(**index_ticks(array.shape[1]), visible=bool(last))
    return figure


def token_strip(
    names: tuple[str, ...],
    values: np.ndarray,
    style: Style,
    title: str,
    subtitle: str,
    bar: str,
    hover: list[str],
    plain: bool = False,
    signed: bool | None = None,
    most: float | None = None,
) -> go.Figure:
    """A text whose tokens are coloured cells, in reading order.

    Args:
        values: (T,), by which the cells are coloured.
        bar: title of the colour bar.
        hover: what a cell says.
        plain: no colours, and no colour bar.
        most: where the colours end, though single values are greater.
    """
    per_row = in_a_row(names)
    rows = -(-len(names) // per_row)
    cells = np.full(rows * per_row, np.nan, dtype=np.float32)
    cells[: len(values)] = values
    text, said = np.full(cells.shape, "", dtype=object), np.full(cells.shape, "", dtype=object)
    text[: len(names)] = [short(n, 14) for n in names]
    said[: len(names)] = hover
    figure = titled(style, title, subtitle, (100 if plain else 150) + 36 * rows)
    scale = colours(style, values if most is None else np.minimum(values, most), bar, signed)
    scale["colorbar"] |= {
        "orientation": "h",
        "x": 1,
        "xanchor": "right",
        "y": 0,
        "yanchor": "top",
        "len": 0.4,
        "ypad": 12,
    }
    scale["colorbar"]["title"]["side"] = "bottom"
    shape = (rows, per_row)
    add_tokens(
        figure, cells.reshape(shape), text.reshape(shape), said.reshape(shape), plain_scale(style) if plain else scale
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, autorange="reversed")
    figure.update_layout(margin={"l": 16, "r": 16, "b": 16 if plain else 66, "t": 72})
    return figure


# ------------------------------------------------------------------ parts


def add_tokens(figure: go.Figure, cells: np.ndarray, text: np.ndarray, said: np.ndarray, scale: dict[str, Any]) -> None:
    """Tokens in lines: (lines, tokens) of what colours them, how they are written, and what is said where one points."""
    figure.add_heatmap(
        z=cells,
        text=text,
        customdata=said,
        texttemplate="%{text}",
        textfont={"family": MONO, "size": 13},
        hovertemplate="%{text}<br>%{customdata}<extra></extra>",
        hoverongaps=False,
        xgap=3,
        ygap=4,
        **scale,
    )


def plain_scale(style: Style) -> dict[str, Any]:
    """One colour for all tokens."""
    return {"colorscale": [[0, style.line], [1, style.line]], "showscale": False, "zmin": 0, "zmax": 1}


def in_a_row(names: Sequence[str]) -> int:
    """How many tokens of a text stand in a line: as many as can be read."""
    longest = max((len(n) for n in names), default=1)
    per_row = 32 if longest == 1 else max(4, min(12, 96 // min(longest, 14)))
    return min(per_row, max(len(names), 1))


def sorted_by(ranking: Ranking, style: Style) -> str:
    """What the order of tiles is."""
    words = {
        "mean": ("mean activation", "平均激活"),
        "variance": ("variance over places", "位置间方差"),
        "zeros": ("share of zeros", "零的占比"),
        "attribution": (
            f'gradient × activation for "{short(ranking.answer)}"',
            f"对“{short(ranking.answer)}”的梯度 × 激活",
        ),
        "norm": ("norm", "范数"),
    }[ranking.by]
    return style.say(f"sorted by {words[0]}, greatest first", f"按{words[1]}从大到小排列")


def ranked(ranking: Ranking | None, channel: int) -> str:
    """The caption of a tile: its number, and what it is sorted by."""
    return str(channel) if ranking is None else f"{channel} · {number(float(ranking.key[channel]))}"


def _each_scaled(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def _map_axes(value: Value) -> tuple[str, str, str]:
    axes = value.axes if value.array.ndim == 3 else (value.axes[0], *value.axes[2:])
    return axes[0], axes[1], axes[2]


def _map_word(value: Value, style: Style) -> str:
    return style.say("head", "头") if value.axes[0] == "h" else style.say("channel", "通道")


_AXES = {
    "C": ("channel", "通道", "", ""),
    "D": ("feature", "特征", "", ""),
    "F": ("feature", "特征", "", ""),
    "d": ("feature", "特征", "", ""),
    "T": ("step", "步", "", ""),
    "S": ("key step", "键的步", "", ""),
    "U": ("step", "步", "", ""),
    "L": ("layer", "层", "", ""),
    "H": ("row", "行", " (px)", "（像素）"),
    "W": ("column", "列", " (px)", "（像素）"),
    "N": ("node", "节点", "", ""),
    "h": ("head", "头", "", ""),
}


def _axis(style: Style, axis: str, unit: bool = False) -> str:
    """The name of an axis, with its unit where it is wanted."""
    english, chinese, unit_en, unit_zh = _AXES.get(axis, (axis, axis, "", ""))
    return style.say(english + unit_en * unit, chinese + unit_zh * unit)

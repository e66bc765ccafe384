"""Filters and matrices of weights as figures."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import (
    Tiles,
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
)
from builder.inspect.figures.style import Style, esc, short
from builder.inspect.figures.values import MAX_CELLS, ranked, sorted_by
from builder.inspect.weights import GRID, Filters, per_page


def filters_figure(filters: Filters, style: Style, page: int = 0) -> go.Figure:
    """Filters as tiles: a first layer's as images, deeper ones by (out, in); a matrix as a heat map.

    Args:
        page: which ``per_page`` of the outputs; a matrix has one page.
    """
    title = style.say(f"Weights of {esc(filters.node)}", f"{esc(filters.node)} 的权重")
    parts = [esc(filters.name) + style.say(", ", "，") + " × ".join(map(str, filters.array.shape))]
    if filters.kind == "matrix":
        return _matrix(filters, style, title, parts[0])
    array, many = filters.array, per_page(filters)
    order = np.arange(len(array)) if filters.ranking is None else filters.ranking.order
    order = order[page * many : (page + 1) * many]
    if array.ndim == 5:
        array = array[:, :, array.shape[2] // 2]
        parts.append(style.say("the slice in the middle", "取中间切片"))
    if len(array) > many:
        first, last, all_ = page * many + 1, page * many + len(order), len(array)
        parts.append(style.say(f"outputs {first} to {last} of {all_}", f"第 {first} 至 {last} 个输出，共 {all_} 个"))
    if filters.ranking is not None:
        parts.append(sorted_by(filters.ranking, style))
    captions = [ranked(filters.ranking, int(i)) for i in order]
    array, between = array[order], style.say("; ", "；")
    if filters.colour:
        parts.append(style.say("red-green-blue; grey is 0", "红绿蓝；灰色为 0"))
        return _in_colour(array, captions, style, title, between.join(parts))
    if array.ndim == 4 and array.shape[1] > 1:
        return _by_input(array, order, captions, style, title, parts)
    tiles = tile(array if array.ndim == 3 else array[:, 0], header=True)  # over sequences one map (in, taps) each
    figure = titled(style, title, between.join(parts), tiles_height(tiles))
    hover = style.say("output", "输出") + " %{customdata[2]}"
    add_tiles(figure, style, tiles, order[:, None], style.say("weight", "权重"), hover, signed=True)
    caption_tiles(figure, style, tiles, captions)
    pixel_axes(figure, tiles.canvas.shape[1], tiles.canvas.shape[0])
    return figure


def _by_input(
    array: np.ndarray, order: np.ndarray, captions: list[str], style: Style, title: str, parts: list[str]
) -> go.Figure:
    """Filters of several inputs: a tile for each pair of an output and an input, the fewer of the two downwards."""
    inputs = array.shape[1]
    if inputs > GRID:
        parts = [*parts, style.say(f"the first {GRID} of {inputs} inputs", f"前 {GRID} 个输入，共 {inputs} 个")]
        array = array[:, :GRID]
    words, names = (style.say("output", "输出"), style.say("input", "输入")), (captions, list(map(str, range(GRID))))
    numbers = np.stack(np.meshgrid(order, np.arange(array.shape[1]), indexing="ij"), -1)  # (out, in, 2)
    said = f"{words[0]} %{{customdata[2]}}, {words[1]} %{{customdata[3]}}"
    if array.shape[0] > array.shape[1]:
        array, numbers, words, names = array.swapaxes(0, 1), numbers.swapaxes(0, 1), words[::-1], names[::-1]
    rows, columns = array.shape[:2]
    tiles = tile(array.reshape(-1, *array.shape[2:]), columns=columns)
    figure = titled(style, title, style.say("; ", "；").join(parts), tiles_height(tiles) + 40)
    add_tiles(figure, style, tiles, numbers.reshape(-1, 2), style.say("weight", "权重"), said, signed=True)
    height, width = tiles.canvas.shape
    pixel_axes(figure, width, height, (words[1], words[0]))
    middle = _middles(tiles, rows, columns)
    figure.update_xaxes(tickmode="array", tickvals=middle[1], ticktext=names[1][:columns])
    figure.update_yaxes(tickmode="array", tickvals=middle[0], ticktext=names[0][:rows])
    return figure


def _middles(tiles: Tiles, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each row and each column of tiles on the canvas."""
    height, width = tiles.canvas.shape
    across, down = tiles.corners[:columns, 0], tiles.corners[::columns, 1]
    return down + (height - down[-1] - 1) / 2, across + (width - across[-1] - 1) / 2


def _matrix(filters: Filters, style: Style, title: str, subtitle: str) -> go.Figure:
    array = filters.array
    shown, places = shrink_to(array, MAX_CELLS)
    down, across = style.say("output", "输出"), style.say("input", "输入")
    if filters.table:
        down, across = style.say("entry", "条目"), style.say("feature", "特征")
    figure = titled(style, title, subtitle, 440)
    figure.add_heatmap(
        z=shown,
        **places,
        hovertemplate=f"{down} %{{y}}, {across} %{{x}}<br>%{{z:.4g}}<extra></extra>",
        **colours(style, shown, style.say("weight", "权重"), signed=True),
    )
    ticks = [
        step_ticks([short(n, 20) for n in names]) if names and count == len(names) <= 40 else index_ticks(count)
        for names, count in zip((filters.outputs, filters.inputs), array.shape, strict=True)
    ]
    figure.update_xaxes(title_text=across, showgrid=False, **ticks[1])
    figure.update_yaxes(title_text=down, showgrid=False, autorange="reversed", **ticks[0])
    return figure


def _in_colour(array: np.ndarray, captions: list[str], style: Style, title: str, subtitle: str) -> go.Figure:
    """Filters on red, green and blue as small colour images; grey is no weight."""
    reach = float(np.abs(array).max()) or 1.0
    planes = [tile(array[:, c], header=True) for c in range(3)]
    tiles = planes[0]
    canvas = np.stack([p.canvas for p in planes], -1) / (2 * reach) + 0.5
    opacity = np.isfinite(tiles.canvas)[..., None]
    figure = titled(style, title, subtitle, tiles_height(tiles))
    add_image(figure, np.concatenate((canvas, opacity), -1))
    caption_tiles(figure, style, tiles, captions)
    pixel_axes(figure, tiles.canvas.shape[1], tiles.canvas.shape[0])
    return figure

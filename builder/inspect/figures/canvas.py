"""What figures are made of: a titled figure, heat maps, images, and many small maps laid out as tiles of one."""

from __future__ import annotations

import base64
import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from builder.inspect.figures.style import SEQUENTIAL, Style

WIDTH = 760  # pixels that a figure usually has for its canvas
CAPTION = 16  # pixels of height of a caption
FINE = 24  # pixels that a tile has at least
MAX_CELLS = 80_000  # in one heat map: more is slow in a browser


def titled(style: Style, title: str, subtitle: str = "", height: int = 420) -> go.Figure:
    """An empty figure with a title."""
    figure = go.Figure()
    figure.update_layout(template=style.template, title={"text": title, "subtitle": {"text": subtitle}}, height=height)
    return figure


def limits(values: np.ndarray, signed: bool | None = None) -> tuple[float, float, bool]:
    """The range of a colour scale, and whether it is centred on 0 because values of both signs occur."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if signed is None:
        signed = low < 0
    if signed:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach, True
    return (low, high, False) if high > low else (low, low + 1.0, False)


def colours(style: Style, values: np.ndarray, title: str, signed: bool | None = None) -> dict[str, Any]:
    """Colour scale, range and colour bar of a heat map."""
    low, high, both = limits(values, signed)
    scale = style.diverging if both else SEQUENTIAL
    return {"zmin": low, "zmax": high, "colorscale": scale, "colorbar": colour_bar(style, title)}


def colour_bar(style: Style, title: str) -> dict[str, Any]:
    """What the colours stand for."""
    return {
        "title": {"text": title, "side": "right", "font": {"size": 12, "color": style.muted}},
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 11, "color": style.muted},
        "nticks": 6,
        "exponentformat": "e",  # not 4µ
        "len": 0.9,
    }


def image_source(pixels: np.ndarray) -> str:
    """An image (H, W), (H, W, 3) or, with opacity, (H, W, 4) in [0, 1] as a data URI."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.round(np.nan_to_num(pixels).clip(0, 1) * 255).astype(np.uint8)).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def add_image(figure: go.Figure, pixels: np.ndarray, x: float = 0.0, y: float = 0.0, size: float | None = None) -> None:
    """Draws an image with its upper left pixel centred at (x, y); ``size`` is the width of a pixel."""
    step = size or 1.0
    figure.add_image(
        source=image_source(pixels), x0=x + (step - 1) / 2, y0=y + (step - 1) / 2, dx=step, dy=step, hoverinfo="skip"
    )


def overlay(style: Style, pixels: np.ndarray, map_: np.ndarray, low: float, high: float, signed: bool) -> np.ndarray:
    """A map in colours over an image (H, W) or (H, W, 3), the more opaque the greater its magnitude: (H, W, 3)."""
    share = ((map_ - low) / (high - low)).clip(0, 1)
    opacity = 0.85 * (np.abs(2 * share - 1) if signed else share)
    return _blend(style, pixels, share, opacity, signed)


def veil(style: Style, pixels: np.ndarray, map_: np.ndarray, low: float, high: float) -> np.ndarray:
    """A map of an image's patches in colours through which the image (H, W) or (H, W, 3) can be seen: (H, W, 3)."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(height) * map_.shape[0] // height, np.arange(width) * map_.shape[1] // width
    share = ((map_[rows[:, None], columns] - low) / (high - low)).clip(0, 1)
    return _blend(style, pixels, share, np.full(share.shape, 0.75), signed=False)


def _blend(style: Style, pixels: np.ndarray, share: np.ndarray, opacity: np.ndarray, signed: bool) -> np.ndarray:
    colour = _colour_table(style, signed)[np.round(share * 255).astype(int)]
    image = pixels[..., None] if pixels.ndim == 2 else pixels
    return image * (1 - opacity[..., None]) + colour * opacity[..., None]


@functools.cache
def _colour_table(style: Style, signed: bool) -> np.ndarray:
    """256 colours (256, 3) in [0, 1] of the scale that ``colours`` takes."""
    scale = style.diverging if signed else SEQUENTIAL
    named = sample_colorscale(scale, list(np.linspace(0, 1, 256)), colortype="tuple")
    return np.array(named, dtype=np.float64)


def pixel_axes(figure: go.Figure, width: float, height: float, labels: tuple[str, str] | None = None) -> None:
    """Square pixels, rows counted downwards; without labels the axes are hidden (tiles have none in common)."""
    figure.update_xaxes(range=[-0.5, width - 0.5], constrain="domain", showgrid=False, visible=labels is not None)
    figure.update_yaxes(
        range=[height - 0.5, -0.5], scaleanchor="x", constrain="domain", showgrid=False, visible=labels is not None
    )
    if labels:
        figure.update_xaxes(title_text=labels[0])
        figure.update_yaxes(title_text=labels[1])
    else:
        figure.update_layout(margin={"b": 14})  # no ticks below that need room


@dataclass(frozen=True)
class Tiles:
    """Maps of one size on a common canvas.

    Args:
        canvas: (H, W), not a number between the tiles.
        corners: (n, 2), x and y of each tile's upper left pixel.
        which: (H, W, 3), of each pixel its tile, row and column.
    """

    canvas: np.ndarray
    corners: np.ndarray
    which: np.ndarray


def tile(maps: np.ndarray, columns: int | None = None, header: bool = False) -> Tiles:
    """Lays out maps (n, H, W) in rows.

    Args:
        columns: tiles in a row; where None, so many that the canvas is a little wider than high.
        header: leaves room above each tile for a caption.
    """
    factor = max(1, math.ceil(math.sqrt(maps.size / MAX_CELLS)))
    maps = shrink(maps, factor)
    count = len(maps)
    repeat = max(1, FINE // max(maps.shape[1:]))  # the gaps between tiny maps are narrower than their pixels
    maps = maps.repeat(repeat, 1).repeat(repeat, 2)
    height, width = maps.shape[1:]
    if columns is None:
        columns = min(count, max(6, math.ceil(math.sqrt(count * 1.6 * height / width))))
    rows = math.ceil(count / columns)
    gap = max(1, round(0.08 * max(height, width)))
    top = math.ceil(CAPTION * columns * (width + gap) / WIDTH) if header else 0
    canvas = np.full((rows * (height + gap + top) - gap, columns * (width + gap) - gap), np.nan, dtype=np.float32)
    which = np.zeros((*canvas.shape, 3), dtype=np.int16)
    corners = np.empty((count, 2))
    places = np.moveaxis(np.indices((height, width)), 0, -1) // repeat * factor  # row and column in the map as it was
    for index in range(count):
        y = index // columns * (height + gap + top) + top
        x = index % columns * (width + gap)
        canvas[y : y + height, x : x + width] = maps[index]
        which[y : y + height, x : x + width, 0] = index
        which[y : y + height, x : x + width, 1:] = places
        corners[index] = x, y
    return Tiles(canvas, corners, which)


def shrink(maps: np.ndarray, factor: int) -> np.ndarray:
    """Averages squares of pixels of maps (..., H, W); what does not fill a square at the far edges is left out."""
    if factor == 1:
        return maps
    height, width = (max(1, size // factor) for size in maps.shape[-2:])
    cut = maps[..., : height * factor, : width * factor]
    if cut.shape[-2] < factor or cut.shape[-1] < factor:
        return cut
    return cut.reshape(*maps.shape[:-2], height, factor, width, factor).mean((-3, -1))


def shrink_to(matrix: np.ndarray, cells: int) -> tuple[np.ndarray, dict[str, float]]:
    """A matrix averaged to about so many cells, and where they stand, so that the axes still count its rows and columns."""
    factor = max(1, math.ceil(math.sqrt(matrix.size / cells)))
    steps = [min(factor, size) for size in matrix.shape]
    height, width = (size // step for size, step in zip(matrix.shape, steps, strict=True))
    cut = matrix[: height * steps[0], : width * steps[1]]
    shown = cut.reshape(height, steps[0], width, steps[1]).mean((1, 3))
    y, x = steps
    return shown, {"x0": (x - 1) / 2, "dx": x, "y0": (y - 1) / 2, "dy": y}


def caption_tiles(figure: go.Figure, style: Style, tiles: Tiles, captions: Sequence[str]) -> None:
    """Writes a caption above each tile (as one trace: an annotation each would be slow)."""
    figure.add_scatter(
        x=tiles.corners[:, 0] - 0.5,
        y=tiles.corners[:, 1] - 0.5,
        mode="text",
        text=list(captions),
        textposition="top right",
        textfont={"size": 10, "color": style.muted},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )


def add_tiles(
    figure: go.Figure, style: Style, tiles: Tiles, numbers: np.ndarray, bar: str, hover: str, signed: bool | None = None
) -> None:
    """Draws tiles on one colour scale.

    Args:
        numbers: (n, k), what is told of each tile.
        bar: title of the colour bar.
        hover: how that is told: from ``customdata[2]`` on; row and column in the tile stand before it.
    """
    place = np.concatenate((tiles.which[..., 1:], numbers[tiles.which[..., 0]].astype(np.int16)), -1)
    figure.add_heatmap(
        z=tiles.canvas,
        customdata=place,
        hovertemplate=f"{hover} [%{{customdata[0]}}, %{{customdata[1]}}]<br>%{{z:.4g}}<extra></extra>",
        hoverongaps=False,
        **colours(style, tiles.canvas, bar, signed),
    )


def tiles_height(tiles: Tiles) -> int:
    """Pixels of a figure in which the tiles fill the usual width."""
    rows, columns = tiles.canvas.shape
    return int(min(900, max(240, WIDTH * rows / columns + 110)))


def index_ticks(count: int) -> dict[str, Any]:
    """Ticks at whole numbers."""
    step = next(s * 10**p for p in range(9) for s in (1, 2, 5) if count <= 12 * s * 10**p)
    return {"tick0": 0, "dtick": step}


def step_ticks(names: Sequence[str], limit: int = 64) -> dict[str, Any]:
    """Tick labels for the steps of a sequence: equal words keep places of their own; too many are thinned out."""
    every = max(1, math.ceil(len(names) / limit))
    positions = list(range(0, len(names), every))
    return {"tickmode": "array", "tickvals": positions, "ticktext": [names[i] for i in positions]}

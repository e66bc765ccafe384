"""A picture of one's own: strokes of a pen, on an empty sheet or over a sample of the data."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from builder.compiler import Compiled
from builder.inspect.errors import InspectError
from builder.inspect.samples import Entry, Sample, uploaded
from components.data._ink import HandDrawn

MAX_STROKES, MAX_POINTS = 500, 50_000
# Pixels of a sheet's shorter side, at least: strokes are drawn large and made small, so that edges are soft.
SHEET = 224
ROOM = 1.0  # how far a pen may leave the sheet, in sheets

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Stroke:
    """A line of a round pen.

    Args:
        points: (x, y) as shares of the sheet's width and height, from its upper left corner.
        width: of the pen, as a share of the sheet's shorter side.
        colour: red, green and blue, 0 to 255. Black is an eraser.
    """

    points: tuple[tuple[float, float], ...]
    width: float
    colour: tuple[int, int, int] = (255, 255, 255)


def read_strokes(given: Any) -> tuple[Stroke, ...]:
    """Strokes as a drawing pad tells them: ``[{"points": [[x, y], ...], "width": w, "colour": "#rrggbb"}, ...]``.

    Raises:
        InspectError: this is no such list, or it is too long.
    """
    if not isinstance(given, list | tuple):
        raise _refused("a list of strokes", "笔画的列表", given)
    if len(given) > MAX_STROKES:
        raise _refused(f"at most {MAX_STROKES} strokes", f"最多 {MAX_STROKES} 笔", len(given))
    found = tuple(_stroke(stroke) for stroke in given)
    points = sum(len(stroke.points) for stroke in found)
    if points > MAX_POINTS:
        raise _refused(f"at most {MAX_POINTS} points", f"最多 {MAX_POINTS} 个点", points)
    return found


def _stroke(given: Any) -> Stroke:
    if not isinstance(given, dict) or set(given) != {"points", "width", "colour"}:
        raise _refused("strokes of points, width and colour", "由 points、width、colour 组成的笔画", given)
    points, width, colour = given["points"], given["width"], given["colour"]
    if not isinstance(points, list | tuple) or not 1 <= len(points) <= MAX_POINTS:
        raise _refused(f"1 to {MAX_POINTS} points in a stroke", f"每笔 1 至 {MAX_POINTS} 个点", points)
    for point in points:
        if not (
            isinstance(point, list | tuple) and len(point) == 2 and all(_between(v, -ROOM, 1 + ROOM) for v in point)
        ):
            raise _refused("points of two numbers on or near the sheet", "画布上或附近的点（两个数）", point)
    if not (_between(width, 0, 1) and width > 0):
        raise _refused("a width between 0 and 1", "介于 0 与 1 之间的笔宽", width)
    if not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise _refused("a colour such as '#ffffff'", "形如 #ffffff 的颜色", colour)
    red, green, blue = bytes.fromhex(colour[1:])
    return Stroke(tuple((float(x), float(y)) for x, y in points), float(width), (red, green, blue))


def _between(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low <= value <= high


def _refused(expected: str, expected_zh: str, got: Any) -> InspectError:
    shown = repr(got)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return InspectError(
        f"A drawing must have {expected}. Got {shown} instead.", f"绘图应为{expected_zh}，收到 {shown}。"
    )


def from_drawing(
    compiled: Compiled, entry: Entry, strokes: Sequence[Stroke], base: Tensor | None = None, as_data: bool = True
) -> Sample:
    """A drawing in the shape of the data.

    Args:
        base: the picture (C, H, W) that is painted over; what no stroke touches stays as it is. None: an empty sheet.
        as_data: gives a drawing on an empty sheet size and place as the pictures of the data set have them, where
            the data set says how that was done.
    """
    channels, height, width = (int(s) for s in entry.spec.shape[1:])
    data = compiled.dataset(entry.end[0])
    colours, covered = _painted(strokes, height, width)
    if base is None and as_data and isinstance(data, HandDrawn):
        picture = data.from_ink(_grey(colours) * covered)[None]
    else:
        shown = np.moveaxis(colours, -1, 0) if channels == 3 else _grey(colours)[None]
        below = np.zeros((channels, height, width), np.float32) if base is None else base.numpy()
        picture = below * (1 - _reduced(covered, height, width)) + _reduced(shown * covered, height, width)
    x = torch.from_numpy(np.ascontiguousarray(picture, dtype=np.float32))[None]
    return uploaded({entry.end: x}, x.numpy().tobytes(), "your drawing", "你的绘图")


def _painted(strokes: Sequence[Stroke], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The colours (H, W, 3) of the topmost strokes in [0, 1], and where there are any: (H, W), 0 or 1.

    Both are a whole number of times as large as the data.
    """
    from PIL import Image, ImageDraw

    times = max(2, -(-SHEET // min(height, width)))
    size = (width * times, height * times)
    short = min(size)
    colours, cover = Image.new("RGB", size), Image.new("L", size)
    for stroke in strokes:
        path = [(x * size[0], y * size[1]) for x, y in stroke.points]
        radius = stroke.width * short / 2
        for image, fill in ((colours, stroke.colour), (cover, 255)):
            pen = ImageDraw.Draw(image)
            if len(path) > 1:
                pen.line(path, fill=fill, width=max(1, round(2 * radius)))
            for x, y in path:  # round ends and joints
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    return np.asarray(colours, dtype=np.float32) / 255, np.asarray(cover, dtype=np.float32) / 255


def _grey(colours: np.ndarray) -> np.ndarray:
    return colours @ np.array([0.299, 0.587, 0.114], np.float32)  # the luma of ITU-R BT.601


def _reduced(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over the pixels that become one pixel of the data; the last two axes are H and W."""
    *front, tall, wide = values.shape
    return values.reshape(*front, height, tall // height, width, wide // width).mean(axis=(-3, -1))

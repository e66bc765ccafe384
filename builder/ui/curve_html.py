"""A small plot of a few lines with its axes, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from builder.ui import drawing, theme

WIDTH, HEIGHT = 288.0, 132.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 6.0, 7.0, 17.0
FONT = "font-family='Inter, Segoe UI, Noto Sans, sans-serif' font-size='10'"
SLACK = 1e-6  # in steps: what is that near to a round number is one


@dataclass(frozen=True)
class Line:
    """A line of a plot; without a ``label`` it is not in the legend."""

    x: Sequence[float]
    y: Sequence[float]
    colour: theme.Accent
    label: str = ""
    faint: bool = False
    dashed: bool = False


def plot(lines: Sequence[Line], alt: str, ticks: Sequence[float] = ()) -> str:
    """The lines over common axes, the last one on top and first in the legend; ``ticks`` are marks at x beside the ends."""
    left, right = min(min(line.x) for line in lines), max(max(line.x) for line in lines)
    low, high = min(0.0, *(min(line.y) for line in lines)), max(max(line.y) for line in lines)
    low, high = _widened(low, high if high > low else low + 1.0)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / ((right - left) or 1.0) * (WIDTH - LEFT - RIGHT)
        return LEFT + across, HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def drawn(mode: int) -> str:
        ink = theme.SLATE[mode]
        parts = []
        for value in dict.fromkeys((low, 0.0, high)):
            y = at(left, value)[1]
            if value == 0.0 or min(abs(y - at(left, 0.0)[1]), 99) > 9:  # its number would cover that of zero
                parts.append(f"<path d='M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}' stroke='{ink}' stroke-opacity='.3'/>")
                parts.append(_number(value, LEFT - 5, y + 3.5, "end", ink))
        for value, anchor in ((left, "start"), *((tick, "middle") for tick in ticks), (right, "end")):
            x = at(value, low)[0]
            if value in ticks:
                parts.append(f"<path d='M{x:.1f} {TOP:g}V{HEIGHT - BOTTOM:g}' stroke='{ink}' stroke-opacity='.3'/>")
            parts.append(_number(value, x, HEIGHT - 4, anchor, ink))
        return "".join(parts) + "".join(_line(line, at, mode) for line in lines)

    return (
        f'<figure class="form-plot">{drawing.image(drawn, "plot", WIDTH, HEIGHT, alt)}{_legend(lines[::-1])}</figure>'
    )


def _widened(low: float, high: float) -> tuple[float, float]:
    """A range to round numbers: multiples of 1, 2 or 5 times a power of ten that is about a tenth of it."""
    tenth = (high - low) / 10
    power = 10.0 ** math.floor(math.log10(tenth))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= tenth * (1 - SLACK))
    return math.floor(low / step + SLACK) * step, math.ceil(high / step - SLACK) * step


def _number(value: float, x: float, y: float, anchor: str, ink: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {FONT} fill='{ink}' text-anchor='{anchor}'>{value:.3g}</text>"


def _line(line: Line, at: drawing.At, mode: int) -> str:
    points = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in zip(line.x, line.y, strict=True))
    look = f"stroke='{line.colour[mode]}' stroke-width='{1.2 if line.faint or line.dashed else 2}'"
    look += " stroke-opacity='.45'" if line.faint else " stroke-dasharray='4 3'" if line.dashed else ""
    return f"<polyline points='{points}' fill='none' stroke-linejoin='round' {look}/>"


def _legend(lines: Sequence[Line]) -> str:
    items = []
    for line in lines:
        if line.label:
            light, dark = line.colour
            kind = f"{' faint' if line.faint else ''}{' dashed' if line.dashed else ''}"
            items.append(
                f'<span><i class="key{kind}" style="border-color:light-dark({light},{dark})"></i>{escape(line.label)}</span>'
            )
    return f"<figcaption>{''.join(items)}</figcaption>"

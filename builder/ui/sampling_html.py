"""What one output value sees, as two small grids: places of the input map, and channels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from builder.compiler.sampling import STRONG, WEAK, Sampling
from builder.ui import drawing, theme
from builder.ui.text import text

CELL, GAP = 13.0, 2.0
CHANNEL = 10.0
NONE, FAINT = 0.13, 0.3  # opacities


def picture(found: Sampling, accent: theme.Accent, language: str) -> str:
    """Both grids with their words."""
    said = words(found, language)
    places = f"<figure>{_places(found, accent, '; '.join(said))}{_caption(said)}</figure>"
    channels = ""
    if found.channels:
        label = text(_mixing(found.channels), language)
        channels = f"<figure>{_channels(found.channels, accent, label)}{_caption([label])}</figure>"
    return f'<div class="form-sampling">{places}{channels}</div>'


def words(found: Sampling, language: str) -> list[str]:
    """What the grid of places shows, in words."""
    height, width = found.extent
    count = len(found.strong)
    if found.everywhere:
        return [text("sampling_whole", language)]
    if count == 1:
        said = [text("sampling_value", language)]
    elif len(found.weights) == 1:
        said = [text("sampling_row", language, n=count, w=width)]
    else:
        said = [text("sampling_window", language, n=count, h=height, w=width)]
    if found.faint:
        said.append(text("sampling_faint", language))
    if any(w <= -STRONG for row in found.weights for w in row):
        said.append(text("sampling_minus", language))
    if found.offsets:
        said.append(text("sampling_offsets", language))
    elif found.beside and found.step is not None:
        said.append(text("sampling_step", language, step=_fraction(found.step)))
    return said


def _mixing(channels: Sequence[Sequence[bool]]) -> str:
    """The text that says which input channels an output channel takes."""
    if all(map(all, channels)):
        return "sampling_channels_all"
    return "sampling_channels_own" if all(sum(row) == 1 for row in channels) else "sampling_channels_some"


def _fraction(step: float) -> str:
    return f"1/{round(1 / step)}" if 0 < step < 1 and abs(1 / step - round(1 / step)) < 1e-6 else f"{step:g}"


def _caption(said: Sequence[str]) -> str:
    return f"<figcaption>{''.join(f'<span>{escape(part)}</span>' for part in said)}</figcaption>"


def _places(found: Sampling, accent: theme.Accent, alt: str) -> str:
    rows, columns = len(found.weights), len(found.weights[0])

    def drawn(mode: int) -> str:
        cells = []
        for i, row in enumerate(found.weights):
            for j, weight in enumerate(row):
                size = abs(weight)
                seen = size >= STRONG
                colour = (theme.ORANGE if weight <= -STRONG else accent)[mode] if size > WEAK else theme.SLATE[mode]
                opacity = 0.35 + 0.65 * size if seen else FAINT if size > WEAK else NONE
                cells.append(_square(j * CELL, i * CELL, CELL - GAP, colour, opacity))
                if (i, j) in found.beside and not found.everywhere:
                    middle = f"cx='{(j + 0.5) * CELL - GAP / 2:g}' cy='{(i + 0.5) * CELL - GAP / 2:g}' r='2.6'"
                    ring = RING[mode] if seen else theme.SLATE[mode]
                    cells.append(f"<circle {middle} fill='none' stroke='{ring}' stroke-width='1.4'/>")
        return "".join(cells)

    return drawing.image(drawn, "places", columns * CELL - GAP, rows * CELL - GAP, alt)


RING = ("#ffffff", "#16181d")  # on a place that both outputs see


def _channels(rows: Sequence[Sequence[bool]], accent: theme.Accent, alt: str) -> str:
    def drawn(mode: int) -> str:
        return "".join(
            _square(
                j * CHANNEL,
                i * CHANNEL,
                CHANNEL - 1.5,
                accent[mode] if seen else theme.SLATE[mode],
                0.9 if seen else NONE,
            )
            for i, row in enumerate(rows)
            for j, seen in enumerate(row)
        )

    width = len(rows[0]) * CHANNEL - 1.5
    picture = drawing.image(drawn, "channels", width, len(rows) * CHANNEL - 1.5, alt)
    return f'<div style="width:{width:g}px">{picture}</div>'


def _square(x: float, y: float, side: float, colour: str, opacity: float) -> str:
    return f"<rect x='{x:g}' y='{y:g}' width='{side:g}' height='{side:g}' rx='2' fill='{colour}' fill-opacity='{opacity:.2f}'/>"

"""Small images in rows and columns that mean something, as one picture with labelled axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import image_source
from builder.inspect.figures.style import Style

WIDEST = 700  # pixels of a sheet
CELL = 72  # pixels of an image at most


@dataclass(frozen=True)
class Sheet:
    """Images (H, W) or (H, W, 3) of one size in [0, 1], by row and column; None leaves a place empty.

    Args:
        images: the rows.
        rows, columns: their labels.
        hover: what is said of each image, by row and column; empty for nothing.
        marked: rows and columns of images that have a frame.
        row_gaps, column_gaps: rows and columns behind which there is more room.
        scale: size of an image, as a share of what fits.
    """

    images: Sequence[Sequence[np.ndarray | None]]
    rows: Sequence[str]
    columns: Sequence[str]
    hover: Sequence[Sequence[str]] = ()
    marked: Collection[tuple[int, int]] = ()
    row_gaps: Collection[int] = ()
    column_gaps: Collection[int] = ()
    scale: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image."""
        height, width = next(image for row in self.images for image in row if image is not None).shape[:2]
        return height, width

    @property
    def gap(self) -> int:
        return max(1, round(0.07 * max(self.size)))

    def lefts(self) -> list[int]:
        """The first pixel of each column, and behind the last one the width of all."""
        return self._places(self.size[1], len(self.columns), self.column_gaps)

    def tops(self) -> list[int]:
        """The first pixel of each row, and behind the last one the height of all."""
        return self._places(self.size[0], len(self.rows), self.row_gaps)

    def _places(self, size: int, count: int, gaps: Collection[int]) -> list[int]:
        found = [0]
        for index in range(count):
            found.append(found[-1] + size + self.gap * (4 if index in gaps else 1))
        found[-1] = found[-2] + size
        return found

    @property
    def height(self) -> int:
        """Pixels of the page that it needs."""
        pixel = min(WIDEST / self.lefts()[-1], CELL * self.scale / self.size[1])
        return round(self.tops()[-1] * pixel)


def add_sheet(figure: go.Figure, style: Style, sheet: Sheet, axis: str = "") -> None:
    """Draws a sheet on the axes of this number (``""`` for the first, ``"2"``)."""
    lefts, tops = sheet.lefts(), sheet.tops()
    height, width = sheet.size
    canvas = np.zeros((tops[-1], lefts[-1], 4))
    places: list[tuple[int, int]] = []
    for row, images in enumerate(sheet.images):
        for column, image in enumerate(images):
            if image is None:
                continue
            here = canvas[tops[row] : tops[row] + height, lefts[column] : lefts[column] + width]
            here[..., :3], here[..., 3] = image[..., None] if image.ndim == 2 else image, 1
            places.append((row, column))
    on = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
    figure.add_trace(go.Image(source=image_source(canvas), hoverinfo="skip", **on))
    middles = [lefts[i] + (width - 1) / 2 for i in range(len(sheet.columns))]
    centres = [tops[i] + (height - 1) / 2 for i in range(len(sheet.rows))]
    if sheet.hover:
        figure.add_scatter(
            x=[middles[c] for _, c in places], y=[centres[r] for r, _ in places], mode="markers", opacity=0,
            marker={"size": 24}, text=[sheet.hover[r][c] for r, c in places], hovertemplate="%{text}<extra></extra>",
            showlegend=False, **on,
        )  # fmt: skip
    for row, column in sheet.marked:
        x, y, out = lefts[column] - 0.5, tops[row] - 0.5, sheet.gap / 2
        figure.add_shape(
            type="rect", x0=x - out, y0=y - out, x1=x + width + out, y1=y + height + out,
            line={"color": style.accent, "width": 2}, xref=on["xaxis"], yref=on["yaxis"],
        )  # fmt: skip
    edge = sheet.gap / 2 + 0.5
    common = {"showgrid": False, "showline": False, "zeroline": False, "constrain": "domain", "tickmode": "array"}
    figure.update_layout({
        f"xaxis{axis}": {
            **common, "range": [-edge, lefts[-1] - 1 + edge], "tickvals": middles, "ticktext": list(sheet.columns),
            "anchor": on["yaxis"], "constraintoward": "left",
        },
        f"yaxis{axis}": {
            **common, "range": [tops[-1] - 1 + edge, -edge], "tickvals": centres, "ticktext": list(sheet.rows),
            "anchor": on["xaxis"], "constraintoward": "top", "scaleanchor": on["xaxis"],
        },
    })  # fmt: skip

"""The picture of a comparison: each seed a dot, the mean with its confidence interval beside it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from builder.comparison.figures import CONFIDENCE, Comparison

INK, FAINT = "#4953cb", "#9aa3b5"


def figure(
    comparison: Comparison, labels: Mapping[str, str] | None = None, ink: str = INK, faint: str = FAINT
) -> dict[str, Any]:
    """A Plotly figure, as plain data; the best choice stands on top.

    Args:
        labels: by choice, what it is called; its own name where it has none.
        ink: the colour of means.
        faint: the colour of single seeds.
    """
    rows = comparison.ranked[::-1]
    called = {row.choice: html.escape((labels or {}).get(row.choice, row.choice), quote=False) for row in rows}
    names = list(called.values())
    dots = [(value, called[row.choice], seed) for row in rows for value, seed in zip(row.values, comparison.seeds)]
    seeds = {
        "type": "scatter", "mode": "markers", "name": "seeds", "x": [d[0] for d in dots], "y": [d[1] for d in dots],
        "text": [f"seed {d[2]}" for d in dots], "hovertemplate": "%{y}<br>%{x:.4f}<br>%{text}<extra></extra>",
        "marker": {"color": faint, "size": 7, "opacity": 0.7},
    }  # fmt: skip
    means = {
        "type": "scatter", "mode": "markers", "name": f"mean, {CONFIDENCE:.0%}", "x": [row.mean for row in rows],
        "y": names, "hovertemplate": "%{y}<br>%{x:.4f}<extra></extra>",
        "error_x": {"type": "data", "array": [row.half_width or 0.0 for row in rows], "color": ink, "thickness": 2, "width": 5},
        "marker": {"color": ink, "size": 10},
    }  # fmt: skip
    layout = {
        "template": "none", "height": 120 + 34 * len(rows), "margin": {"l": 170, "r": 24, "t": 24, "b": 48},
        "xaxis": {"title": {"text": f"{comparison.figure} ({comparison.split})"}, "gridcolor": "#8883", "zeroline": False},
        "yaxis": {"automargin": True, "categoryorder": "array", "categoryarray": names, "type": "category"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    return {"data": [seeds, means], "layout": layout}

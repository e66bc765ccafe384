"""Densities under a flow as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from builder.inspect.figures.canvas import titled
from builder.inspect.figures.evaluation import split_name
from builder.inspect.figures.sheet import Sheet, add_sheet
from builder.inspect.figures.style import Style, esc
from builder.inspect.likelihood import Likelihood

_HISTOGRAM = 250  # pixels of height
_BINS = 40


def likelihood_figure(
    found: Likelihood, style: Style, ends: np.ndarray | None = None, pictures: Sequence[np.ndarray] = ()
) -> go.Figure:
    """The histogram of a split with the sample in it, and the likeliest and the least likely samples where they are images.

    Args:
        ends: (2n,) places in ``found.items`` of n samples that are likely and n that are not, the extremes first.
        pictures: of these.
    """
    bits, own = found.bits(found.densities), found.bits(found.own)
    title = style.say(f"Likelihood under {esc(found.node)}", f"{esc(found.node)} 给出的似然")
    parts = "".join(
        (f" {'+' if value >= 0 else '−'} {abs(value):.1f} ({esc(name)})" if name else _signed(value))
        for name, value in zip(found.names, found.parts, strict=True)
    )
    base = style.say("log-density", "对数密度")
    subtitle = style.say(
        f"{split_name(style, found.split)}, {len(bits):,} samples, mean {bits.mean():.3f}; "
        f"{base} of the sample {_signed(found.own.mean())} nats = {parts}",
        f"{split_name(style, found.split)}，{len(bits):,} 个样本，均值 {bits.mean():.3f}；样本的{base} {_signed(found.own.mean())} 奈特 = {parts}",
    )
    sheet = _sheet(found, style, ends, pictures) if ends is not None and len(pictures) else None
    below = sheet.height + 84 if sheet else 0
    height = 68 + 48 + _HISTOGRAM + below
    figure = titled(style, title, subtitle, height)
    figure.add_histogram(
        x=bits, nbinsx=_BINS, marker={"color": style.quiet}, showlegend=False,
        hovertemplate="%{x}<br>%{y}<extra></extra>",
    )  # fmt: skip
    if np.ptp(own) > 0:  # by the noise that is added before the flow
        figure.add_vrect(x0=own.min(), x1=own.max(), fillcolor=style.accent, opacity=0.15, line_width=0)
    said = style.say(
        f"the sample, {own.mean():.3f}: likelier than {found.below:.0%}",
        f"当前样本 {own.mean():.3f}：比 {found.below:.0%} 的样本更可能",
    )
    figure.add_vline(x=own.mean(), line={"color": style.accent, "width": 2})
    right = own.mean() > np.median(bits)
    figure.add_annotation(
        x=own.mean(), y=1, yref="y domain", yanchor="bottom", xanchor="right" if right else "left", text=said,
        showarrow=False, font={"size": 12, "color": style.accent},
    )  # fmt: skip
    inner = height - 68 - 48
    figure.update_layout(
        xaxis={"title": {"text": style.say("bits per dimension (fewer: more likely)", "每维比特数（越少越可能）")}, "anchor": "y"},
        yaxis={"title": {"text": style.say("samples", "样本数")}, "domain": [below / inner, 1 - 16 / inner], "rangemode": "tozero"},
        bargap=0.05,
    )  # fmt: skip
    if sheet:
        add_sheet(figure, style, sheet, "2")
        figure.update_layout(yaxis2={"domain": [0, (sheet.height + 6) / inner], "tickfont": {"color": style.ink}})
    return figure


def _sheet(found: Likelihood, style: Style, ends: np.ndarray, pictures: Sequence[np.ndarray]) -> Sheet:
    half = len(ends) // 2
    bits = found.bits(found.densities[ends])
    hover = [f"#{item}<br>{value:.3f}" for item, value in zip(found.items[ends], bits, strict=True)]
    names = [style.say("most likely", "最可能"), style.say("least likely", "最不可能")]
    ranges = [f"{values.min():.2f}–{values.max():.2f}" for values in (bits[:half], bits[half:])]
    rows = [f"{name}<br>{values}" for name, values in zip(names, ranges, strict=True)]
    return Sheet(
        [pictures[:half], pictures[half:]], rows, [""] * half, [hover[:half], hover[half:]], row_gaps={0}, scale=0.9
    )


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")

"""How all figures look: language, light or dark, colours, type."""

from __future__ import annotations

import functools
import html
from dataclasses import dataclass

import plotly.graph_objects as go

FONT = (
    "Inter, 'Segoe UI', 'Noto Sans', 'Noto Sans SC', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
)
MONO = "'JetBrains Mono', 'Noto Sans Mono', 'Noto Sans CJK SC', monospace"

SEQUENTIAL = "Viridis"
# Two hues whose lightness falls (rises) evenly from the centre to both ends, so that equal steps look equal.
_DIVERGING_LIGHT = (
    "#004ba1", "#006ace", "#138bec", "#79adfa", "#bcd1fc", "#f6f6f6",
    "#fcc4b5", "#f2937b", "#da654b", "#b63d26", "#891d0d",
)  # fmt: skip
_DIVERGING_DARK = (
    "#5bdbff", "#00b6ff", "#0090e3", "#006ba7", "#204765", "#262626",
    "#5e3c29", "#95542e", "#c9703b", "#f79256", "#ffb980",
)  # fmt: skip
# Okabe and Ito's colours, which people with colour-blindness tell apart, then four more.
_CLASSES_LIGHT = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6d31", "#7b68c8", "#b5a300", "#7f7f7f",
)  # fmt: skip
_CLASSES_DARK = (
    "#3d9be9", "#f2b134", "#2fc48d", "#e6a1cc", "#ff7f45", "#93d4ff", "#c2a15c", "#a99bf0", "#d9cc3c", "#b0b0b0",
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """The language of the labels (``en`` or ``zh``) and the theme."""

    language: str = "en"
    dark: bool = False

    def say(self, english: str, chinese: str) -> str:
        """A text in the language."""
        return chinese if self.language == "zh" else english

    @property
    def ink(self) -> str:
        return "#e6e8eb" if self.dark else "#1f2430"

    @property
    def paper(self) -> str:
        """The page that a figure lies on; figures themselves are transparent."""
        return "#16181d" if self.dark else "#ffffff"

    @property
    def muted(self) -> str:
        return "#98a0ab" if self.dark else "#68707d"

    @property
    def line(self) -> str:
        return "#333a44" if self.dark else "#e1e4e9"

    @property
    def accent(self) -> str:
        """What is meant, right, chosen."""
        return "#4da3ff" if self.dark else "#0068c9"

    @property
    def wrong(self) -> str:
        return "#ff9457" if self.dark else "#c8501e"

    @property
    def quiet(self) -> str:
        """What stands behind the accent."""
        return "#4a525e" if self.dark else "#c3c9d2"

    @property
    def diverging(self) -> list[list[float | str]]:
        """For signed values, centred on 0: negative blue, positive red (orange in the dark)."""
        colours = _DIVERGING_DARK if self.dark else _DIVERGING_LIGHT
        return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]

    @property
    def classes(self) -> tuple[str, ...]:
        """Colours of classes, to be taken in turn."""
        return _CLASSES_DARK if self.dark else _CLASSES_LIGHT

    @property
    def template(self) -> go.layout.Template:
        return _template(self)


@functools.cache
def _template(style: Style) -> go.layout.Template:
    axis = {
        "gridcolor": style.line,
        "linecolor": style.line,
        "zerolinecolor": style.line,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 4,
        "tickfont": {"size": 11, "color": style.muted},
        "title": {"font": {"size": 12, "color": style.muted}, "standoff": 8},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": style.ink},
            "title": {
                "x": 0.0,
                "xref": "container",
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "top",
                "pad": {"t": 14, "l": 12},
                "font": {"size": 15, "color": style.ink},
                "subtitle": {"font": {"size": 12, "color": style.muted}},
            },
            "margin": {"l": 56, "r": 24, "t": 68, "b": 48},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"font": {"family": FONT, "size": 12}},
            "legend": {"font": {"size": 12}, "orientation": "v", "bgcolor": "rgba(0,0,0,0)"},
            "colorway": style.classes,
            "bargap": 0.25,
            "dragmode": "zoom",
        }
    )


def esc(text: object) -> str:
    """A text that is not ours (a class, a word, a column) with what plotly would take for markup made harmless."""
    return html.escape(str(text), quote=False)


def short(text: object, limit: int = 28) -> str:
    """As ``esc``, cut to a length."""
    plain = str(text)
    return esc(plain if len(plain) <= limit else plain[: limit - 1] + "…")


def counted(count: int, word: str) -> str:
    """A number of things in English."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A number with three or four significant digits."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"

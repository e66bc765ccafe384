"""The curves of runs as Plotly figures, as plain data: losses, metrics, instruments, and several runs compared."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from builder.train.run import Best, History
from builder.ui import theme
from builder.ui.text import text

Figure = dict[str, Any]
Group = Literal["train", "valid", "rate", "gradient_norm", "speed"]
Points = tuple[list[float], list[float | None]]

FONT = "Inter, 'Segoe UI', 'Noto Sans', 'Noto Sans SC', 'Noto Sans CJK SC', 'PingFang SC', sans-serif"
INK, MUTED, LINE = "#1b1f27|#e9ebf1", "#5b6371|#98a0af", "#eceef2|#272b34"
PANEL = "#ffffff|#20242c"
CARD = "#ffffff|#16181d"  # what charts stand on
COLOURS = theme.TURNS
MOST_POINTS = 600
TALL, SMALL = 290, 190


@dataclass(frozen=True)
class Panel:
    """One plot of a page; ``key`` is the same from one moment of a run to the next."""

    key: str
    figure: Figure
    small: bool = False


@dataclass(frozen=True)
class Quantity:
    """Something that runs can be compared by: a figure of a node on a split, or an instrument of an optimizer."""

    group: Group
    name: str = ""

    def label(self, language: str) -> str:
        words = text(f"quantity_{self.group}", language)
        return f"{self.name} · {words}" if self.name else words


def colour(index: int) -> str:
    """The colour of the index-th curve, for a light and a dark page."""
    return "|".join(COLOURS[index % len(COLOURS)])


def panels(history: History, best: Best | None, language: str, log_loss: bool = False) -> list[Panel]:
    """The plots of one run: the loss first, then each metric, then the instruments of the training."""
    losses = names(history, "train")
    metrics = [name for name in names(history, "valid") if name not in losses]
    found = _loss_panels(history, losses, best, language, log_loss)
    found += [_metric_panel(history, name, best, language) for name in metrics]
    rates = names(history, "rate")
    instruments: tuple[tuple[Group, str], ...] = (("rate", "learning_rate"), ("gradient_norm", "gradient_norm"))
    for group, key in instruments:
        curves = [
            _line(
                points(history, Quantity(group, name)), name if len(rates) > 1 else text(key, language), colour(index)
            )
            for index, name in enumerate(rates)
        ]
        found.append(Panel(key, _figure(text(key, language), curves, SMALL, legend=len(rates) > 1, low=0), small=True))
    speed = _line(points(history, Quantity("speed")), text("throughput", language), colour(2))
    title = f"{text('throughput', language)} · {text('samples_per_second', language)}"
    found.append(Panel("throughput", _figure(title, [speed], SMALL, low=0), small=True))
    return found


def _loss_panels(history: History, losses: Sequence[str], best: Best | None, language: str, log: bool) -> list[Panel]:
    """A plot for each node of losses, with all that it gives (``loss.loss_d`` and ``loss.loss_g``)."""
    nodes: dict[str, list[str]] = {}
    for name in losses:
        nodes.setdefault(name.partition(".")[0], []).append(name)
    title = text("loss", language)
    if len(nodes) < 2:
        return [_loss_panel(history, losses, "loss", title, best, language, log)]
    return [
        _loss_panel(
            history, names, f"loss_{node}", text("loss_of", language, loss=title, node=node), best, language, log
        )
        for node, names in nodes.items()
    ]


def _loss_panel(
    history: History, losses: Sequence[str], key: str, title: str, best: Best | None, language: str, log: bool
) -> Panel:
    curves: list[Figure] = []
    many = len(losses) > 1
    for index, name in enumerate(losses):
        train, valid = (colour(index), colour(index)) if many else (colour(0), colour(1))
        label = f"{name.partition('.')[2] or name} · " if many else ""
        if history.steps:
            steps = points(history, Quantity("train", name), whole=False)
            faint = _line(steps, f"{label}{text('curve_steps', language)}", train, width=1.2, opacity=0.35)
            curves.append({**faint, "showlegend": not many})
        curves.append(
            _marked(points(history, Quantity("train", name)), f"{label}{text('curve_train', language)}", train)
        )
        curve = points(history, Quantity("valid", name))
        if curve[0]:
            dash = "dot" if many else "solid"
            curves.append(_marked(curve, f"{label}{text('curve_valid', language)}", valid, dash))
    if best is not None and best.name in losses:
        curves.append(_star(best, language))
    figure = _figure(title, curves, TALL, legend=True, best=best, log=log, language=language)
    return Panel(key, figure)


def _metric_panel(history: History, name: str, best: Best | None, language: str) -> Panel:
    curves = [_marked(points(history, Quantity("valid", name)), text("curve_valid", language), colour(1))]
    if best is not None and best.name == name:
        curves.append(_star(best, language))
    figure = _figure(f"{name} · {text('quantity_valid', language)}", curves, TALL, best=best, language=language)
    return Panel(f"metric_{name}", figure)


# ------------------------------------------------------------------ several runs


def quantities(histories: Iterable[History]) -> list[Quantity]:
    """What these runs can be compared by, metrics first."""
    found: dict[Quantity, None] = {}
    histories = list(histories)
    losses = {name for history in histories for name in names(history, "train")}
    for history in histories:
        found |= dict.fromkeys(Quantity("valid", n) for n in names(history, "valid") if n not in losses)
    groups: tuple[Group, ...] = ("valid", "train", "rate", "gradient_norm")
    for group in groups:
        for history in histories:
            found |= dict.fromkeys(Quantity(group, n) for n in names(history, group))
    if any(history.epochs for history in histories):
        found[Quantity("speed")] = None
    return list(found)


def comparison(
    runs: Sequence[tuple[str, History, Best | None]], quantity: Quantity, language: str, by_time: bool = False
) -> Figure:
    """One quantity of several runs by name; the best epoch is marked where it was judged by this quantity."""
    curves = []
    for index, (name, history, best) in enumerate(runs):
        xs, ys = points(history, quantity, by_time=by_time)
        curves.append(_marked((xs, ys), name, colour(index)))
        if best is not None and best.name == quantity.name and quantity.group == "valid" and not by_time:
            curves.append({**_star(best, language), "marker": {**_STAR, "color": colour(index)}})
    axis = text("axis_seconds" if by_time else "axis_epochs", language)
    return _figure(quantity.label(language), curves, 380, legend=True, axis=axis)


# ------------------------------------------------------------------ points


def points(history: History, quantity: Quantity, whole: bool = True, by_time: bool = False) -> Points:
    """The values of a quantity over the epochs (or seconds), thinned to what a plot can show.

    Args:
        whole: the values of whole epochs; else those of single steps. Instruments always come from both.
    """
    instrument = quantity.group in ("rate", "gradient_norm", "speed")
    events = history.epochs if whole else history.steps
    if instrument:
        events = sorted((*history.steps, *history.epochs), key=lambda event: event.get("step", 0))
    xs: list[float] = []
    ys: list[float | None] = []
    for event in events:
        values = event.get("samples_per_second") if quantity.group == "speed" else event.get(quantity.group)
        if isinstance(values, Mapping):
            if quantity.name not in values:
                continue
            values = values[quantity.name]
        moment = event.get("seconds" if by_time else "epoch")
        if isinstance(moment, int | float) and (values is None or isinstance(values, int | float)):
            xs.append(float(moment))
            ys.append(values)
    return thinned(xs, ys)


def thinned(xs: list[float], ys: list[float | None], most: int = MOST_POINTS) -> Points:
    """About ``most`` of the points: of each stretch its least and its greatest value, so that no peak is lost."""
    if len(xs) <= most:
        return xs, ys
    stretch = math.ceil(len(xs) / (most // 2))
    kept: list[int] = [0]
    for start in range(0, len(xs), stretch):
        known = [i for i in range(start, min(start + stretch, len(xs))) if ys[i] is not None]
        if known:
            kept += sorted({min(known, key=lambda i: ys[i] or 0.0), max(known, key=lambda i: ys[i] or 0.0)})
    kept = sorted({*kept, len(xs) - 1})
    return [xs[i] for i in kept], [ys[i] for i in kept]


def names(history: History, group: str) -> list[str]:
    """The names in a group of figures; where there is no epoch yet, those of the steps."""
    for events in (history.epochs, history.steps):
        if events:
            values = events[-1].get(group)
            return list(values) if isinstance(values, Mapping) else []
    return []


# ------------------------------------------------------------------ figures

_STAR = {"symbol": "star", "size": 12, "color": colour(4), "line": {"width": 1, "color": PANEL}}


def _line(curve: Points, name: str, colour: str, width: float = 1.8, opacity: float = 1.0) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": curve[0],
        "y": curve[1],
        "name": html.escape(name, quote=False),
        "opacity": opacity,
        "line": {"color": colour, "width": width},
        "hovertemplate": "%{y:.4~g}",
    }


def _marked(curve: Points, name: str, colour: str, dash: str = "solid") -> Figure:
    """A curve of epochs: points too, as long as they are few."""
    few = len(curve[0]) <= 40
    line = _line(curve, name, colour, 2.2)
    line["line"]["dash"] = dash
    return {**line, "mode": "lines+markers" if few else "lines", "marker": {"size": 5 if len(curve[0]) > 1 else 7}}


def _star(best: Best, language: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [best.epoch],
        "y": [best.value],
        "marker": _STAR,
        "showlegend": False,
        "name": text("best", language),
        "hovertemplate": "%{y:.4~g}",
    }


def _figure(
    title: str,
    curves: list[Figure],
    height: int,
    legend: bool = False,
    best: Best | None = None,
    log: bool = False,
    low: float | None = None,
    axis: str = "",
    language: str = "en",
) -> Figure:
    ends = [x for curve in curves for x in curve["x"]]
    shapes, notes = [], []
    if best is not None and ends:
        shapes.append(
            {
                "type": "line",
                "x0": best.epoch,
                "x1": best.epoch,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "layer": "below",
                "line": {"color": colour(4), "width": 1.2, "dash": "dot"},
            }
        )
        judged = any(curve.get("marker") is _STAR for curve in curves)
        left = best.epoch > (max(ends) + min(ends)) / 2
        heights = [y for curve in curves for y in curve["y"] if y is not None]
        low_down = judged and best.value > (max(heights) + min(heights)) / 2  # where the curve is not
        notes.append(
            {
                "x": best.epoch,
                "y": 0 if low_down else 1,
                "yref": "paper",
                "xanchor": "right" if left else "left",
                "yanchor": "bottom" if low_down else "top",
                "text": f"{text('best', language)} {best.value:.4g}" if judged else text("best_epoch", language),
                "showarrow": False,
                "xshift": -5 if left else 5,
                "font": {"size": 11, "color": MUTED},
                "bgcolor": CARD,
            }
        )
    shared = {
        "gridcolor": LINE,
        "linecolor": LINE,
        "zeroline": False,
        "tickfont": {"size": 11, "color": MUTED},
        "automargin": True,
        "title": {"text": "", "font": {"size": 11, "color": MUTED}},
    }
    ranged: Figure = {} if low is None else {"rangemode": "tozero"}
    layout: Figure = {
        "height": height,
        "uirevision": "kept",
        "title": {
            "text": html.escape(title, quote=False),
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 12, "l": 4},
            "font": {"size": 13, "color": INK, "weight": 600},
        },
        "font": {"family": FONT, "size": 12, "color": INK},
        "margin": {"l": 44, "r": 10, "t": 40, "b": 28 if not axis else 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 11, "color": MUTED},
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FONT, "size": 12, "color": INK}, "bgcolor": PANEL, "bordercolor": LINE},
        "xaxis": {
            **shared,
            "showgrid": False,
            "title": {**shared["title"], "text": axis},
            "nticks": 9,
            "hoverformat": ".2~f",
        },
        "yaxis": {
            **shared,
            **ranged,
            "type": "log" if log else "linear",
            "nticks": 6,
            "tickformat": "~g" if not log else "",
            "exponentformat": "power" if log else "SI",
        },
        "shapes": shapes,
        "annotations": notes,
        "dragmode": "zoom",
    }
    return {"data": curves, "layout": layout}

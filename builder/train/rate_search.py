"""What a search for a learning rate found: losses over rising rates, and the rates that they suggest. Imports no torch."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from builder.graph import Graph, clone, write_atomic
from builder.train.errors import TrainError
from builder.train.plan import fingerprint
from builder.train.run import read_json

LOW, HIGH, STEPS = 1e-7, 10.0, 100
MEMORY = 0.9  # of the moving average of the losses
LOOK_SECONDS = 0.3  # between two writings of the file
WARMED = 10  # steps before which no loss is compared
GROWTH = 4.0  # times the least loss, from which on it has diverged

State = Literal["running", "finished"]


@dataclass(frozen=True)
class RateSearch:
    """Losses of a training whose learning rate rises exponentially (Smith, arXiv 1506.01186).

    Args:
        optimizer: its path.
        rates: the learning rate of each step.
        losses: the loss of each step's batch, before the step.
        low, high: where the rates begin and end.
        steps: how many there are to be.
        present: the rate in the graph.
        diverged: whether the loss grew so much that the search ended early.
        state: whether it goes on.
    """

    optimizer: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    low: float
    high: float
    steps: int
    present: float
    diverged: bool = False
    state: State = "running"

    @property
    def smoothed(self) -> np.ndarray:
        """The losses as an exponential moving average, without the bias of its beginning."""
        return smooth(self.losses)

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest over the logarithm of the rate; None where it does not fall."""
        smoothed = self.smoothed
        least = int(np.argmin(smoothed)) if len(smoothed) else 0
        if least < WARMED:
            return None
        slope = np.gradient(smoothed[: least + 1], np.log(self.rates[: least + 1]))
        place = WARMED // 2 + int(np.argmin(slope[WARMED // 2 :]))
        return self.rates[place] if slope[place] < 0 else None

    @property
    def tenth(self) -> float | None:
        """A tenth of the rate at which the smoothed loss is least; None where it does not fall."""
        return self.rates[int(np.argmin(self.smoothed))] / 10 if self.steepest is not None else None

    def to_json(self) -> dict[str, Any]:
        found = asdict(self) | {"smoothed": self.smoothed.tolist(), "steepest": self.steepest, "tenth": self.tenth}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def smooth(losses: Sequence[float]) -> np.ndarray:
    """The exponential moving average of the losses, without the bias of its beginning."""
    found, average = np.empty(len(losses)), 0.0
    for number, loss in enumerate(losses):
        average = MEMORY * average + (1 - MEMORY) * loss
        found[number] = average / (1 - MEMORY ** (number + 1))
    return found


def has_diverged(losses: Sequence[float]) -> bool:
    """Whether the smoothed loss has grown to a multiple of its least value, and beyond where it began."""
    smoothed = smooth(losses)
    if len(smoothed) < WARMED:
        return False
    least = float(smoothed.min())
    return bool(smoothed[-1] > least + (GROWTH - 1) * abs(least) and smoothed[-1] > smoothed[0])


# ------------------------------------------------------------------ files

_SEARCH = TypeAdapter(RateSearch)


class Writer:
    """Keeps the file of a search up to date while it goes on, not more often than a person could see.

    Args:
        path: a ``.json`` or an ``.html`` file, which is written at the end; nothing is written where None.
        language: of the ``.html``, ``en`` or ``zh``.

    Raises:
        TrainError: the file has another ending.
    """

    def __init__(self, path: str | Path | None, language: str = "en") -> None:
        self.language = language
        self.path, self._next = None if path is None else Path(path), 0.0
        if self.path is not None and self.path.suffix not in (".json", ".html"):
            raise TrainError(
                f"A search is written as .json or .html. Got {self.path.name!r} instead.",
                f"搜索结果可写为 .json 或 .html 文件，收到 {self.path.name!r}。",
            )

    def __call__(self, found: RateSearch) -> None:
        if self.path is not None and self.path.suffix == ".json" and time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_SECONDS
            self._write(self.path, json.dumps(found.to_json()))

    def end(self, found: RateSearch) -> None:
        """Writes what was found."""
        if self.path is None:
            return
        if self.path.suffix == ".json":
            self._write(self.path, json.dumps(found.to_json(), indent=1))
        else:
            import plotly.io as plotly

            self._write(
                self.path, plotly.to_html(figure(found, WORDS[self.language]), include_plotlyjs=True, full_html=True)
            )

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text + "\n")


def read(path: Path) -> RateSearch | None:
    """A search as far as it is; None where there is no such file."""
    try:
        return _SEARCH.validate_python(read_json(path))
    except ValidationError:
        return None


def key_of(graph: Graph, optimizer: str) -> str:
    """Equal for graphs in which a search for this optimizer's rate finds the same: its present rate does not count."""
    changed = clone(graph)
    params = changed.nodes[optimizer]["params"]
    changed.nodes[optimizer]["params"] = {name: value for name, value in params.items() if name != "lr"}
    told = f"{fingerprint(changed)} {graph.training.get('seed', 0)} {optimizer}"
    return hashlib.sha256(told.encode()).hexdigest()[:24]


# ------------------------------------------------------------------ picture

WORDS = {
    "en": ("loss", "smoothed loss", "learning rate", "present rate"),
    "zh": ("损失", "平滑损失", "学习率", "当前学习率"),
}


def figure(found: RateSearch, say: tuple[str, str, str, str]) -> Any:
    """A Plotly figure, as plain data.

    Args:
        say: the words for the loss, its average, the rate, and the rate in the graph.
    """
    loss, smoothed, rate, present = say
    faint = {"color": "#9aa3b5", "width": 1.2}
    common = {
        "type": "scatter",
        "x": list(found.rates),
        "mode": "lines",
        "hovertemplate": "%{x:.3g}<br>%{y:.4g}<extra></extra>",
    }
    curves = [
        {**common, "y": list(found.losses), "name": loss, "line": faint, "opacity": 0.6},
        {**common, "y": found.smoothed.tolist(), "name": smoothed, "line": {"color": "#4953cb", "width": 2.4}},
    ]
    values = found.smoothed
    for suggested, colour, side in ((found.steepest, "#0a8f5b", "left"), (found.tenth, "#c8501e", "right")):
        if suggested is not None:
            height = float(np.interp(np.log(suggested), np.log(found.rates), values))
            curves.append(
                {
                    **common, "x": [suggested], "y": [height], "mode": "markers+text", "text": [f"{suggested:.2g}"],
                    "textposition": f"middle {side}", "showlegend": False, "marker": {"color": colour, "size": 11},
                    "textfont": {"color": colour, "size": 12},
                }
            )  # fmt: skip
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite[0])) if len(finite) else (0.0, 1.0)
    top = high + 0.6 * max(high - low, 0.1 * abs(high), 1e-6)
    line = {"type": "line", "x0": found.present, "x1": found.present, "y0": 0, "y1": 1, "yref": "paper"}
    note = {
        "x": np.log10(found.present),
        "y": 1,
        "yref": "paper",
        "text": present,
        "showarrow": False,
        "yanchor": "bottom",
    }
    layout = {
        "template": "none", "height": 340, "margin": {"l": 64, "r": 20, "t": 40, "b": 48},
        "xaxis": {"type": "log", "title": {"text": rate}, "gridcolor": "#8883", "exponentformat": "power", "dtick": 1,
                  "range": [float(np.log10(found.low)), float(np.log10(found.high))]},
        "yaxis": {"title": {"text": loss}, "gridcolor": "#8883", "zeroline": False,
                  "range": [low - 0.1 * max(top - low, 1e-9), top]},
        "shapes": [line | {"line": {"color": "#9aa3b5", "width": 1, "dash": "dash"}}],
        "annotations": [note | {"font": {"size": 11, "color": "#8a93a5"}}],
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    return {"data": curves, "layout": layout}

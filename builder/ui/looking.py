"""Models to look into, and figures of them, kept: a page that is drawn again computes nothing.

Kept under what they depend on: a run's checkpoint file, or the graph and the seed of an untrained one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from builder.graph import Graph
from builder.train import Run
from builder.train.health import FILE
from builder.train.plan import fingerprint
from builder.ui import chart, preview_html
from builder.ui.picker import Item

if TYPE_CHECKING:
    from builder.inspect import Inspector, Sample

KEPT_MODELS, KEPT_FIGURES = 3, 48
WORDS = 90  # letters of a text in a strip


@dataclass(frozen=True)
class Source:
    """A model: a run's best weights, or a graph as it is before training. ``key`` changes when the model does."""

    key: tuple[Any, ...]
    run: Run | None
    graph: Graph | None


def of_run(run: Run) -> Source | None:
    """The best weights of a run; None while there is no checkpoint."""
    path = run.checkpoint("best")
    if path is None:
        return None
    state = path.stat()
    return Source(("run", str(run.path), path.name, state.st_mtime_ns, state.st_size), run, None)


def of_graph(graph: Graph) -> Source:
    """A graph with the weights that a training of its seed would begin with."""
    return Source(("graph", fingerprint(graph), graph.training.get("seed", 0)), None, graph)


def inspector(source: Source) -> Inspector:
    """The model, ready to be looked into.

    Raises:
        CompileError, GraphError, TrainError: the graph or the checkpoint cannot be used.
    """
    return _inspector(source.key, source)


@st.cache_resource(max_entries=KEPT_MODELS, show_spinner=False)
def _inspector(key: tuple[Any, ...], _source: Source) -> Inspector:
    from builder.inspect import Inspector

    given = _source.run if _source.run is not None else _source.graph
    if given is None:
        raise ValueError("A source must have a run or a graph. Got neither.")
    return Inspector(given)


def figure(
    source: Source, view: str, node: str, sample: Sample | None, chosen: Mapping[str, Any], language: str
) -> tuple[dict[str, Any], Any]:
    """A view's figure for a light and a dark page, as ``chart.show`` takes it, and the numbers behind it.

    Neither is to be changed.

    Raises:
        InspectError: the view cannot be drawn so.
    """
    key = (source.key, _recorded(source), view, node, sample.key if sample else None, tuple(chosen.items()), language)
    return _figure(key, lambda: _draw(source, view, node, sample, chosen, language))


def _recorded(source: Source) -> int:
    """What changes when a run records more of its nodes: that may be between two checkpoints."""
    file = source.run.file(FILE) if source.run is not None else None
    return file.stat().st_size if file is not None and file.is_file() else 0


@st.cache_resource(max_entries=KEPT_FIGURES, show_spinner=False)
def _figure(key: tuple[Any, ...], _make: Callable[[], tuple[dict[str, Any], Any]]) -> tuple[dict[str, Any], Any]:
    return _make()


def _draw(
    source: Source, view: str, node: str, sample: Sample | None, chosen: Mapping[str, Any], language: str
) -> tuple[dict[str, Any], Any]:
    from builder.inspect import compute

    model = inspector(source)
    light, data = compute(model, view, node, sample, language=language, **chosen)
    dark, _ = compute(model, view, node, sample, language=language, dark=True, **chosen)  # the numbers are kept
    return chart.both(json.loads(light.to_json() or "{}"), json.loads(dark.to_json() or "{}")), data


# ------------------------------------------------------------------ samples in a strip


def items(source: Source, split: Any, indices: list[int]) -> list[Item]:
    """Some samples of a split as pictures or words, with the name of their class where they have one."""
    key = (source.key, split, tuple(indices))
    return _items(key, lambda: _describe(inspector(source), split, indices))


@st.cache_resource(max_entries=KEPT_FIGURES, show_spinner=False)
def _items(key: tuple[Any, ...], _make: Callable[[], list[Item]]) -> list[Item]:
    return _make()


def _describe(model: Inspector, split: Any, indices: list[int]) -> list[Item]:
    end = model.needed[0] if model.needed else None
    if end is None or not indices:
        return []
    data = model.compiled.dataset(end[0])
    batch = model.batch(split, indices)
    values, targets = batch[end], batch.get((end[0], "y"))
    classes = data.classes
    found = []
    for place, index in enumerate(indices):
        value = values[place].numpy() if len(values) == len(indices) else values.numpy()
        item = Item(id=index, caption=f"#{index}")
        if targets is not None and classes is not None and targets.dim() == 1 and len(targets) == len(indices):
            item["caption"] = str(classes[int(targets[place])])
            item["title"] = f"#{index} · {item['caption']}"
        if value.ndim == 3 and value.shape[0] in (1, 3):
            item["picture"] = preview_html.image_uri(value)
        elif value.dtype == np.int64 and value.ndim == 1 and hasattr(data, "decode"):
            text = data.decode(value.tolist())  # pyright: ignore[reportAttributeAccessIssue]
            item["words"] = text if len(text) <= WORDS else text[: WORDS - 1] + "…"
        found.append(item)
    return found

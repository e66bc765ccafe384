"""What a run has generated: by node, with a slider over the epochs. The latest is shown until a person looks back."""

from __future__ import annotations

import functools
from html import escape
from itertools import groupby
from pathlib import Path

import streamlit as st

from builder.graph import Graph
from builder.train import Run, generated
from builder.train.shown import Generated
from builder.ui import epoch_slider, frame, generated_html, run_store
from builder.ui.markdown import plain
from builder.ui.text import t
from builder.ui.warm import WARMUP

DECODED = 16  # inputs that are written beside what was made from them


@frame.guarded
def draw(run: Run) -> None:
    """Draws a panel for each visualizer that has shown something."""
    found = [(node, list(items)) for node, items in groupby(generated(run), key=lambda item: item.node)]
    if not found:
        return
    st.html(f'<div class="page-section">{escape(t("generated"))}</div>')
    with st.container(key="run_generated"):
        for node, items in found:
            with st.container(key=f"panel_generated_{node.replace('/', '_')}"):
                _node(run, node, items)


def _node(run: Run, node: str, items: list[Generated]) -> None:
    by_epoch = {item.epoch: item for item in items}
    epochs = list(by_epoch)
    with st.container(key=f"generated_head_{node}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<div class="generated-name">{escape(node)}</div>', width="stretch")
        epoch = _epoch(run, node, epochs)
    item = by_epoch[epoch]
    try:
        st.html(_html(run, item))
    except (OSError, ValueError) as error:
        st.caption(t("generated_broken", reason=plain(str(error))))


def _epoch(run: Run, node: str, epochs: list[int]) -> int:
    """The epoch to show: the latest, unless an earlier one was chosen."""
    key = f"generated_{run.name}_{node}"
    if len(epochs) < 2:
        st.html(f'<div class="generated-epoch">{escape(t("epoch_n", n=epochs[0]))}</div>', width="content")
        return epochs[0]
    return int(epoch_slider.draw(epochs, key, t("generated_epoch")))


def _html(run: Run, item: Generated) -> str:
    changed = item.path.stat().st_mtime_ns
    speaks = item.form == "sequences" and WARMUP.ready
    drawn, count = _drawn(run.path, item.path, item.form, changed, speaks)
    shown = generated_html.count_shown(item.form, count)
    note = t("generated_note", n=shown, of=count) if shown < count else ""
    return drawn + (f'<div class="generated-range">{escape(note)}</div>' if note else "")


@functools.lru_cache(maxsize=128)
def _drawn(folder: Path, path: Path, form: str, _changed: int, speaks: bool) -> tuple[str, int]:
    """The HTML of a file, and how many samples it holds."""
    value = generated_html.read(path)
    if form == "images":
        drawn = generated_html.images(value, path.parent.name)
    elif form == "maps":
        drawn = generated_html.maps(value, path.parent.name)
    elif form == "sequences":
        words, given = _words(folder) if speaks else ((), ())
        drawn = generated_html.sequences(value, words, given)
    else:
        drawn = generated_html.vectors(value, path.parent.name)
    return drawn, len(value)


@functools.lru_cache(maxsize=16)
def _words(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What tokens stand for in the run's data set of texts, and the first texts of its validation split."""
    import torch

    import components
    from components import registry
    from components.data._base import TextDataset

    graph = run_store.graph_of(Run(folder)) or Graph()
    kinds = {c.id for c in registry.all_components().values() if c.kind == "dataset"}
    nodes = [data for _, data in graph.nodes(data=True) if data["component"] in kinds]
    if len(nodes) != 1:
        return (), ()
    data = components.create(nodes[0]["component"], **nodes[0]["params"])
    if not isinstance(data, TextDataset):
        return (), ()
    split = data.load("valid")
    first = split.__getitems__(torch.arange(min(DECODED, len(split)))).get("x")
    given = () if first is None else tuple(data.decode(row.tolist()) for row in first)
    return data.target_vocabulary, given

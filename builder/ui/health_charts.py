"""The health of a run's nodes on its page: a figure of all nodes over the epochs, and histograms of one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from builder.train import Run
from builder.train.health import HISTOGRAMS, Figure, figures
from builder.ui import chart, frame, health_store
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

if TYPE_CHECKING:
    pass

KEPT = 32


@frame.guarded
def draw(run: Run) -> None:
    """Draws both, where the run has looked at its nodes."""
    records = health_store.of_run(run)
    known = figures(records)
    if not known or not WARMUP.ready:
        return
    frame.section(t("health_title"))
    with st.container(key="run_health"):
        with st.container(key="panel_health_nodes"):
            if st.session_state.get("health_figure") not in known:
                st.session_state["health_figure"] = known[0]
            figure: Figure = st.selectbox(
                t("health_figure"), known, key="health_figure", format_func=lambda name: t(f"colour_{name}"),
                label_visibility="collapsed", width=280,
            )  # fmt: skip
            chart.show(_vitals(run.path, len(records), figure, language()), f"health_nodes_{run.name}")
        nodes = health_store.nodes_with_histograms(run)
        if nodes:
            with st.container(key="panel_health_histograms"):
                _histograms(run, nodes)


def _histograms(run: Run, nodes: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        key = "health_node"
        if st.session_state.get(key) not in nodes:
            st.session_state[key] = nodes[0]
        node = st.selectbox(t("health_node"), nodes, key=key, label_visibility="collapsed", width=280)
        of: Literal["weights", "gradients"] | None = st.segmented_control(
            t("health_values"), ("weights", "gradients"), key="health_values", required=True, default="weights",
            format_func=lambda name: t(f"health_{name}"), label_visibility="collapsed",
        )  # fmt: skip
    changed = run.file(HISTOGRAMS).stat().st_mtime_ns
    figure = _shapes(run.path, changed, node, of or "weights", language())
    if figure is not None:
        chart.show(figure, f"health_histograms_{run.name}")


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _vitals(path: Path, _looks: int, figure: Figure, language: str) -> dict[str, Any]:
    from builder.inspect.figures.health import health_figure
    from builder.inspect.health import vitals

    found = vitals(Run(path), figure)
    return _both(language, lambda style: health_figure(found, style))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _shapes(path: Path, changed: int, node: str, of: Literal["weights", "gradients"], language: str) -> dict[str, Any]:
    from builder.inspect.figures.health import histograms_figure
    from builder.inspect.health import histograms

    found = histograms(Run(path), node, of)
    return _both(language, lambda style: histograms_figure(found, style))


def _both(language: str, make: Any) -> dict[str, Any]:
    """A figure for a light and a dark page."""
    from builder.inspect import Style

    light, dark = (json.loads(make(Style(language, dark)).to_json()) for dark in (False, True))
    return chart.both(light, dark)

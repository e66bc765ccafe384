"""Figures of the whole graph at the desk: the table of all nodes, and the choice of what colours show."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from builder.train.health import FIGURES
from builder.ui import colouring, commands, differences, drawer, frame, health_panel, numbers, training_legend
from builder.ui.canvas.component import bundle
from builder.ui.catalogue import Catalogue
from builder.ui.checking import Checked
from builder.ui.desk import COLOURINGS, Desk
from builder.ui.facts import drawn_paths, opened, plain_path
from builder.ui.measures import MEASURES, Measure, Measures, measured_state
from builder.ui.node_table import as_csv, as_markdown, table_data
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

MENU = "colour_menu"
TABLE = "node_table"


# ------------------------------------------------------------------ what colours show


def colour_menu(desk: Desk) -> None:
    """The control over the canvas that says what the colours of nodes show."""
    chosen = desk.colouring
    label = t("colour") if chosen == "family" else t(f"colour_{chosen}")
    with (
        st.container(key=f"colour_{'off' if chosen == 'family' else 'on'}", width="content"),
        st.popover(
            label, type="tertiary", icon=":material/palette:", key=MENU, on_change="rerun", help=t("colour_help")
        ),
    ):
        for name in COLOURINGS:
            if name == FIGURES[0]:
                st.html(f'<div class="colour-part">{escape(t("colour_of_run"))}</div>')
            st.button(
                t(f"colour_{name}"), key=f"colour_choice_{name}", type="tertiary", disabled=name == chosen,
                icon=":material/check:" if name == chosen else ":material/palette:", on_click=_colour, args=(desk, name),
            )  # fmt: skip


def _colour(desk: Desk, name: str) -> None:
    st.session_state[MENU] = False
    commands.attempt(desk, f"colour_{name}")


@frame.guarded
def legend(desk: Desk, known: Checked) -> None:
    """The legend of the colours, where they show anything but families; a comparison has colours of its own."""
    if desk.compared is not None:
        return
    if desk.colouring == "optimizer":
        training_legend.draw(desk, known)
    elif desk.colouring in FIGURES:
        health_panel.legend(desk, desk.colouring)
    elif desk.colouring in MEASURES and WARMUP.ready:
        _heat_legend(desk, desk.colouring)


def _heat_legend(desk: Desk, measure: Measure) -> None:
    scale = colouring.scale_of(figures(desk, measure).values())
    with st.container(key="heat_legend", gap=None):
        title = f'<div class="heat-title">{escape(t(f"heat_{measure}"))}</div>'
        if scale is None:
            st.html(f'{title}<div class="legend-none">{escape(t("heat_none"))}</div>', width="content")
            return
        show = numbers.size if measure == "memory" else numbers.short
        st.html(title + colouring.legend_html(scale, show), width="content")


def figures(desk: Desk, measure: Measure) -> dict[str, float]:
    """By id on the canvas, the figures of the nodes that are drawn there; a block that is drawn open has none of its own."""
    rows = {row.path: row for row in measured_state(desk.state).walk()}
    return {id: rows[path].measure(measure) for id, path in drawn_paths(desk) if path in rows}


def canvas_css(desk: Desk) -> str:
    """The style sheet that gives the nodes of the canvas their colours by figures, or by what a comparison found."""
    if desk.compared is not None:
        found = differences.difference_of(desk.compared.state, desk.state)
        return colouring.rules(differences.colours(found, desk))
    if desk.colouring not in MEASURES or not WARMUP.ready:
        return ""
    values = figures(desk, desk.colouring)
    return colouring.heat_css() + colouring.rules(colouring.heat(values, colouring.scale_of(values.values())))


# ------------------------------------------------------------------ the table


@frame.guarded
def table(desk: Desk, catalogue: Catalogue) -> None:
    """The table of all nodes, in the drawer under the canvas."""
    if not WARMUP.ready:
        st.skeleton(height=200)
        return
    measures = measured_state(desk.state)
    with st.container(key="drawer_head", horizontal=True, wrap=False, gap=None):
        note = f"<span>{escape(t('table_note'))}</span>"
        st.html(f'<div class="drawer-title">{escape(t("table_title"))}{note}</div>')
        chosen = language()
        _download("csv", "text/csv", functools.partial(as_csv, measures, catalogue, chosen), desk)
        _download("markdown", "text/markdown", functools.partial(as_markdown, measures, catalogue, chosen), desk)
        drawer.close_button(desk)
    with st.container(key="drawer_body"):
        if not measures.rows:
            st.html(f'<div class="drawer-empty">{escape(t("table_empty"))}</div>')
            return
        _mount(table_data(measures, catalogue, _selected(desk, measures), chosen), functools.partial(_choose, desk))


def _download(kind: str, mime: str, make: Callable[[], str], desk: Desk) -> None:
    ending = {"csv": "csv", "markdown": "md"}[kind]
    st.download_button(
        t(f"table_{kind}"), data=lambda: ("﻿" if kind == "csv" else "") + make(), mime=mime, key=f"table_{kind}",
        file_name=f"{desk.file or 'nodes'}.{ending}", type="tertiary", icon=":material/download:",
        help=t(f"table_{kind}_help"), on_click="ignore", width="content",
    )  # fmt: skip


def _selected(desk: Desk, measures: Measures) -> list[str]:
    """The rows of the selected nodes."""
    prefix, _ = opened(desk.graph, desk.scope)
    wanted = {prefix + node for node in desk.selection}
    return [row.path for row in measures.walk() if row.path in wanted]


@functools.cache
def _renderer() -> Callable[..., Any]:
    from streamlit.components import v2

    return v2.component("layerloom_node_table", js=bundle("dom", "table"), isolate_styles=False)


def _mount(data: dict[str, Any], on_choose: Callable[[], None]) -> None:
    _renderer()(key=TABLE, data=data, height="stretch", on_chosen_change=on_choose)


def _choose(desk: Desk) -> None:
    """Shows the node of the row that was chosen; a path that is none leads nowhere."""
    path = st.session_state[TABLE]["chosen"]
    row = next((row for row in measured_state(desk.state).walk() if row.path == path), None)
    if row is not None:
        desk.show(plain_path(row.path.rpartition("/")[0] if row.is_copy else row.path))

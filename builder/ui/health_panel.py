"""How nodes have fared in the latest run of the graph at the desk: their colours and badges, a legend, a slider over epochs.

It is a fragment of its own that looks into run folders by the clock, so that an edit never waits for a disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from builder.graph import Document
from builder.train import Run
from builder.train.health import FIGURES, Figure, Record, illnesses
from builder.ui import app_shell, colouring, epoch_slider, frame, health_store
from builder.ui.canvas.component import mount_paint
from builder.ui.desk import Desk
from builder.ui.facts import drawn_paths, opened, plain_path
from builder.ui.markdown import plain
from builder.ui.text import language, t

SECONDS = 2.0  # between two looks into the folder of a run that goes on
LISTED = 6  # nodes that are ill
SIGNS: dict[Figure, str] = {"dead": "†", "gradient": "‖∇‖", "update": "Δ/w", "rms": "rms", "std": "σ", "mean": "μ"}
_LOOK, _DRAWN, _LEAVE = "health_look", "health_drawn", "health_leave"


@dataclass(frozen=True)
class Look:
    """What was found for a state of a graph: its latest run, what that has recorded, whether it goes on and has weights."""

    state: Document
    run: Run | None = None
    records: Sequence[Record] = ()
    live: bool = False
    ready: bool = False


def arrive() -> None:
    """Forgets what was found: the page is drawn anew, and runs may have come and gone. Leaves for a node's output where asked to."""
    if st.session_state.pop(_LEAVE, False):
        app_shell.open_page("inspect")
    st.session_state.pop(_LOOK, None)


def legend(desk: Desk, figure: Figure) -> None:
    """Draws the legend, and lets the canvas wear the colours."""
    look: Look | None = st.session_state.get(_LOOK)
    settled = look is not None and look.state is desk.state and not look.live
    st.fragment(_legend, run_every=None if settled else SECONDS)(desk, figure, object())


@frame.guarded
def _legend(desk: Desk, figure: Figure, drawing: object) -> None:
    """``drawing`` is the same as before where the clock has called, and another where the desk is drawn, after an edit for example."""
    by_clock = st.session_state.get(_DRAWN) is drawing
    st.session_state[_DRAWN] = drawing
    look: Look | None = st.session_state.get(_LOOK)
    if look is None or by_clock:
        look = st.session_state[_LOOK] = _find(desk)
    _draw(desk, figure, look)


def _draw(desk: Desk, figure: Figure, look: Look) -> None:
    with st.container(key="heat_legend", gap=None):
        st.html(f'<div class="heat-title">{escape(t(f"heat_{figure}"))}</div>', width="content")
        records = look.records
        if look.run is None or not records:
            st.html(f'<div class="legend-none">{escape(t("health_soon" if look.run else "health_none"))}</div>')
            mount_paint("")
            return
        scale = health_store.scale_of(records, figure)
        if scale is None:
            st.html(f'<div class="legend-none">{escape(t("heat_none"))}</div>', width="content")
        else:
            st.html(colouring.legend_html(scale, _percent if figure == "dead" else _short), width="content")
        by_epoch = {record.epoch: record for record in records}
        epochs = list(by_epoch)
        shown = epochs[0]
        if len(epochs) > 1:
            shown = epoch_slider.draw(epochs, f"health_epoch_{look.run.name}", t("health_epoch"), 300)
        record = by_epoch[shown]
        paths = dict(drawn_paths(desk))
        heat = colouring.rules(colouring.heat(health_store.figures(record, figure, paths), scale))
        marks = health_store.marks_css(health_store.ills(record, paths), paths, language())
        mount_paint("\n".join((colouring.heat_css(), heat, marks)))
        if not _selected(desk, look.run, record, look.ready):
            _ill(desk, record)


def _find(desk: Desk) -> Look:
    """Looks into the folders of runs."""
    found = health_store.latest(desk.graph)
    if found is None:
        return Look(desk.state)
    run = found.run
    return Look(desk.state, run, health_store.of_run(run), found.status.alive, run.checkpoint() is not None)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _short(value: float) -> str:
    return f"{value:.2g}"


def _said(figure: Figure, value: float) -> str:
    return _percent(value) if figure == "dead" else _short(value)


def _selected(desk: Desk, run: Run, record: Record, ready: bool) -> bool:
    """The figures of the node that is selected, and the way to its output; whether there is such a node."""
    if len(desk.selection) != 1:
        return False
    prefix, _ = opened(desk.graph, desk.scope)
    path = prefix + desk.selection[0]
    figures = record.nodes.get(path)
    if figures is None:
        return False
    shown = "".join(
        f'<span title="{escape(t(f"colour_{name}"))}"><i>{SIGNS[name]}</i>{escape(_said(name, figures[name]))}</span>'
        for name in FIGURES
        if name in figures
    )
    st.html(f'<div class="health-node"><b>{escape(path)}</b>{shown}</div>', width="content")
    if ready and "rms" in figures and st.button(
        t("health_output"), key="health_output", type="tertiary", icon=":material/search_insights:",
        help=t("health_output_help", node=plain(path)),
    ):  # fmt: skip
        st.session_state["inspect_run"] = run.name
        st.session_state["inspect_node"] = st.session_state["inspect_node_output"] = path
        st.session_state["inspect_topic"], st.session_state["inspect_pick"] = "inside", "output"
        st.session_state[_LEAVE] = True
        st.rerun()  # the page as a whole goes on from here, not a fragment within a fragment
    return True


def _ill(desk: Desk, record: Record) -> None:
    """The nodes that are ill, each leading to its place; what is inside of a block too."""
    found = illnesses(record)
    said = t("health_well") if not found else t("health_ill_one") if len(found) == 1 else t("health_ill", n=len(found))
    st.html(
        f'<div class="health-state {"is-ill" if found else "is-well"}"><i></i>{escape(said)}</div>', width="content"
    )
    with st.container(key="health_list", horizontal=True, gap=None):
        for number, (path, list_) in enumerate(list(found.items())[:LISTED]):
            label = f"{plain(path)} {plain(' '.join(ill.sign for ill in list_))}"
            words = plain(" ".join(ill.text(language()) for ill in list_))
            if st.button(label, key=f"health_show_{number}", type="tertiary", help=words, width="content"):
                desk.show(plain_path(path))
                st.rerun()

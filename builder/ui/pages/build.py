"""The Build page: palette, canvas and inspector around one desk. All of it is one fragment, so an edit reruns nothing else."""

from __future__ import annotations

import streamlit as st

from builder.ui import (
    analysis_panel,
    block_library,
    clipboard,
    commands,
    compare_panel,
    files,
    health_panel,
    inspector,
    reactions,
    session,
    suggestions,
    theme,
    toolbar,
)
from builder.ui.canvas import events, spoken
from builder.ui.canvas.component import mount_bridge, mount_canvas, mount_palette, mount_ways
from builder.ui.canvas.expanded import drawn
from builder.ui.canvas.ways import ways_of
from builder.ui.catalogue import Catalogue
from builder.ui.checking import Checked, checked
from builder.ui.desk import Desk
from builder.ui.finder_text import FINDER_TEXTS
from builder.ui.outline import outline
from builder.ui.palette import palette_data
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

BRIDGE_STRINGS = (
    "gestures_mouse", "gestures_mouse_list", "gestures_keys", "gestures_keys_list", "empty_title", "empty_hint", "port_in",
    "port_out", "spoken_canvas", "spoken_help", "spoken_node", "suggest_search", "suggest_wait", "suggest_none", "paste_large",
    "context_menu",
)  # fmt: skip
NEED_COMPONENTS = (
    events.Add, events.Command, events.Connect, events.Extend, events.Insert, events.Paste, events.Rewire, events.Suggest,
)  # fmt: skip


def page() -> None:
    """Draws the page."""
    health_panel.arrive()
    _build()


@st.fragment
def _build() -> None:
    WARMUP.check_failure()
    catalogue = WARMUP.wait_for_catalogue()
    desk = files.at_once(session.current())
    known = checked(desk)
    _bridge(desk, catalogue)
    _canvas(desk, catalogue, known)
    if not session.keep(desk):  # only now: the disk may be slow, and the canvas is what a person waits for
        st.rerun()  # to say so
    toolbar.draw(desk, known)
    with st.container(key="palette"):
        mount_palette(palette_data(catalogue, desk.blocks, bool(desk.scope), language(), block_library.kept()))
    _drawer(desk, catalogue)
    with st.container(key="inspector"):
        inspector.draw(desk, catalogue, known)


def _drawer(desk: Desk, catalogue: Catalogue) -> None:
    """What lies under the canvas: nothing, the table of nodes, or a comparison."""
    if desk.compared is None and not desk.table:
        return
    with st.container(key="drawer"):
        if desk.compared is not None:
            compare_panel.panel(desk, desk.compared)
        else:
            analysis_panel.table(desk, catalogue)


def _bridge(desk: Desk, catalogue: Catalogue) -> None:
    data = {
        "desk": desk.id,
        "language": language(),
        "strings": {key: t(key) for key in (*BRIDGE_STRINGS, *FINDER_TEXTS)},
        "outline": outline(desk.graph, catalogue),
        "scope": "/".join(desk.scope).split("/") if desk.scope else [],
        "places": spoken.places(language()),
        "commands": commands.as_data(desk, language()),
        "starters": starters(desk),
        "notices": [{"id": n.id, "kind": n.kind, "text": n.text(language())} for n in desk.fresh_notices],
        "waiting": not WARMUP.ready,
        "focus": {
            "id": desk.focus.number,
            "nodes": [desk.canvas_id(node) for node in desk.focus.nodes],
            "closer": desk.focus.closer,
        },
        "fresh": {"id": desk.fresh.number, "node": desk.canvas_id(desk.fresh.node)},
        "arranged": desk.arranged,
        "copied": clipboard.fresh(desk),
        "suggestions": suggestions.as_data(desk, catalogue, language()),
        "families": theme.family_css({entry.family for entry in catalogue.values()})
        + theme.turn_css()
        + analysis_panel.canvas_css(desk),
    }
    with st.container(key="bridge_slot"):
        mount_bridge(data, _on_events)


def starters(desk: Desk) -> list[dict[str, str]]:
    """The first steps that an empty graph offers, for the browser; none once there is something."""
    if len(desk.graph):
        return []
    names = [name for name in commands.COMMANDS if name.startswith("start_")]
    texts = [(commands.COMMANDS[name], t(f"{name}_about")) for name in names]
    return [
        {"name": each.name, "label": each.label(language()), "about": about, "icon": each.icon} for each, about in texts
    ]


def _on_events() -> None:
    batch = events.parse(st.session_state["bridge"]["events"])
    if any(isinstance(event, NEED_COMPONENTS) for event in batch.events):
        WARMUP.wait()
    reactions.take(session.current(), batch)


def _canvas(desk: Desk, catalogue: Catalogue, known: Checked) -> None:
    nodes, edges = drawn(desk, catalogue, known, language())
    client = next(reversed(desk.acks), "")
    view = "/".join((desk.id, *desk.shown))
    with st.container(key="canvas"):
        mount_canvas(nodes, edges, {"client": client, "ack": desk.acks.get(client, 0), "view": view})
    with st.container(key="ways_slot"):
        mount_ways(view, ways_of(nodes, edges))  # found while the browser draws

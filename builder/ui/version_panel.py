"""The dialog with the versions of the graph on the desk: a drawing of each, what changed, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from builder.graph import Graph, GraphError
from builder.graph.difference import difference
from builder.ui import compare_panel, differences, entry, files, frame, times, versions
from builder.ui.desk import Desk
from builder.ui.entry import Entry
from builder.ui.markdown import plain
from builder.ui.text import language, t, text
from builder.ui.thumbnail import thumbnail
from builder.ui.versions import Version
from builder.ui.warm import WARMUP

STEP = 12  # versions that are drawn at once


def title(desk: Desk) -> str:
    """The heading of the dialog."""
    return t("versions_title", name=plain(desk.file or desk.titled(language()) or t("untitled")))


@frame.guarded
def draw(desk: Desk) -> None:
    """Draws the dialog's content."""
    if desk.file is None:
        frame.empty("history", t("versions_no_file"))
        return
    found = versions.of(desk.file)
    if not found:
        frame.empty("history", t("versions_none"))
        return
    catalogue = WARMUP.wait_for_catalogue()
    shown = st.session_state.get("versions_shown", STEP)
    graphs = [_graph(version) for version in found[: shown + 1]]
    words = changes(graphs[0], desk.graph, language()) if graphs[0] is not None else ""
    _row("now", t("versions_now"), t("versions_unsaved") if desk.dirty else "", words, thumbnail(desk.graph, catalogue))
    for place, version in enumerate(found[:shown]):
        before = graphs[place + 1] if place + 1 < len(graphs) else None
        _version(desk, version, entry.read(version.path, catalogue), changes(before, graphs[place], language()))
    if len(found) > shown:
        st.button(
            t("mine_all_shown", n=min(STEP, len(found) - shown)),
            key="versions_more",
            on_click=_more,
            args=(shown + STEP,),
        )
    st.caption(t("versions_about", kept=versions.KEPT))


def _more(shown: int) -> None:
    st.session_state["versions_shown"] = shown


def _graph(version: Version) -> Graph | None:
    """The graph of a version; None where its file cannot be read, which its row says."""
    try:
        return version.graph()
    except GraphError:
        return None


def _version(desk: Desk, version: Version, drawn: Entry, words: str) -> None:
    when = times.moment(version.time, language())
    if drawn.error:
        _row(version.digest, when, "", drawn.error[language() == "zh"], "")
        return
    with (
        _row(version.digest, when, "", words, drawn.drawing),
        st.container(horizontal=True, width="content", gap="small"),
    ):
        if st.button(t("versions_restore"), key=f"version_restore_{version.digest}", icon=":material/history:"):
            _attempt(lambda: files.restore(desk, version))
        if st.button(
            t("versions_compare"), key=f"version_compare_{version.digest}", type="tertiary", help=t("versions_compare_help")
        ):  # fmt: skip
            compare_panel.begin(desk, version.graph, *(times.moment(version.time, lang) for lang in ("en", "zh")))
        if st.button(t("versions_copy"), key=f"version_copy_{version.digest}", type="tertiary"):
            _attempt(lambda: files.open_graph(version.graph()))


def _attempt(act: Callable[[], Any]) -> None:
    try:
        act()
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    st.rerun()


def _row(key: str, when: str, mark: str, words: str, drawing: str) -> DeltaGenerator:
    row = st.container(key=f"version_row_{key}", horizontal=True, wrap=False, vertical_alignment="center")
    note = f"<em>{escape(mark)}</em>" if mark else ""
    row.html(f'<div class="version-picture">{drawing}</div>', width=132)
    row.html(f'<div class="version-words"><strong>{escape(when)}</strong>{note}<p>{escape(words)}</p></div>')
    return row


def changes(before: Graph | None, after: Graph | None, language: str) -> str:
    """What a state changed in the one before it, in a few words."""
    if after is None:
        return ""
    size = text("open_nodes", language, n=len(after))
    if before is None:
        return size
    words = [word for _, word in differences.words(difference(before, after), language)]
    return " · ".join((size, *(words or [text("versions_equal", language)])))

"""Recent work and the bin on the Gallery page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from builder.graph import Graph
from builder.ui import app_shell, entry, frame, page_notice, saved_graphs, session, times
from builder.ui.card_html import card
from builder.ui.catalogue import Catalogue
from builder.ui.saved_graphs import Deleted
from builder.ui.text import language, t


def draw_recent(catalogue: Catalogue) -> None:
    """Draws a card for each desk that was left."""
    found = session.recent(but=session.current().id)
    if not found:
        frame.empty("history", t("recent_empty"), t("open_nothing_recent"))
    with st.container(key="gallery_grid_recent"):
        for each in found:
            drawn = entry.read(session.file_of(each.id), catalogue, _kept_graph)
            title = (each.title_zh if language() == "zh" else each.title) or t("untitled")
            where = t("recent_file", name=each.file) if each.file else t("recent_unsaved")
            foot = f"{times.moment(each.changed_at, language())} · {where}"
            with st.container(key=f"gallery_card_recent_{each.id}"):
                st.html(card(drawn, (), [t("gallery_nodes", n=each.nodes)], foot, title=title))
                if st.button(t("gallery_open"), key=f"gallery_open_recent_{each.id}", disabled=drawn.error is not None):
                    app_shell.open_page("build", **{session.PARAMETER: each.id})


def _kept_graph(path: Path) -> Graph:
    return session.read_desk(path.stem, path.read_bytes()).graph


def draw_bin(catalogue: Catalogue) -> None:
    """Draws a card for each deleted graph."""
    found = saved_graphs.deleted()
    if not found:
        frame.empty("delete", t("bin_empty"), t("bin_empty_hint"))
        return
    with st.container(key="bin_tools", horizontal=True, horizontal_alignment="right"):
        if st.button(t("bin_empty_button"), key="bin_empty", icon=":material/delete_forever:"):
            st.dialog(t("bin_empty_title"))(_empty)(len(found))
    with st.container(key="gallery_grid_bin"):
        for each in found:
            drawn = entry.read(each.path / f"{each.name}.json", catalogue)
            foot = f"{each.name}.json · {t('bin_when', when=times.moment(each.time, language()))}"
            with st.container(key=f"gallery_card_bin_{each.path.name}"):
                st.html(card(drawn, (), [t("gallery_nodes", n=drawn.nodes)], foot))
                st.button(t("bin_restore"), key=f"bin_restore_{each.path.name}", on_click=_restore, args=(each,))


def _restore(graph: Deleted) -> None:
    def act() -> None:
        name = saved_graphs.restore(graph)
        page_notice.say(f"“{name}” is among my graphs again.", f"“{name}”已恢复到“我的图”。")

    page_notice.attempt(act)


def _empty(amount: int) -> None:
    st.markdown(t("bin_empty_ask", n=amount))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("cancel"), key="bin_cancel"):
            st.rerun()
        if st.button(t("bin_empty_confirm"), key="bin_confirm", type="primary"):
            page_notice.attempt(saved_graphs.empty_bin)
            st.rerun()

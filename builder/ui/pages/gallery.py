"""The Gallery page: graphs to open, as cards with a drawing of the graph."""

from __future__ import annotations

from html import escape

import streamlit as st

from builder.graph import load
from builder.ui import app_shell, files, frame, gallery, numbers, session
from builder.ui.catalogue import Catalogue
from builder.ui.gallery import Entry
from builder.ui.markdown import plain
from builder.ui.text import language, t
from builder.ui.warm import WARMUP


@frame.guarded
def page() -> None:
    """Draws the page."""
    WARMUP.check_failure()
    session.current()
    with st.container(key="page_gallery"):
        frame.heading(t("page_gallery"), t("gallery_about"))
        _cards(WARMUP.wait_for_catalogue())


def _cards(catalogue: Catalogue) -> None:
    found = gallery.entries(catalogue)
    counts = gallery.known_parameters(found)
    areas = [area for area in gallery.AREAS if any(entry.area == area for entry in found)]
    with st.container(key="gallery_filters", horizontal=True, vertical_alignment="center"):
        query = st.text_input(
            t("gallery_search"),
            key="gallery_search",
            placeholder=t("gallery_search"),
            label_visibility="collapsed",
            icon=":material/search:",
            width=260,
        )
        area = st.pills(
            t("gallery_area"),
            areas,
            format_func=lambda name: t(f"area_{name}"),
            key="gallery_area",
            label_visibility="collapsed",
            width="content",
        )
    shown = [entry for entry in found if entry.matches(query, area)]
    if not shown:
        frame.empty("search_off", t("gallery_none"), t("gallery_none_hint"))
    for name in areas:
        inside = [entry for entry in shown if entry.area == name]
        if inside:
            frame.section(t(f"area_{name}"))
            with st.container(key=f"gallery_grid_{name}"):
                for entry in inside:
                    _card(entry, counts)
    if len(counts) < len(found):
        st.fragment(_count, run_every=1.0)(found)


def _count(found: list[Entry]) -> None:
    """Counts parameters once torch is there; the cards show them then."""
    if WARMUP.ready:
        gallery.count_parameters(found, seconds=4.0)
        st.rerun()


def _card(entry: Entry, counts: dict[str, int | None]) -> None:
    with st.container(key=f"gallery_card_{entry.name}"):
        st.html(_html(entry, counts))
        st.button(
            t("gallery_open"),
            key=f"gallery_open_{entry.name}",
            disabled=entry.error is not None,
            on_click=_ask,
            args=(entry,),
        )
    if st.session_state.get("gallery_asked") == entry.name:
        del st.session_state["gallery_asked"]
        desk = st.session_state.get("desk")
        if desk is not None and desk.dirty:
            st.dialog(t("gallery_leave_title"))(_leave)(entry, desk.titled(language()) or t("untitled"))
        else:
            _open(entry)


def _ask(entry: Entry) -> None:
    st.session_state["gallery_asked"] = entry.name


def _leave(entry: Entry, title: str) -> None:
    st.markdown(t("gallery_leave", title=plain(title)))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("cancel"), key="gallery_cancel"):
            st.rerun()
        if st.button(t("gallery_leave_open"), key="gallery_confirm", type="primary"):
            _open(entry)


def _open(entry: Entry) -> None:
    files.open_graph(load(entry.path))
    app_shell.open_page("build")


def _html(entry: Entry, counts: dict[str, int | None]) -> str:
    lang = language()
    if entry.error:
        reason = t("gallery_broken", reason=entry.error[lang == "zh"])
        return f'<div class="card-body"><h3>{escape(entry.name)}</h3><p>{escape(reason)}</p></div>'
    facts = [t("gallery_nodes", n=entry.nodes)]
    if counts.get(entry.name):
        facts.append(t("facts_parameters", n=numbers.short(counts[entry.name] or 0)))
    if entry.epochs:
        facts.append(t("gallery_epochs", n=entry.epochs))
    tags = [entry.meta_text("task", lang), entry.meta_text("era", lang)]
    chips = "".join(f"<span>{escape(tag)}</span>" for tag in tags if tag)
    source = escape(entry.meta_text("source", lang))
    about = escape(entry.meta_text("description", lang))
    return (
        f'<div class="card-picture">{entry.drawing}</div><div class="card-body"><div class="card-tags">{chips}</div>'
        f'<h3>{escape(entry.title(lang))}</h3><p title="{about}">{about}</p>'
        f'<div class="card-facts">{escape(" · ".join(facts))}</div>'
        f'<div class="card-source" title="{source}">{source}</div></div>'
    )

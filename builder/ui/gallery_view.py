"""The gallery on its page: filters that the address keeps, and a card for each graph."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from builder.graph import load
from builder.ui import address, app_shell, files, frame, gallery, links, numbers
from builder.ui.card_html import card, copied_link
from builder.ui.catalogue import Catalogue
from builder.ui.entry import Entry
from builder.ui.text import language, t
from builder.ui.warm import WARMUP


def draw(catalogue: Catalogue) -> None:
    """Draws filters and cards."""
    found = gallery.entries(catalogue)
    chosen, sort = _filters(found)
    shown = chosen.chosen(found, sort, language())
    counts = gallery.known_parameters(found)
    if not shown:
        frame.empty("search_off", t("gallery_none"), t("gallery_none_hint"))
    with st.container(key="gallery_grid_all"):
        for each in shown:
            _card(each, counts)
    if len(counts) < len(found):
        st.fragment(_count, run_every=1.0)(found)


def _filters(found: list[Entry]) -> tuple[gallery.Filter, str]:
    by_slug = {slug(task): task for task in gallery.tasks(found)}
    labels = {slug(each.task): each.meta_text("task", language()) for each in found}
    amount = {task: sum(each.task == task for each in found) for task in by_slug.values()}
    address.seed_text("gallery_search", "q")
    address.seed_many("gallery_task", "task", by_slug)
    address.seed_many("gallery_era", "era", gallery.ERAS)
    address.seed_one("gallery_sort", "sort", gallery.SORTS, gallery.SORTS[0])
    with st.container(key="gallery_filters", horizontal=True, vertical_alignment="center"):
        query = st.text_input(
            t("gallery_search"), key="gallery_search", placeholder=t("gallery_search"), label_visibility="collapsed",
            icon=":material/search:", width=260, live=True,
        )  # fmt: skip
        eras = st.pills(
            t("gallery_era"), list(gallery.ERAS), selection_mode="multi", format_func=lambda name: t(f"era_{name}"),
            key="gallery_era", label_visibility="collapsed",
        )  # fmt: skip
        sort = st.selectbox(
            t("gallery_sort"), gallery.SORTS, format_func=lambda name: t(f"sort_{name}"), key="gallery_sort",
            label_visibility="collapsed", width=150,
        )  # fmt: skip
    with st.container(key="gallery_tasks", horizontal=True, vertical_alignment="center"):
        tasks = st.pills(
            t("gallery_task"), list(by_slug), selection_mode="multi",
            format_func=lambda name: f"{labels[name]} {amount[by_slug[name]]}", key="gallery_task",
            label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        chosen = gallery.Filter(query, [by_slug[name] for name in tasks], eras)
        if query or tasks or eras:
            n = sum(chosen.matches(each) for each in found)
            st.caption(t("gallery_shown", n=n, all=len(found)), width="content")
            st.button(t("gallery_clear"), key="gallery_clear", type="tertiary", on_click=_clear)
    address.keep(q=query, task=tasks, era=eras, sort="" if sort == gallery.SORTS[0] else sort)
    return chosen, sort


def _clear() -> None:
    st.session_state["gallery_search"] = ""
    st.session_state["gallery_task"] = []
    st.session_state["gallery_era"] = []


def slug(task: str) -> str:
    """A task as the address has it: ``image-classification``."""
    return "-".join(task.lower().split())


def _count(found: list[Entry]) -> None:
    """Counts parameters once torch is there; the cards show them then."""
    if WARMUP.ready:
        gallery.count_parameters(found, seconds=4.0)
        st.rerun()


def _card(each: Entry, counts: dict[str, int | None]) -> None:
    lang = language()
    facts = [t("gallery_nodes", n=each.nodes)]
    if counts.get(each.name):
        facts.append(t("facts_parameters", n=numbers.short(counts[each.name] or 0)))
    if each.epochs:
        facts.append(t("gallery_epochs", n=each.epochs))
    tags = [each.meta_text("task", lang), str(each.year or "")]
    with st.container(key=f"gallery_card_{each.name}"):
        st.html(
            card(each, tags, facts, each.meta_text("source", lang), copied_link(f"./?{links.GRAPH}={quote(each.name)}"))
        )
        if st.button(t("gallery_open"), key=f"gallery_open_{each.name}", disabled=each.error is not None):
            with st.spinner(t("open_working")):
                files.open_graph(load(each.path))
            app_shell.open_page("build")

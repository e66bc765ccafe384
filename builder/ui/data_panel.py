"""The data of the graph on the desk: what they are, and a table or images of one's own in their place."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.ui import data_edit, data_look, data_own, frame, preview_html
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.markdown import plain
from builder.ui.text import language, t
from builder.ui.warm import WARMUP


def data_nodes(desk: Desk) -> list[str]:
    """The nodes of the graph on the desk that give data."""
    datasets = {entry.id for entry in (WARMUP.catalogue or {}).values() if entry.kind == "dataset"}
    return data_edit.data_nodes(desk.graph, datasets)


def draw(desk: Desk) -> None:
    """Draws the panel."""
    st.fragment(_draw, run_every=None if WARMUP.ready else 0.5)(desk, WARMUP.ready)


@frame.guarded
def _draw(desk: Desk, was_ready: bool) -> None:
    nodes = data_nodes(desk)
    if not nodes:
        frame.empty("database", t("data_none"), t("data_none_hint"))
        return
    if not WARMUP.ready:
        WARMUP.check_failure()
        st.skeleton(height=320)
        return
    if not was_ready:
        st.rerun()
    node = nodes[0]
    if len(nodes) > 1:
        chosen = st.segmented_control(
            t("data_node"), nodes, key="data_node", format_func=plain, label_visibility="collapsed", default=nodes[0]
        )
        node = chosen if chosen in nodes else nodes[0]
    with st.container(key="data_main"):
        with st.container(key="panel_data"):
            _shown(desk, node)
        with st.container(key="panel_own"):
            data_own.draw(desk, node)


def _shown(desk: Desk, node: str) -> None:
    from components import registry

    data = desk.graph.nodes[node]
    entry = registry.get(data["component"])
    name, about = (entry.name_zh, entry.help_zh) if language() == "zh" else (entry.name, entry.doc.summary)
    st.html(
        f'<div class="data-head"><div><h2>{escape(name)}</h2><p>{escape(about)}</p></div>'
        f'<code>{escape(node)}</code></div><div class="data-source">{escape(entry.source)}</div>'
    )
    if desk.history.undo_label == "data" and st.button(
        t("data_undo"), key="data_undo", type="tertiary", icon=":material/undo:"
    ):
        desk.undo()
        st.rerun()  # all of the page: the check has changed
    if "upload" in entry.tags and not data["params"].get("file"):
        st.info(t("data_upload_first"), icon=":material/upload_file:")
        return
    params = _values(desk, node)
    if "download" in entry.tags and not _fetched(data["component"], params):
        return
    try:
        found = data_look.look(data["component"], params)
    except Exception as error:  # whatever a person's file or a missing package brings
        if not hasattr(error, "message_zh"):
            raise
        st.error(plain(frame.said(error)))
        return
    st.html(preview_html.sizes(found, language()))
    if found["balance"]:
        frame.section(t("data_balance"))
        st.html(preview_html.balance(found["balance"], language()))
    frame.section(t("data_samples"))
    st.html(preview_html.samples(found, language()))
    st.caption(t("data_samples_note"))


def _values(desk: Desk, node: str) -> dict[str, Any]:
    """The parameters of a data node, as the check completed them."""
    report = checked(desk).report
    if report is not None and node in report.nodes:
        return dict(report.nodes[node].params)
    return dict(desk.graph.nodes[node]["params"])


# ------------------------------------------------------------------ data that are downloaded


def _fetched(component: str, params: Mapping[str, Any]) -> bool:
    """Whether downloaded data are here; if not, offers to fetch them, with progress."""
    from components import registry

    data = registry.create(component, **params)
    if data.present():
        return True
    st.info(t("data_download"), icon=":material/cloud_download:")
    place = st.empty()
    if not place.button(t("data_fetch"), key="data_fetch", icon=":material/download:"):
        return False
    bar = place.progress(0.0, text=t("data_fetching"))

    def progress(done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        size = f"{done / 1e6:.1f} / {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
        bar.progress(share, text=f"{t('data_fetching')} {size}")

    try:
        data.prepare(progress)
    except Exception as error:
        if not hasattr(error, "message_zh"):
            raise
        place.error(plain(frame.said(error)))
        return False
    place.empty()
    return True

"""The dialogs that a desk asks for: save, open, upload, versions, replace; and the pages that the file menu leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from builder.graph import GraphError, load, loads
from builder.ui import (
    app_shell,
    block_dialogs,
    compare_panel,
    comparison_dialog,
    entry,
    files,
    frame,
    gallery,
    graph_import,
    graph_pack,
    replace_panel,
    saved_graphs,
    session,
    times,
    version_panel,
)
from builder.ui.desk import Desk
from builder.ui.entry import Entry
from builder.ui.markdown import plain
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

MOST = 60  # rows of a list; the others are found by searching


def draw(desk: Desk) -> None:
    """Opens the dialog that was asked for."""
    asked, desk.dialog = desk.dialog, None
    if asked in ("save", "save_as"):
        st.dialog(t("save_title"))(_save)(desk)
    elif asked == "open":
        st.dialog(t("open_title"), width="medium")(_open)(desk)
    elif asked == "upload":
        st.dialog(t("upload_title"))(_upload)()
    elif asked == "versions":
        st.dialog(version_panel.title(desk), width="medium")(version_panel.draw)(desk)
    elif asked == "compare":
        st.dialog(t("compare_title"), width="medium")(compare_panel.choose)(desk)
    elif asked == "replace":
        replace_panel.ask(desk)
    elif asked == comparison_dialog.DIALOG:
        comparison_dialog.ask(desk)
    elif asked == "gallery":
        app_shell.open_page("gallery")
    elif asked == "manage":
        app_shell.open_page("gallery", view="mine")
    elif asked == block_dialogs.KEEP:
        block_dialogs.keep(desk)
    elif asked == block_dialogs.LIBRARY:
        block_dialogs.library()


# ------------------------------------------------------------------ save


def _save(desk: Desk) -> None:
    with st.form("save_form", border=False):
        name = st.text_input(t("save_name"), value=files.name_for(desk), key="save_name", max_chars=80)
        taken = _taken(name, desk)
        asked = taken and st.session_state.get("save_replacing") == name
        if asked:
            st.warning(t("save_exists"))
        label = t("save_replace") if asked else t("save_button")
        pressed = st.form_submit_button(label, key="save_confirm", type="primary")
    if not pressed:
        return
    if taken and not asked:
        st.session_state["save_replacing"] = name
        st.rerun(scope="fragment")
    try:
        with st.spinner(t("save_working")):
            files.save(desk, name)
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    st.session_state.pop("save_replacing", None)
    st.rerun()


def _taken(name: str, desk: Desk) -> bool:
    """Whether another graph has the name; one that is none is said when the button is pressed."""
    try:
        return saved_graphs.exists(name) and name.strip().removesuffix(".json") != desk.file
    except GraphError:
        return False


# ------------------------------------------------------------------ open


def _open(desk: Desk) -> None:
    query = st.text_input(
        t("open_search"), key="open_search", placeholder=t("open_search"), label_visibility="collapsed",
        icon=":material/search:", live=True,
    )  # fmt: skip
    catalogue = WARMUP.wait_for_catalogue()
    gallery_tab, saved, recent = st.tabs([t("open_gallery"), t("open_saved"), t("open_recent")])
    with gallery_tab:
        _rows([each for each in gallery.entries(catalogue) if each.says(query)], query, "", _gallery_row)
    with saved:
        mine = [entry.read(each.path, catalogue) for each in saved_graphs.saved()]
        shown = [each for each in mine if each.says(query)]
        _rows(shown, query, "" if mine else "open_nothing_saved", _saved_row)
        if mine and st.button(t("file_manage"), key="open_manage", icon=":material/folder_managed:", type="tertiary"):
            app_shell.open_page("gallery", view="mine")
    with recent:
        kept = session.recent(but=desk.id)
        words = query.lower().split()
        shown = [each for each in kept if all(word in f"{each.title} {each.title_zh}".lower() for word in words)]
        _rows(shown, query, "" if kept else "open_nothing_recent", _recent_row)


def _rows(found: Sequence[Any], query: str, nothing: str, row: Callable[[Any], None]) -> None:
    if not found:
        st.caption(t(nothing) if nothing else t("open_nothing_found", query=plain(query)))
    for each in found[:MOST]:
        row(each)
    if len(found) > MOST:
        st.caption(t("open_more", n=len(found) - MOST))


def _gallery_row(each: Entry) -> None:
    about = " · ".join(filter(None, (each.meta_text("task", language()), str(each.year or ""))))
    _row(each, f"open_gallery_{each.name}", about)


def _saved_row(each: Entry) -> None:
    _row(each, f"open_saved_{each.name}", f"{each.name}.json", each.name)


def _row(each: Entry, key: str, about: str, file: str | None = None) -> None:
    if each.error:
        st.button(
            plain(f"{each.name}  ·  {each.error[language() == 'zh']}"),
            key=key,
            type="tertiary",
            width="stretch",
            disabled=True,
        )
        return
    facts = " · ".join(filter(None, (about, t("open_nodes", n=each.nodes))))
    if st.button(
        f"**{plain(each.title(language()))}**  :gray[{plain(facts)}]", key=key, type="tertiary", width="stretch"
    ):
        with st.spinner(t("open_working")):
            files.open_graph(load(each.path), file)
        st.rerun()


def _recent_row(item: session.Recent) -> None:
    title = (item.title_zh if language() == "zh" else item.title) or t("untitled")
    when = times.moment(item.changed_at, language())
    label = f"**{plain(title)}**  :gray[{plain(t('open_nodes', n=item.nodes))} · {plain(when)}]"
    if st.button(label, key=f"open_recent_{item.id}", type="tertiary", width="stretch"):
        st.query_params[session.PARAMETER] = item.id
        st.rerun()


# ------------------------------------------------------------------ upload


def _upload() -> None:
    st.caption(t("upload_hint"))
    with frame.uploader():
        given = st.file_uploader(t("upload_label"), type=["json", "zip"], key="upload_file")
    if given is None:
        return
    if graph_pack.is_pack(given.name):
        if graph_import.draw([(given.name, given.getvalue())]):
            app_shell.open_page("gallery", view="mine")
        return
    try:
        with st.spinner(t("open_working")):
            files.open_graph(loads(given.getvalue()))
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    st.rerun()

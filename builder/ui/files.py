"""The file menu: new, open, save, download, upload. Opening anything takes a new desk; the old one stays under Recent work."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import streamlit as st

from builder.gallery import graph_files
from builder.graph import Graph, GraphError, dumps, load, loads, save
from builder.ui import replace_panel, session, workspace
from builder.ui.desk import Desk, file_name
from builder.ui.markdown import plain
from builder.ui.text import language, t, text

MAX_RECENT = 12
MENU = "file_menu"


def menu(desk: Desk) -> None:
    """The menu in the bar."""
    with st.popover(t("file"), type="tertiary", key=MENU, on_change="rerun"):
        st.button(t("file_new"), key="file_new", type="tertiary", icon=":material/note_add:", on_click=_new)
        st.button(
            t("file_open"),
            key="file_open",
            type="tertiary",
            icon=":material/folder_open:",
            on_click=_ask,
            args=(desk, "open"),
        )
        st.button(
            t("file_save"), key="file_save", type="tertiary", icon=":material/save:", on_click=_ask, args=(desk, "save")
        )
        st.button(
            t("file_save_as"),
            key="file_save_as",
            type="tertiary",
            icon=":material/save_as:",
            on_click=_ask,
            args=(desk, "save_as"),
        )
        st.download_button(
            t("file_download"), data=lambda: dumps(desk.graph), file_name=f"{_file_stem(desk)}.json", mime="application/json",
            key="file_download", type="tertiary", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.button(
            t("file_upload"),
            key="file_upload",
            type="tertiary",
            icon=":material/upload:",
            on_click=_ask,
            args=(desk, "upload"),
        )


def save_if_asked(desk: Desk) -> None:
    """Saves a graph that has a file already; one without asks for a name in a dialog."""
    if desk.dialog != "save" or not desk.file:
        return
    desk.dialog = None
    try:
        _save(desk, desk.file)
    except OSError as error:
        en, zh = (text("save_failed", each) for each in ("en", "zh"))
        desk.tell(f"{en} {error.strerror}", f"{zh}{error.strerror}", "error")


def dialogs(desk: Desk) -> None:
    """Opens the dialog that was asked for."""
    asked, desk.dialog = desk.dialog, None
    if asked in ("save", "save_as"):
        st.dialog(t("save_title"))(_save_dialog)(desk)
    elif asked == "open":
        st.dialog(t("open_title"), width="medium")(_open_dialog)(desk)
    elif asked == "upload":
        st.dialog(t("upload_title"))(_upload_dialog)()
    elif asked == "replace":
        replace_panel.ask(desk)


def open_graph(graph: Graph, file: str | None = None) -> None:
    """Puts a graph on a new desk in this tab."""
    session.take(session.fresh(graph, file))


def _ask(desk: Desk, what: str) -> None:
    desk.dialog = what
    st.session_state[MENU] = False


def _new() -> None:
    open_graph(Graph())
    st.session_state[MENU] = False


def _file_stem(desk: Desk) -> str:
    name = desk.file or "".join(c if c.isalnum() or c in " -_" else " " for c in desk.titled("en"))
    return " ".join(name.split())[:60] or "graph"


def _save(desk: Desk, name: str) -> None:
    path = workspace.graph_file(name)
    save(desk.graph, path)
    desk.mark_saved(file_name(path))
    desk.tell(f"Saved as {path.name}.", f"已保存为 {path.name}。")


def _save_dialog(desk: Desk) -> None:
    with st.form("save_form", border=False):
        name = st.text_input(t("save_name"), value=desk.file or _file_stem(desk), key="save_name", max_chars=80)
        exists = False
        with contextlib.suppress(GraphError):  # said when the button is pressed
            exists = workspace.graph_file(name).exists() and file_name(workspace.graph_file(name)) != desk.file
        asked = st.session_state.get("save_replacing") == name
        if exists and asked:
            st.warning(t("save_exists"))
        pressed = st.form_submit_button(
            t("save_replace") if exists and asked else t("save_button"), key="save_confirm", type="primary"
        )
    if not pressed:
        return
    if exists and not asked:
        st.session_state["save_replacing"] = name
        st.rerun(scope="fragment")
    try:
        _save(desk, name)
    except GraphError as error:
        st.error(error.message_zh if language() == "zh" else error.message)
        return
    except OSError as error:
        st.error(f"{t('save_failed')} {error.strerror or error}")
        return
    st.session_state.pop("save_replacing", None)
    st.rerun()


def _open_dialog(desk: Desk) -> None:
    gallery, saved, recent = st.tabs([t("open_gallery"), t("open_saved"), t("open_recent")])
    with gallery:
        for path in graph_files(workspace.GALLERY):
            _entry(path, f"open_gallery_{path.stem}")
    with saved:
        found = workspace.saved_graphs()
        if not found:
            st.caption(t("open_nothing_saved"))
        for path in found:
            _entry(path, f"open_saved_{path.stem}", file_name(path))
    with recent:
        kept = session.recent(but=desk.id)[:MAX_RECENT]
        if not kept:
            st.caption(t("open_nothing_recent"))
        for item in kept:
            title = (item.title_zh if language() == "zh" else item.title) or t("untitled")
            when = time.strftime("%m-%d %H:%M", time.localtime(item.changed_at))
            label = f"**{plain(title)}**  :gray[{plain(t('open_nodes', n=item.nodes))} · {when}]"
            if st.button(label, key=f"open_recent_{item.id}", type="tertiary", width="stretch"):
                st.query_params[session.PARAMETER] = item.id
                st.rerun()


def _entry(path: Path, key: str, file: str | None = None) -> None:
    try:
        graph = load(path)
    except GraphError as error:
        st.button(
            plain(f"{path.stem}  ·  {error.message_zh if language() == 'zh' else error.message}"), key=key, type="tertiary",
            width="stretch", disabled=True,
        )  # fmt: skip
        return
    suffix = "_zh" if language() == "zh" else ""
    title = graph.meta.get(f"title{suffix}") or graph.meta.get("title") or path.stem
    about = graph.meta.get(f"description{suffix}") or graph.meta.get("description") or ""
    facts = " · ".join(filter(None, (path.name if file else "", t("open_nodes", n=len(graph)), str(about)[:110])))
    label = f"**{plain(str(title))}**  :gray[{plain(facts)}]"
    if st.button(label, key=key, type="tertiary", width="stretch"):
        open_graph(graph, file)
        st.rerun()


def _upload_dialog() -> None:
    st.caption(t("upload_hint"))
    given = st.file_uploader(t("upload_label"), type=["json"], key="upload_file")
    if given is None:
        return
    try:
        graph = loads(given.getvalue())
    except GraphError as error:
        st.error(plain(error.message_zh if language() == "zh" else error.message))
        return
    open_graph(graph)
    st.rerun()

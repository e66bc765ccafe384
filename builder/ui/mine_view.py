"""A person's saved graphs on the Gallery page: open, rename, duplicate, delete, import and export."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from builder.graph import GraphError
from builder.ui import (
    address,
    app_shell,
    entry,
    files,
    frame,
    graph_import,
    numbers,
    page_notice,
    saved_graphs,
    session,
    times,
    versions,
)
from builder.ui.card_html import card
from builder.ui.catalogue import Catalogue
from builder.ui.entry import Entry
from builder.ui.markdown import plain
from builder.ui.saved_graphs import Saved
from builder.ui.text import language, t

STEP = 48  # cards that are drawn at once


def draw(catalogue: Catalogue) -> None:
    """Draws tools and cards."""
    _do_chosen()
    found = saved_graphs.saved()
    query = _tools(found)
    if not found:
        frame.empty("folder_open", t("mine_empty"), t("mine_empty_hint"))
        return
    read = [(each, entry.read(each.path, catalogue)) for each in found]
    shown = [(each, drawn) for each, drawn in read if drawn.says(query)]
    if not shown:
        frame.empty("search_off", t("gallery_none"))
    most = st.session_state.get("mine_shown", STEP)
    with st.container(key="gallery_grid_mine"):
        for each, drawn in shown[:most]:
            _card(each, drawn)
    if len(shown) > most:
        st.button(t("mine_all_shown", n=len(shown) - most), key="mine_show", on_click=_show, args=(most + STEP,))


def _show(most: int) -> None:
    st.session_state["mine_shown"] = most


def _tools(found: list[Saved]) -> str:
    address.seed_text("mine_search", "q")
    with st.container(key="mine_tools", horizontal=True, vertical_alignment="center"):
        query = st.text_input(
            t("mine_search"), key="mine_search", placeholder=t("mine_search"), label_visibility="collapsed",
            icon=":material/search:", width=260, live=True,
        )  # fmt: skip
        st.space("stretch")
        if st.button(t("mine_import"), key="mine_import", icon=":material/upload_file:"):
            st.dialog(t("import_title"))(_import)()
        st.download_button(
            t("mine_export_all"), data=saved_graphs.archive, file_name="layerloom-graphs.zip", mime="application/zip",
            key="mine_export_all", icon=":material/folder_zip:", on_click="ignore", disabled=not found,
        )  # fmt: skip
    address.keep(q=query)
    return query


def _card(each: Saved, drawn: Entry) -> None:
    lang = language()
    kept = len(versions.of(each.name))
    here = session.current().file == each.name
    facts = [t("gallery_nodes", n=drawn.nodes), t("mine_versions_count", n=kept) if kept else ""]
    foot = " · ".join((f"{each.name}.json", times.moment(each.changed_at, lang), numbers.size(each.size)))
    with st.container(key=f"gallery_card_saved_{each.name}"):
        st.html(card(drawn, [t("mine_here")] if here else [], facts, foot))
        _more(each)
        if st.button(t("gallery_open"), key=f"gallery_open_saved_{each.name}", disabled=drawn.error is not None):
            _open(each.name)


def _open(name: str, dialog: str | None = None) -> None:
    desk = session.current()
    with st.spinner(t("open_working")):
        opened = page_notice.attempt(lambda: files.open_saved(name)) if desk.file != name else True
    if not opened:
        st.rerun()
    session.current().dialog = dialog
    app_shell.open_page("build")


def _more(each: Saved) -> None:
    menu = st.popover(
        "",
        icon=":material/more_horiz:",
        type="tertiary",
        key=f"mine_more_{each.name}",
        help=t("mine_more"),
        on_change="rerun",
    )
    if not menu.open:  # dozens of menus that nobody looks into would only make the page slow
        return
    with menu:
        for item, (icon, _) in ITEMS.items():
            key, label, icon = f"mine_{item}_{each.name}", t(f"mine_{item}"), f":material/{icon}:"
            if item == "export":
                st.download_button(
                    label, data=each.path.read_bytes, file_name=each.path.name, mime="application/json", key=key,
                    type="tertiary", icon=icon, on_click="ignore",
                )  # fmt: skip
            else:
                st.button(label, key=key, type="tertiary", icon=icon, on_click=_choose, args=(each.name, item))


def _choose(name: str, item: str) -> None:
    st.session_state[f"mine_more_{name}"] = False
    st.session_state["mine_chosen"] = (name, item)


def _do_chosen() -> None:
    """Does what was chosen in a card's menu."""
    name, item = st.session_state.pop("mine_chosen", ("", ""))
    if item:
        ITEMS[item][1](name)


def _duplicate(name: str) -> None:
    def act() -> None:
        copy = saved_graphs.duplicate(name)
        page_notice.say(f"“{copy}” is a copy of “{name}”.", f"“{copy}”是“{name}”的副本。", lambda: files.delete(copy))

    page_notice.attempt(act)


def _delete(name: str) -> None:
    def act() -> None:
        gone = files.delete(name)
        kept = (
            (" Its desk keeps it as unsaved work.", "打开它的工作区会将其作为未保存的工作保留。")
            if gone.desks
            else ("", "")
        )
        page_notice.say(f"“{name}” is in the bin.{kept[0]}", f"“{name}”已移入回收站。{kept[1]}", gone.undo)

    page_notice.attempt(act)


def _ask_name(name: str) -> None:
    st.dialog(t("rename_title", name=plain(name)))(_rename)(name)


def _rename(name: str) -> None:
    with st.form("rename_form", border=False):
        new = st.text_input(t("save_name"), value=name, key="rename_name", max_chars=80)
        pressed = st.form_submit_button(t("rename_button"), key="rename_confirm", type="primary")
    if not pressed:
        return
    try:
        now = files.rename(name, new)
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    page_notice.say(f"“{name}” is “{now}” now.", f"“{name}”已改名为“{now}”。", lambda: files.rename(now, name))
    st.rerun()


def _import() -> None:
    st.caption(t("import_hint"))
    with frame.uploader():
        given = st.file_uploader(
            t("import_label"), type=["json", "zip"], key="import_files", accept_multiple_files=True
        )
    if given and graph_import.draw([(file.name, file.getvalue()) for file in given]):
        st.rerun()


ITEMS: dict[
    str, tuple[str, Callable[[str], None]]
] = {  # of a card's menu: icon, and what it does with the graph of a name
    "rename": ("edit", _ask_name),
    "duplicate": ("content_copy", _duplicate),
    "versions": ("history", lambda name: _open(name, "versions")),
    "export": ("download", lambda name: None),  # the browser takes it
    "delete": ("delete", _delete),
}

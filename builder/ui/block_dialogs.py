"""The dialogs of a person's own blocks: keeping one, and the library with its bin."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, GraphError
from builder.graph.graph import block_ports
from builder.ui import actions, block_library, frame
from builder.ui.block_library import Kept
from builder.ui.desk import Desk
from builder.ui.form.common import section
from builder.ui.markdown import plain
from builder.ui.text import language, t

KEEP, LIBRARY = "keep_block", "my_blocks"
REPLACING = "keep_block_replacing"  # the name for which replacing was asked about


def ask_to_keep(desk: Desk) -> None:
    """Asks for the name under which the selected block is kept."""
    if len(desk.selection) != 1 or not actions.is_block(desk.open_graph, desk.selection[0]):
        raise GraphError("Select one block to keep it.", "请先选中一个模块，再保存。")
    desk.dialog = KEEP


def ask_for_library(desk: Desk) -> None:
    """Opens the library."""
    desk.dialog = LIBRARY


def keep(desk: Desk) -> None:
    """Opens the dialog that keeps the selected block."""
    chosen = desk.selection[:1]
    if chosen and actions.is_block(desk.open_graph, chosen[0]):
        block = desk.open_graph.nodes[chosen[0]]["component"].removeprefix(BLOCK_PREFIX)
        st.session_state.pop(REPLACING, None)
        st.dialog(t("keep_block_title"))(_keep)(desk, block)


def library() -> None:
    """Opens the library."""
    st.dialog(t("my_blocks"), width="medium", on_dismiss="rerun")(_library)()


def _keep(desk: Desk, block: str) -> None:
    st.caption(t("keep_block_help"))
    with st.form("keep_block_form", border=False):
        name = st.text_input(t("save_name"), value=block, key="keep_block_name", max_chars=80).strip()
        asked = st.session_state.get(REPLACING) == name
        if asked:
            st.warning(t("keep_block_exists"))
        pressed = st.form_submit_button(
            t("save_replace") if asked else t("save_button"), key="keep_block_confirm", type="primary"
        )
    if not pressed:
        return
    if not asked and any(item.name == name for item in block_library.kept()):
        st.session_state[REPLACING] = name
        st.rerun(scope="fragment")
    try:
        block_library.keep(desk.blocks, block, name, replace=asked)
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    desk.tell(f"Kept '{name}' in My blocks.", f"已将“{name}”保存到“我的模块”。")
    st.rerun()


# ------------------------------------------------------------------ the library


def _library() -> None:
    found, gone = block_library.kept(), block_library.deleted()
    refusal = st.session_state.pop("my_blocks_refusal", None)
    if refusal:
        st.error(plain(refusal))
    if not found:
        st.caption(t("my_blocks_none"))
    for number, item in enumerate(found):
        _row(number, item)
    if gone:
        section("my_blocks_bin")
    for number, item in enumerate(gone):
        with st.container(key=f"my_block_gone_{number}", horizontal=True, vertical_alignment="center"):
            st.markdown(plain(item.name))
            st.button(
                t("undo_delete"), key=f"my_block_restore_{number}", icon=":material/undo:", on_click=_try,
                args=(block_library.restore, item.path),
            )  # fmt: skip


def _row(number: int, item: Kept) -> None:
    key = f"my_block_name_{item.name}"
    st.session_state[key] = item.name

    def rename() -> None:
        _try(block_library.rename, item.name, st.session_state[key])

    with st.container(key=f"my_block_{number}", horizontal=True, vertical_alignment="center"):
        st.text_input(t("save_name"), key=key, max_chars=80, label_visibility="collapsed", on_change=rename)
        if item.problem:
            st.markdown(f":red[{plain(item.problem[1] if language() == 'zh' else item.problem[0])}]")
        elif item.block is not None:
            ins, outs = (", ".join(block_ports(item.block, kind)) for kind in (PORT_IN, PORT_OUT))
            st.caption(plain(f"{t('open_nodes', n=len(item.block))} · {ins} → {outs}"))
        st.button(
            "", key=f"my_block_delete_{number}", icon=":material/delete:", type="tertiary", help=t("command_delete"),
            on_click=_try, args=(block_library.delete, item.name),
        )  # fmt: skip


def _try(act: Callable[..., object], *args: object) -> None:
    try:
        act(*args)
    except GraphError as error:
        st.session_state["my_blocks_refusal"] = frame.said(error)

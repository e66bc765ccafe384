"""The file menu in the bar."""

from __future__ import annotations

import streamlit as st

from builder.graph import dumps
from builder.ui import files
from builder.ui.desk import Desk
from builder.ui.text import t

MENU = "file_menu"
ITEMS = {
    "new": "note_add",
    "open": "folder_open",
    "save": "save",
    "save_as": "save_as",
    "versions": "history",
    "download": "download",
    "upload": "upload",
    "manage": "folder_managed",
}


def draw(desk: Desk) -> None:
    """Draws the menu."""
    with st.popover(t("file"), type="tertiary", key=MENU, on_change="rerun"):
        for item, icon in ITEMS.items():
            key, label, icon = f"file_{item}", t(f"file_{item}"), f":material/{icon}:"
            if item == "download":
                st.download_button(
                    label, data=lambda: dumps(desk.graph), file_name=f"{files.name_for(desk)}.json", mime="application/json",
                    key=key, type="tertiary", icon=icon, on_click="ignore",
                )  # fmt: skip
            else:
                st.button(label, key=key, type="tertiary", icon=icon, on_click=_choose, args=(desk, item))


def _choose(desk: Desk, item: str) -> None:
    files.ask(desk, item)
    st.session_state[MENU] = False

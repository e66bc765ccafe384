"""The drawer under the canvas: what its panels share."""

from __future__ import annotations

import streamlit as st

from builder.ui.desk import Desk
from builder.ui.text import t


def close_button(desk: Desk) -> None:
    """The button that closes the drawer."""
    st.button(
        "", key="drawer_close", type="tertiary", icon=":material/close:", help=t("close"), on_click=_close,
        args=(desk,), width="content",
    )  # fmt: skip


def _close(desk: Desk) -> None:
    """Closes the drawer; a comparison ends with it."""
    desk.table, desk.compared = False, None

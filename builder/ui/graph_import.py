"""Graph files that come in, several or in a zip: which are refused, what becomes of names that are taken, and saving them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from builder.ui import frame, page_notice, saved_graphs
from builder.ui.markdown import plain
from builder.ui.saved_graphs import Incoming
from builder.ui.text import t

REFUSED = 12  # lines that say which files are refused


def draw(given: Sequence[tuple[str, bytes]]) -> bool:
    """Says what the files hold, and asks before they are saved among the person's graphs; True once that was tried."""
    found = saved_graphs.incoming(given)
    refused = [f"{each.name}: {frame.said(each.error)}" for each in found if each.error is not None]
    if refused:
        more = [t("import_refused_more", n=len(refused) - REFUSED)] if len(refused) > REFUSED else []
        st.error("\n\n".join(plain(line) for line in [*refused[:REFUSED], *more]))
    good = [each for each in found if each.graph is not None]
    taken = sum(each.taken for each in good)
    choice = "keep_both"
    if taken:
        st.warning(t("import_taken", n=taken))
        choice = st.radio(
            t("import_taken", n=taken), ["keep_both", "replace", "skip"], format_func=lambda name: t(f"import_{name}"),
            key="import_choice", label_visibility="collapsed",
        )  # fmt: skip
    wanted = [each for each in good if choice != "skip" or not each.taken]
    if not st.button(t("import_button", n=len(wanted)), key="import_confirm", type="primary", disabled=not wanted):
        return False
    page_notice.attempt(lambda: _take_in(wanted, choice == "replace"))
    return True


def _take_in(wanted: list[Incoming], replace: bool) -> None:
    names = [saved_graphs.take_in(each, replace) for each in wanted]
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    page_notice.say(f"Imported {len(names)}: {shown}", f"已导入 {len(names)} 个：{shown}")

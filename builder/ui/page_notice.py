"""What was just done on a page, with the way back: a bar at the bottom that goes by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from builder.graph import GraphError
from builder.ui.text import language, t

_KEY = "page_notice"


@dataclass(frozen=True)
class PageNotice:
    """A message in both languages; ``undo`` takes back what it tells of."""

    number: int
    en: str
    zh: str
    undo: Callable[[], Any] | None = None
    error: bool = False


def say(en: str, zh: str, undo: Callable[[], Any] | None = None, error: bool = False) -> None:
    """Shows a message in the place of the one before."""
    before: PageNotice | None = st.session_state.get(_KEY)
    st.session_state[_KEY] = PageNotice(before.number + 1 if before else 1, en, zh, undo, error)


def attempt(act: Callable[[], Any]) -> bool:
    """Does something; False where it cannot be done, which the bar says then."""
    try:
        act()
    except GraphError as error:
        say(error.message, error.message_zh, error=True)
        return False
    return True


def draw() -> None:
    """Draws the bar, where there is something to say."""
    notice: PageNotice | None = st.session_state.get(_KEY)
    if notice is None or not notice.en:
        return
    kind = "error" if notice.error else "done"
    with st.container(
        key=f"notice_bar_{kind}_{notice.number}", horizontal=True, vertical_alignment="center", width="content"
    ):
        words = notice.zh if language() == "zh" else notice.en
        st.html(f'<div role="{"alert" if notice.error else "status"}">{escape(words)}</div>', width="content")
        if notice.undo is not None:
            st.button(t("notice_undo"), key="notice_undo", type="tertiary", on_click=_undo, args=(notice.undo,))
        st.button("", key="notice_close", type="tertiary", icon=":material/close:", help=t("close"), on_click=close)


def _undo(undo: Callable[[], Any]) -> None:
    if attempt(undo):
        close()


def close() -> None:
    """Takes the bar away."""
    before: PageNotice | None = st.session_state.get(_KEY)
    if before is not None:
        st.session_state[_KEY] = PageNotice(before.number, "", "")

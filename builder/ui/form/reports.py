"""Widgets that show what the graph says, and what they report: what a person chose or typed, not what is merely late.

The browser reports the values of all widgets with whatever happens. Where one thing follows another at once, it has not heard yet
what a widget was given in between, and reports what that had before: a wire just drawn would go again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

REPORTED = "reported"
QUICK = ("undo", "redo")  # buttons that change what widgets show, and are pressed in quick succession


def follow(key: str, value: Any) -> None:
    """Gives a widget the graph's value, at every run: a run may be broken off before the browser has heard of it."""
    st.session_state.setdefault(REPORTED, {})[key] = st.session_state.get(key)
    st.session_state[key] = value


def by_hand(key: str, put: Callable[[], None], options: Sequence[Any] | None = None) -> Callable[[], None]:
    """What a widget that follows the graph does with a new value: ``put`` takes it, unless the report is a late one.

    It is where the widget has what it had before it was given the graph's value, and something else is what happened; or
    where it is none of the ``options``, whose names have changed since.
    """

    def take() -> None:
        value = st.session_state[key]
        repeated = value == st.session_state[REPORTED].get(key)
        if not (repeated and _something_else()) and (options is None or value in options):
            put()

    return take


def _something_else() -> bool:
    """Whether an event of the canvas, or a quick button, came with the reports."""
    bridge = st.session_state.get("bridge") or {}
    return bool(bridge.get("events")) or any(st.session_state.get(key) for key in QUICK)

"""A slider over the epochs of a run: it follows the latest until a person looks back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from builder.ui.text import t


def draw(epochs: Sequence[float], key: str, label: str, width: int = 240) -> float:
    """Draws the slider over two epochs or more; the one to show."""
    last, now = f"{key}_last", st.session_state.get(key)
    if now not in epochs or now == st.session_state.get(last):
        now = epochs[-1]
    st.session_state[key], st.session_state[last] = now, epochs[-1]
    return st.select_slider(
        label, epochs, key=key, label_visibility="collapsed", width=width,
        format_func=lambda epoch: t("epoch_n", n=f"{epoch:g}"),
    )  # fmt: skip

"""What of a page the address keeps, so that a link or a refresh shows the same: parameters that stand for widgets."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

MOST = 200  # characters of a text in the address


def seed_text(key: str, parameter: str) -> None:
    """Gives a widget without a value the text of the address."""
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(parameter, "")[:MOST]


def seed_one(key: str, parameter: str, options: Collection[str], default: str) -> None:
    """Gives a widget without a value the option of the address, the default where that is none."""
    if st.session_state.get(key) not in options:
        asked = st.query_params.get(parameter)
        st.session_state[key] = asked if asked in options else default


def seed_many(key: str, parameter: str, options: Collection[str]) -> None:
    """Gives a widget without a value the options of the address."""
    if key not in st.session_state:
        st.session_state[key] = [each for each in st.query_params.get_all(parameter) if each in options]


def keep(**values: str | list[str]) -> None:
    """Writes parameters into the address; empty ones leave it."""
    for parameter, value in values.items():
        now = [value] if isinstance(value, str) and value else list(value)
        if st.query_params.get_all(parameter) != now:
            st.query_params[parameter] = now

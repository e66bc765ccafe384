"""What the parts of a node's form share.

The graph is the truth: before a widget is drawn it is given the graph's value, and a change of it is an edit of the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import streamlit as st

from builder.graph import Graph, GraphError, edit
from builder.ui.desk import Desk
from builder.ui.text import t

DEFAULT_BATCH = 64  # samples in a batch where the graph says nothing: the training's own, known before torch is loaded


def key_of(desk: Desk, node: str, name: str) -> str:
    """The key of a widget: its own for each node, so that a late change still reaches the node it was made for."""
    return "-".join(("field", *desk.scope, node, name))


def follow(key: str, value: Any) -> None:
    """Gives a widget the graph's value, at every run: a run may be broken off before the browser has heard of it."""
    st.session_state[key] = value


def change(desk: Desk, make: Callable[[Graph], Any], label: str) -> None:
    """Makes an edit of the open graph, or says why not."""
    try:
        desk.edit(make, label)
    except GraphError as error:
        desk.refuse(error)


def section(key: str) -> None:
    """The heading of a part of the form."""
    st.html(f'<div class="desk-section">{escape(t(key))}</div>')


def setting(desk: Desk, node: str, name: str, default: Any = None) -> Any:
    """A node-level setting."""
    return desk.open_graph.nodes[node]["settings"].get(name, default)


def set_setting(desk: Desk, node: str, name: str, value: Any) -> None:
    """Sets a node-level setting; None removes it."""
    change(desk, lambda graph: edit.set_setting(graph, node, name, value), "setting")


def name_field(desk: Desk, node: str) -> None:
    """The display name."""
    key = key_of(desk, node, "name")
    follow(key, str(setting(desk, node, "name") or ""))

    def put() -> None:
        set_setting(desk, node, "name", st.session_state[key].strip() or None)

    with st.container(key="row_name"):
        st.text_input(t("node_name"), key=key, placeholder=node, max_chars=200, on_change=put)


def switch(desk: Desk, node: str, name: str, default: bool, hint: str | None = None) -> None:
    """A setting that is on or off."""
    key = key_of(desk, node, f"set-{name}")
    follow(key, bool(setting(desk, node, name, default)))

    def put() -> None:
        value = st.session_state[key]
        set_setting(desk, node, name, None if value == default else value)

    with st.container(key=f"row_{name}"):
        st.toggle(t(name), key=key, help=hint, on_change=put)


def number(desk: Desk, node: str, name: str, placeholder: str, whole: bool, hint: str | None = None) -> None:
    """A setting that is a positive number; empty gives the default."""
    key = key_of(desk, node, f"set-{name}")
    value = setting(desk, node, name)
    follow(key, "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value))

    def put() -> None:
        text = st.session_state[key].strip()
        found = positive(text, whole) if text else None
        if text and found is None:
            rule = ("an integer of at least 1", "不小于 1 的整数") if whole else ("a number above 0", "大于 0 的数")
            desk.tell(
                f"'{name}' must be {rule[0]}. Got {text!r:.40}.",
                f"“{name}”必须是{rule[1]}，收到 {text!r:.40}。",
                "error",
            )
            return
        set_setting(desk, node, name, found)

    with st.container(key=f"row_{name}"):
        st.text_input(t(name), key=key, placeholder=placeholder, max_chars=20, help=hint, on_change=put)


def positive(text: str, whole: bool) -> int | float | None:
    """The positive number that a text stands for; None where it is none."""
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None

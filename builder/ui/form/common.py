"""What the parts of a node's form share.

The graph is the truth: before a widget is drawn it is given the graph's value, and a change of it is an edit of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

import streamlit as st

from builder.graph import Graph, GraphError, edit
from builder.graph.acting import MODE_NAMES
from builder.ui.desk import Desk
from builder.ui.form.reports import by_hand, follow
from builder.ui.text import t, text

DEFAULT_BATCH = 64  # samples in a batch where the graph says nothing: the training's own, known before torch is loaded


def key_of(desk: Desk, node: str, name: str) -> str:
    """The key of a widget: its own for each node, so that a late change still reaches the node it was made for."""
    return "-".join(("field", *desk.scope, node, name))


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
        st.text_input(t("node_name"), key=key, placeholder=node, max_chars=200, on_change=by_hand(key, put))


def mode_field(desk: Desk, node: str) -> None:
    """Whether the node acts, is muted or bypassed."""
    options = {"": t("mode_acts"), **{mode: t(f"mode_{mode}") for mode in MODE_NAMES}}
    now = str(setting(desk, node, "mode") or "")
    choice(
        desk, node, "mode", t("mode"), options, now, lambda v: set_setting(desk, node, "mode", v or None), t("mode_help")
    )  # fmt: skip


def switch(desk: Desk, node: str, name: str, default: bool, hint: str | None = None) -> None:
    """A setting that is on or off."""
    key = key_of(desk, node, f"set-{name}")
    follow(key, bool(setting(desk, node, name, default)))

    def put() -> None:
        value = st.session_state[key]
        set_setting(desk, node, name, None if value == default else value)

    with st.container(key=f"row_{name}"):
        st.toggle(t(name), key=key, help=hint, on_change=by_hand(key, put))


def number(
    desk: Desk, node: str, name: str, placeholder: str, whole: bool, hint: str | None = None, low: float | None = None
) -> None:
    """A setting that is a number; empty gives the default.

    Args:
        low: the least value that is allowed; None asks for a positive one.
    """
    value = setting(desk, node, name)
    number_field(
        desk, node, name, name, value, placeholder, whole, lambda v: set_setting(desk, node, name, v), hint, low
    )


def number_field(
    desk: Desk,
    node: str,
    name: str,
    label: str,
    value: Any,
    placeholder: str,
    whole: bool,
    put: Callable[[int | float | None], None],
    hint: str | None = None,
    low: float | None = None,
    below: bool = False,
) -> None:
    """A field for a number; ``put`` gets what was typed, None where the field was emptied.

    Args:
        label: key of the text that names it.
        below: it belongs to the field above it.
        low: the least value that is allowed; None asks for a positive one.
    """
    key = key_of(desk, node, f"set-{name}")
    follow(key, "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value))

    def take() -> None:
        typed = st.session_state[key].strip()
        found = parsed(typed, whole, low) if typed else None
        if typed and found is None:
            rule = _rule(whole, low)
            desk.tell(
                f"'{text(label, 'en')}' must be {rule[0]}. Got {typed!r:.40}.",
                f"“{text(label, 'zh')}”必须是{rule[1]}，收到 {typed!r:.40}。",
                "error",
            )
            return
        put(found)

    with st.container(key=f"row_{name}"):
        shown = f"· {t(label)}" if below else t(label)
        st.text_input(shown, key=key, placeholder=placeholder, max_chars=20, help=hint, on_change=by_hand(key, take))


def _rule(whole: bool, low: float | None) -> tuple[str, str]:
    if low is not None:
        return (f"an integer of at least {low:g}", f"不小于 {low:g} 的整数") if whole else (
            f"a number of at least {low:g}", f"不小于 {low:g} 的数"
        )  # fmt: skip
    return ("an integer of at least 1", "不小于 1 的整数") if whole else ("a number above 0", "大于 0 的数")


def parsed(text: str, whole: bool, low: float | None = None) -> int | float | None:
    """The number that a text stands for; None where it is none, or too small."""
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        return None
    return value if (value > 0 if low is None else value >= low) and abs(value) < 1e9 else None


def choice(
    desk: Desk,
    node: str,
    name: str,
    label: str,
    options: Mapping[str, str],
    value: str,
    put: Callable[[str], None],
    hint: str | None = None,
) -> None:
    """A field to choose one of some texts; a value that is none of them is kept and shown as it is."""
    key = key_of(desk, node, f"set-{name}")
    follow(key, value)
    offered = list(dict.fromkeys([*options, value]))
    with st.container(key=f"row_{name}"):
        st.selectbox(
            label, offered, key=key, help=hint,
            format_func=lambda option: options.get(option, option),
            on_change=by_hand(key, lambda: put(st.session_state[key]), offered),
        )  # fmt: skip


@contextmanager
def more(desk: Desk, node: str, names: Iterable[str]) -> Iterator[None]:
    """The fold for settings that few need; open where one of them is set, and from then on."""
    kept = key_of(desk, node, "more-open")
    settings = desk.open_graph.nodes[node]["settings"]
    if any(name in settings for name in names):
        st.session_state[kept] = True
    with st.expander(t("section_more"), key=f"more_{node}", expanded=kept in st.session_state):
        yield

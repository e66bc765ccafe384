"""Settings that are a list of components: the parametrisations of a layer, the regularizers of a layer or an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from builder.ui.desk import Desk
from builder.ui.form.common import choice, key_of, set_setting, setting
from builder.ui.form.picked import Item, entries, picked_parameters
from builder.ui.markdown import plain
from builder.ui.text import language, t
from components.spec import Component

Below = Callable[[int, Item, Callable[[Item], None]], None]
"""Draws further fields of an item, given its place and what takes its new value."""


def parametrisations(desk: Desk, node: str) -> None:
    """Draws the parametrisations in the order in which they are applied."""
    _listed(desk, node, "parametrize", entries("parametrization"))


def regularizers(desk: Desk, node: str, joint: bool = False) -> None:
    """Draws the regularizers; ``joint`` offers those too that act on all layers together."""
    known = {id: entry for id, entry in entries("regularizer", "weights").items() if joint or not entry.variadic}

    def acts_on(place: int, item: Item, take: Callable[[Item], None]) -> None:
        options = {name: t(f"regularize_{name}") for name in ("weights", "all")}

        def put(chosen: str) -> None:
            rest = {key: value for key, value in item.items() if key != "on"}
            take(rest if chosen == "weights" else {**rest, "on": chosen})

        choice(
            desk, node, f"regularize_on_{place}", f"· {t('regularize_on')}", options, str(item.get("on", "weights")), put,
            t("regularize_on_help"),
        )  # fmt: skip

    _listed(desk, node, "regularize", known, acts_on)


def _listed(desk: Desk, node: str, name: str, known: Mapping[str, Component], below: Below | None = None) -> None:
    """Draws the components of a setting in their order, each with its parameters, and a field to add one."""
    now: list[Item] = [dict(item) for item in setting(desk, node, name) or ()]

    def put(items: list[Item]) -> None:
        set_setting(desk, node, name, items or None)

    for place, item in enumerate(now):
        entry = known.get(str(item.get("component")))
        with st.container(key=f"order_{name}_{place}", horizontal=True, wrap=False, gap=None):
            st.markdown(f"{place + 1}. {plain(entry.label(language()) if entry else str(item.get('component')))}")
            st.button(
                "", key=f"up_{name}_{place}", type="tertiary", icon=":material/arrow_upward:", help=t("move_up"),
                disabled=place == 0, on_click=put, args=(_raised(now, place),),
            )  # fmt: skip
            st.button(
                "", key=f"cut_{name}_{place}", type="tertiary", icon=":material/close:", help=t("remove"),
                on_click=put, args=(now[:place] + now[place + 1 :],),
            )  # fmt: skip
        if entry is not None:

            def take(changed: Item, place: int = place) -> None:
                put([*now[:place], changed, *now[place + 1 :]])

            picked_parameters(desk, node, f"{name}-{place}-{entry.id}", entry, item, take)
            if below is not None:
                below(place, item, take)
    key = key_of(desk, node, f"{name}-add-{len(now)}")

    def add() -> None:
        chosen = st.session_state[key]
        if chosen:
            put([*now, {"component": chosen, "params": {}}])

    with st.container(key=f"add_{name}"):
        st.selectbox(
            t(name), list(known), index=None, key=key, placeholder=t(f"{name}_add"), on_change=add,
            label_visibility="collapsed", format_func=lambda id: known[id].label(language()), help=t(f"{name}_help"),
        )  # fmt: skip


def _raised(items: list[Item], place: int) -> list[Item]:
    """The items with one of them a place further up."""
    moved = list(items)
    if place:
        moved[place - 1], moved[place] = moved[place], moved[place - 1]
    return moved

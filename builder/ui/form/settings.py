"""What a node carries besides its parameters: batch size, clipping, frozen weights, initialization, shared weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.ui.desk import Desk
from builder.ui.form.common import DEFAULT_BATCH, follow, key_of, number, section, set_setting, setting, switch
from builder.ui.form.fields import format_value, parse_value
from builder.ui.form.parameters import help_of
from builder.ui.text import language, t
from components import registry
from components.glossary import parameter_label
from components.spec import Component, Parameter

WITH_WEIGHTS = ("layer", "transform", "loss")


def settings(desk: Desk, node: str, entry: Component) -> None:
    """Draws the settings that this kind of component has."""
    trains = entry.kind in WITH_WEIGHTS and entry.form != "op"
    if not trains and entry.kind not in ("dataset", "optimizer"):
        return
    section("section_settings")
    with st.container(key="settings"):
        if entry.kind == "dataset":
            number(desk, node, "batch_size", str(DEFAULT_BATCH), whole=True)
            switch(desk, node, "shuffle", default=True)
        elif entry.kind == "optimizer":
            number(desk, node, "clip_norm", t("clip_off"), whole=False)
        else:
            switch(desk, node, "frozen", default=False, hint=t("frozen_help"))
            _init(desk, node)
            _weights(desk, node, entry)


def _init(desk: Desk, node: str) -> None:
    key = key_of(desk, node, "set-init")
    now = setting(desk, node, "init")
    now = now if isinstance(now, Mapping) else {}
    entries = {c.id: c for c in registry.all_components().values() if c.kind == "init"}
    chosen = str(now.get("component", ""))
    follow(key, chosen)

    def put() -> None:
        picked = st.session_state[key]
        set_setting(desk, node, "init", {"component": picked, "params": {}} if picked else None)

    def label(id: str) -> str:
        return entries[id].label(language()) if id in entries else id or t("init_default")

    options = list(dict.fromkeys(["", *entries, chosen]))
    with st.container(key="row_init"):
        st.selectbox(t("init"), options, key=key, on_change=put, format_func=label)
    if chosen in entries:
        for parameter in entries[chosen].parameters.values():
            _init_parameter(desk, node, chosen, parameter, dict(now.get("params", {})))


def _init_parameter(desk: Desk, node: str, init: str, parameter: Parameter, params: dict[str, Any]) -> None:
    key = key_of(desk, node, f"init-{init}-{parameter.name}")
    follow(key, format_value(params.get(parameter.name, parameter.default)))

    def put() -> None:
        text = st.session_state[key]
        rest = {k: v for k, v in params.items() if k != parameter.name}
        if text.strip():
            rest[parameter.name] = parse_value(text, parameter)
        set_setting(desk, node, "init", {"component": init, "params": rest})

    with st.container(key=f"init_{parameter.name}"):
        label = parameter_label(parameter.name, language())
        st.text_input(f"· {label}", key=key, help=help_of(parameter), max_chars=100, on_change=put)


def _weights(desk: Desk, node: str, entry: Component) -> None:
    others = [n for n, d in desk.open_graph.nodes(data=True) if d["component"] == entry.id and n != node]
    now = setting(desk, node, "weights") or {}
    chosen = str(now.get("node", "")) if now.get("from") == "shared" else ""
    if not others and not chosen:
        return
    key = key_of(desk, node, "set-weights")
    follow(key, chosen)

    def put() -> None:
        picked = st.session_state[key]
        set_setting(desk, node, "weights", {"from": "shared", "node": picked} if picked else None)

    with st.container(key="row_weights"):
        st.selectbox(
            t("weights"), list(dict.fromkeys(["", *others, chosen])), key=key, on_change=put,
            format_func=lambda n: t("weights_of", node=n) if n else t("weights_own"),
        )  # fmt: skip

"""The form of a block's use, of a block that is open, and of its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.graph import GraphError, edit
from builder.ui import actions, commands
from builder.ui.desk import Desk
from builder.ui.form.common import change, key_of, number, section
from builder.ui.form.fields import format_value, parse_value
from builder.ui.form.reports import by_hand, follow
from builder.ui.text import language, t
from components.glossary import parameter_label
from components.spec import Parameter


def block_use(desk: Desk, node: str, name: str) -> None:
    """What one use of a block sets: how often it is repeated, and its own values of the block's parameters."""
    block = desk.blocks.get(name)
    if block is None:
        return
    with st.container(key="block_actions", horizontal=True):
        st.button(
            t("open_block"), key="open_block", icon=":material/open_in_full:", width="stretch", on_click=desk.enter, args=(node,)
        )  # fmt: skip
        st.button(
            t("detach"), key="detach_block", icon=":material/call_split:", help=t("detach_help"), width="stretch",
            on_click=_detach, args=(desk, node),
        )  # fmt: skip
    expand = ("collapse", "unfold_less") if (*desk.scope, node) in desk.expanded else ("expand", "unfold_more")
    keep = ("keep_block", commands.COMMANDS["keep_block"].icon)
    with st.container(key="block_more", horizontal=True):
        for command, (label, icon) in {"expand": expand, "keep_block": keep}.items():
            st.button(
                t(f"short_{label}"), key=f"block_{command}", icon=f":material/{icon}:",
                help=commands.hint(command, language()), width="stretch", on_click=commands.attempt, args=(desk, command),
            )  # fmt: skip
    _instances(desk, node, name)
    number(desk, node, "repeat", "1", whole=True, hint=t("repeat_help"))
    block_name(desk, name, node)
    if block.block_params:
        section("block_params")
        given = desk.open_graph.nodes[node]["params"]
        with st.container(key="params"):
            for parameter, default in block.block_params.items():
                _use_value(desk, node, parameter, default, given)


def _instances(desk: Desk, node: str, name: str) -> None:
    """How many uses a change of the block reaches, and the way to leave them."""
    count = edit.uses(desk.graph, name)
    if count < 2:
        return
    with st.container(key="row_instances", horizontal=True, vertical_alignment="center"):
        st.caption(t("block_uses", n=count))
        st.button(
            t("own_block"), key="own_block", type="tertiary", icon=":material/content_copy:", help=t("own_block_help"),
            on_click=change, args=(desk, lambda graph: edit.own_block(graph, node, desk.blocks), "own_block"),
        )  # fmt: skip


def _detach(desk: Desk, node: str) -> None:
    try:
        actions.detach(desk, node)
    except GraphError as error:
        desk.refuse(error)


def block_name(desk: Desk, name: str, node: str) -> None:
    """The block's name, the same at every use."""
    key = key_of(desk, node, "block-name")
    follow(key, name)

    def rename() -> None:
        try:
            actions.rename_block(desk, node, name, st.session_state[key].strip())
        except GraphError as error:
            desk.refuse(error)

    with st.container(key="row_block_name"):
        st.text_input(t("block_name"), key=key, max_chars=60, on_change=by_hand(key, rename))


def _use_value(desk: Desk, node: str, name: str, default: Any, given: Mapping[str, Any]) -> None:
    key = key_of(desk, node, f"block-{name}")
    follow(key, format_value(given.get(name)))

    def put() -> None:
        text = st.session_state[key]
        if text.strip():
            value = parse_value(text, typed(name, default))
            change(desk, lambda graph: edit.set_param(graph, node, name, value), "parameter")
        else:
            change(desk, lambda graph: edit.reset_param(graph, node, name), "reset")

    with st.container(key=f"param_{name}", horizontal=True, wrap=False, gap=None):
        label = parameter_label(name, language())
        st.text_input(label, key=key, placeholder=format_value(default), max_chars=200, on_change=by_hand(key, put))


def typed(name: str, default: Any) -> Parameter:
    """A block's parameter, of its default's type."""
    return Parameter(name, type(default) if isinstance(default, bool | int | float | str) else Any, default)


def open_block(desk: Desk) -> None:
    """The block that is open: its name, and the defaults of its parameters."""
    name = actions.block_name(desk)
    block_name(desk, name, "open-block")
    section("block_params")
    params = desk.blocks[name].block_params
    if not params:
        st.caption(t("block_params_hint"))
    with st.container(key="params"):
        for parameter, default in params.items():
            _default(desk, name, parameter, default)


def _default(desk: Desk, block: str, name: str, default: Any) -> None:
    key = key_of(desk, "open-block", f"default-{name}")
    follow(key, format_value(default))

    def put() -> None:
        value = parse_value(st.session_state[key], typed(name, default))
        change(desk, lambda _: desk.blocks[block].block_params.__setitem__(name, value), "default")

    with st.container(key=f"param_{name}", horizontal=True, wrap=False, gap=None):
        st.text_input(parameter_label(name, language()), key=key, max_chars=200, on_change=by_hand(key, put))


def port_name(desk: Desk, node: str) -> None:
    """A block's port is named by its node's id; the wires at every use follow."""
    key = key_of(desk, node, "port")
    follow(key, node)

    def rename() -> None:
        new = st.session_state[key].strip()
        change(desk, lambda graph: edit.rename_node(graph, node, new, root=desk.graph), "rename")
        if node not in desk.open_graph:
            desk.select((new,))

    with st.container(key="row_port_name"):
        st.text_input(t("node_name"), key=key, max_chars=60, on_change=by_hand(key, rename))

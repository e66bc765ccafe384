"""The fields of a component's parameters, derived from its signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.graph import Graph, edit
from builder.ui import actions
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.form.block_parameter import block_call, block_parameter
from builder.ui.form.common import change, key_of, section
from builder.ui.form.fields import Field, alternatives, field_for, format_value, parse_value
from builder.ui.form.hints import help_of
from builder.ui.form.reports import by_hand, follow
from builder.ui.markdown import plain
from builder.ui.text import language, t
from components.glossary import parameter_label
from components.spec import MISSING, Component, Parameter

BINDING = re.compile(r"\s*=\s*([A-Za-z][A-Za-z0-9_]*)\s*")


def parameters(desk: Desk, node: str, entry: Component, facts: Facts) -> None:
    """Draws a field for each parameter, and what the file has besides."""
    section("section_params")
    if not entry.parameters:
        st.caption(t("no_params"))
        return
    given = desk.open_graph.nodes[node]["params"]
    bad = {p.param for p in facts.problems if p.param}
    with st.container(key="params"):
        for parameter in entry.parameters.values():
            _row(desk, node, parameter, given, facts.params, parameter.name in bad)
        for name in given.keys() - entry.parameters.keys():
            _stray(desk, node, name, given[name])


def _row(
    desk: Desk, node: str, parameter: Parameter, given: Mapping[str, Any], known: Mapping[str, Any], bad: bool
) -> None:
    name = parameter.name
    own = name in given and not (given[name] is None and parameter.inferred)
    value = given[name] if own else MISSING if parameter.inferred or parameter.required else parameter.default
    with st.container(key=f"param_{name}{'_bad' if bad else ''}", horizontal=True, wrap=False, gap=None):
        if parameter.block is not None:
            block_parameter(desk, node, parameter, None if value is MISSING else value)
        else:
            _field(desk, node, parameter, field_for(parameter), value, known.get(name))
        if (
            own
            and parameter.block is None
            and (parameter.inferred is not None or parameter.required or value != parameter.default)
        ):
            back = t("auto_unknown") if parameter.inferred else format_value(parameter.default) or t("none_value")
            st.button(
                "", key=f"reset_{name}", type="tertiary", icon=":material/restart_alt:", help=t("reset", value=plain(back)),
                on_click=lambda: change(desk, lambda graph: edit.reset_param(graph, node, name), "reset"),
            )  # fmt: skip
    if parameter.block is not None:
        with st.container(key=f"call_{name}"):
            block_call(desk, node, parameter, value)


def _field(desk: Desk, node: str, parameter: Parameter, field: Field, value: Any, known: Any) -> None:
    key = key_of(desk, node, parameter.name)
    label, hint = parameter_label(parameter.name, language()), help_of(parameter, bool(desk.scope))

    def put(new: Any) -> None:
        if new is MISSING or (new is None and parameter.inferred):
            change(desk, lambda graph: edit.reset_param(graph, node, parameter.name), "reset")
        else:
            change(desk, lambda graph: edit.set_param(graph, node, parameter.name, new), "parameter")

    if field.kind == "switch" and isinstance(value, bool):
        follow(key, value)
        st.toggle(label, key=key, help=hint, on_change=by_hand(key, lambda: put(st.session_state[key])))
        return
    options = [*([MISSING] if parameter.inferred else []), *([None] if field.none else []), *field.choices]
    index = next((i for i, o in enumerate(options) if o is value or (o == value and type(o) is type(value))), None)
    if field.kind == "choice" and index is not None:
        key += "-choice"
        follow(key, index)
        st.selectbox(
            label, range(len(options)), key=key, format_func=lambda i: _choice(options[i], known), help=hint,
            on_change=by_hand(key, lambda: put(options[st.session_state[key]]), range(len(options))),
        )  # fmt: skip
        return
    key += "-text"
    bound = bound_name(value)
    follow(key, format_value(value) if bound is None else f"= {bound}")
    placeholder = t("none_value") if field.none else ""
    if parameter.inferred:
        placeholder = auto(known)
    elif parameter.required:
        placeholder = t("required_value")

    def put_text() -> None:
        text = st.session_state[key]
        binding = BINDING.fullmatch(text)
        if binding and desk.scope:
            change(desk, lambda graph: bind(desk, graph, node, parameter, binding[1], known), "bind")
        elif not text.strip() and not field.none and str not in alternatives(parameter.type):
            put(MISSING)
        else:
            put(parse_value(text, parameter))

    st.text_input(label, key=key, help=hint, placeholder=placeholder, max_chars=400, on_change=by_hand(key, put_text))


def _choice(option: Any, known: Any) -> str:
    if option is MISSING:
        return auto(known)
    return t("none_value") if option is None else format_value(option)


def auto(value: Any) -> str:
    """How an inferred value is shown: ``auto (400)``."""
    return t("auto_unknown") if value is None else t("auto", value=format_value(value))


def bound_name(value: Any) -> str | None:
    """The block parameter that a value follows, if it does."""
    return str(value["param"]) if isinstance(value, Mapping) and set(value) == {"param"} else None


def bind(desk: Desk, graph: Graph, node: str, parameter: Parameter, name: str, known: Any) -> None:
    """Makes a parameter follow a parameter of the open block, which gets the present value as default where it is new."""
    block = desk.blocks[actions.block_name(desk)]
    given = graph.nodes[node]["params"].get(parameter.name, parameter.default)
    if name not in block.block_params:
        value = known if known is not None else None if given is MISSING else given
        block.block_params[name] = list(value) if isinstance(value, tuple) else value
    edit.set_param(graph, node, parameter.name, {"param": name})


def _stray(desk: Desk, node: str, name: str, value: Any) -> None:
    """A parameter of the file that the component does not have: it is shown, and can be removed."""
    with st.container(key=f"stray_{name}_bad", horizontal=True, wrap=False, gap=None):
        st.text_input(plain(name), value=format_value(value), disabled=True, key=key_of(desk, node, f"{name}-stray"))
        st.button(
            "", key=f"remove_{name}", type="tertiary", icon=":material/delete:", help=t("command_delete"),
            on_click=lambda: change(desk, lambda graph: edit.reset_param(graph, node, name), "reset"),
        )  # fmt: skip

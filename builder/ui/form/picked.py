"""Components that are chosen in the settings of a node: initialisations, parametrisations, samplers of batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from builder.ui.desk import Desk
from builder.ui.form.common import choice, key_of
from builder.ui.form.fields import Field, alternatives, field_for, format_value, parse_value
from builder.ui.form.hints import help_of
from builder.ui.form.reports import by_hand, follow
from builder.ui.text import language, t
from components import registry
from components.glossary import parameter_label
from components.spec import MISSING, Component, Parameter

Item = dict[str, Any]  # {"component": id, "params": {...}}


def entries(kind: str, tag: str | None = None) -> dict[str, Component]:
    """The components of a kind, and with a tag, by id."""
    found = registry.all_components().values()
    return {c.id: c for c in found if c.kind == kind and (tag is None or tag in c.tags)}


def pick(
    desk: Desk,
    node: str,
    name: str,
    offered: Mapping[str, Component],
    none: str,
    now: Any,
    put: Callable[[Item | None], None],
    hint: str | None = None,
) -> None:
    """A field to choose a component, and fields for its parameters."""
    item = now if isinstance(now, Mapping) else {}
    chosen = str(item.get("component", ""))
    options = {"": none, **{id: entry.label(language()) for id, entry in offered.items()}}

    def take(id: str) -> None:
        put({"component": id, "params": {}} if id else None)

    choice(desk, node, name, t(name), options, chosen, take, hint)
    if chosen in offered:
        picked_parameters(desk, node, f"{name}-{chosen}", offered[chosen], dict(item), put)


def picked_parameters(
    desk: Desk, node: str, name: str, entry: Component, item: Item, put: Callable[[Item], None]
) -> None:
    """Fields for the parameters of a component that was chosen."""
    params = dict(item.get("params") or {})

    def set_one(parameter: Parameter, value: Any) -> None:
        rest = {k: v for k, v in params.items() if k != parameter.name}
        if value is not MISSING:
            rest[parameter.name] = value
        put({**item, "params": rest})

    for parameter in entry.parameters.values():
        _field(
            desk, node, f"{name}-{parameter.name}", parameter, params.get(parameter.name, parameter.default), set_one
        )


def _field(
    desk: Desk, node: str, name: str, parameter: Parameter, value: Any, put: Callable[[Parameter, Any], None]
) -> None:
    key = key_of(desk, node, name)
    label, hint = f"· {parameter_label(parameter.name, language())}", help_of(parameter)
    field = field_for(parameter)
    with st.container(key=f"init_{name}"):
        if field.kind == "switch" and isinstance(value, bool):
            follow(key, value)
            st.toggle(label, key=key, help=hint, on_change=by_hand(key, lambda: put(parameter, st.session_state[key])))
        elif (options := _options(field)) and value in options:
            index = options.index(value)
            follow(key, index)
            st.selectbox(
                label, range(len(options)), key=key, help=hint,
                format_func=lambda i: t("none_value") if options[i] is None else format_value(options[i]),
                on_change=by_hand(key, lambda: put(parameter, options[st.session_state[key]]), range(len(options))),
            )  # fmt: skip
        else:
            key += "-text"
            follow(key, format_value(value))
            placeholder = t("none_value") if field.none else ""

            def take() -> None:
                text = st.session_state[key]
                empty = not text.strip() and str not in alternatives(parameter.type)
                put(parameter, MISSING if empty else parse_value(text, parameter))

            st.text_input(
                label, key=key, help=hint, placeholder=placeholder, max_chars=100, on_change=by_hand(key, take)
            )


def _options(field: Field) -> list[Any]:
    return [*([None] if field.none else []), *field.choices] if field.kind == "choice" else []

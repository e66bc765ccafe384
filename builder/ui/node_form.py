"""The form of one node: parameters from its component's signature, ports with their wires, settings, and help.

The graph is the truth: before a widget is drawn its value is set from the graph, and a change is an edit of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, GraphError, edit
from builder.ui import actions, numbers
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.fields import Field, alternatives, field_for, format_value, parse_value
from builder.ui.markdown import plain
from builder.ui.text import language, t
from components import registry
from components.glossary import parameter_label
from components.spec import MISSING, Component, Parameter

LAYERS = ("layer", "transform", "loss")
NOT_CONNECTED = ""


def draw(desk: Desk, node: str, facts: Facts) -> None:
    """Draws the form of a node."""
    component = desk.open_graph.nodes[node]["component"]
    if component in (PORT_IN, PORT_OUT):
        _port_name(desk, node)
        _ports(desk, node, facts)
        return
    if actions.is_block(desk.open_graph, node):
        _name(desk, node)
        _block(desk, node, component.removeprefix(BLOCK_PREFIX))
        _ports(desk, node, facts)
        return
    try:
        entry = registry.get(component)
    except registry.UnknownComponentError:
        _unknown(desk, node)
        return
    _name(desk, node)
    _parameters(desk, node, entry, facts)
    _ports(desk, node, facts)
    _settings(desk, node, entry)
    _help(entry)


# ------------------------------------------------------------------ widgets that follow the graph


def _key(desk: Desk, node: str, name: str) -> str:
    return "-".join(("field", *desk.scope, node, name))


def _follow(key: str, value: Any) -> None:
    """Gives a widget the graph's value; what is being typed stays while the graph's value does."""
    if st.session_state.get(key, MISSING) != value:
        st.session_state[key] = value


def _change(desk: Desk, change: Callable[[Any], Any], label: str) -> None:
    try:
        desk.edit(change, label)
    except GraphError as error:
        desk.refuse(error)


def _section(key: str) -> None:
    st.html(f'<div class="desk-section">{escape(t(key))}</div>')


def _setting(desk: Desk, node: str, name: str, default: Any = None) -> Any:
    return desk.open_graph.nodes[node]["settings"].get(name, default)


def _set_setting(desk: Desk, node: str, name: str, value: Any) -> None:
    _change(desk, lambda graph: edit.set_setting(graph, node, name, value), "setting")


def _name(desk: Desk, node: str) -> None:
    key = _key(desk, node, "name")
    _follow(key, str(_setting(desk, node, "name") or ""))
    with st.container(key="row_name"):
        st.text_input(
            t("node_name"), key=key, placeholder=node, max_chars=200,
            on_change=lambda: _set_setting(desk, node, "name", st.session_state[key].strip() or None),
        )  # fmt: skip


def _port_name(desk: Desk, node: str) -> None:
    """A block's port is named by its node's id: uses of the block are wired to that name, and follow."""
    key = _key(desk, node, "port")
    _follow(key, node)

    def rename() -> None:
        new = st.session_state[key].strip()
        name = actions.block_name(desk)

        def change(graph: Any) -> None:
            output = graph.nodes[node]["component"] == PORT_OUT
            edit.rename_node(graph, node, new)
            actions.rename_port(desk, name, node, new, output)

        _change(desk, change, "rename")
        desk.select((new,))

    with st.container(key="row_port_name"):
        st.text_input(t("node_name"), key=key, max_chars=60, on_change=rename)


# ------------------------------------------------------------------ parameters


def _parameters(desk: Desk, node: str, entry: Component, facts: Facts) -> None:
    _section("section_params")
    if not entry.parameters:
        st.caption(t("no_params"))
        return
    given = desk.open_graph.nodes[node]["params"]
    bad = {p.param for p in facts.problems if p.param}
    with st.container(key="params"):
        for parameter in entry.parameters.values():
            _parameter(desk, node, parameter, given, facts.params, parameter.name in bad)
        for name in given.keys() - entry.parameters.keys():
            _stray(desk, node, name, given[name])


def _parameter(
    desk: Desk, node: str, parameter: Parameter, given: Mapping[str, Any], known: Mapping[str, Any], bad: bool
) -> None:
    name = parameter.name
    own = name in given and not (given[name] is None and parameter.inferred)
    value = given[name] if own else MISSING if parameter.inferred or parameter.required else parameter.default
    label = parameter_label(name, language())
    with st.container(key=f"param_{name}{'_bad' if bad else ''}", horizontal=True, wrap=False, gap=None):
        if isinstance(value, Mapping) and set(value) == {"param"}:
            st.text_input(
                label, value=t("from_block", name=value["param"]), disabled=True, key=_key(desk, node, f"{name}-bound")
            )
        else:
            _widget(desk, node, parameter, field_for(parameter), value, known.get(name), label)
        if own and (parameter.inferred is not None or given[name] != parameter.default):
            back = (
                _auto(known.get(name) if not own else None) if parameter.inferred else format_value(parameter.default)
            )
            st.button(
                "", key=f"reset_{name}", type="tertiary", icon=":material/restart_alt:",
                help=t("reset", value=plain(back or t("none_value"))),
                on_click=lambda: _change(desk, lambda graph: edit.reset_param(graph, node, name), "reset"),
            )  # fmt: skip


def _auto(value: Any) -> str:
    return t("auto_unknown") if value is None else t("auto", value=format_value(value))


def _hint(parameter: Parameter) -> str:
    """The tooltip: what the parameter means and which values it takes."""
    rule = parameter.rule[1] if language() == "zh" else parameter.rule[0]
    parts = [parameter.description[:1].upper() + parameter.description[1:], t("rule", rule=rule), f"`{parameter.name}`"]
    return "\n\n".join(plain(p) if not p.startswith("`") else p for p in parts if p)


def _widget(desk: Desk, node: str, parameter: Parameter, field: Field, value: Any, known: Any, label: str) -> None:
    key = _key(desk, node, parameter.name)
    hint = _hint(parameter)

    def put(new: Any) -> None:
        if new is MISSING or (new is None and parameter.inferred):
            _change(desk, lambda graph: edit.reset_param(graph, node, parameter.name), "reset")
        else:
            _change(desk, lambda graph: edit.set_param(graph, node, parameter.name, new), "parameter")

    if field.kind == "switch" and isinstance(value, bool):
        _follow(key, value)
        st.toggle(label, key=key, help=hint, on_change=lambda: put(st.session_state[key]))
        return
    if field.kind == "choice" and (value is MISSING or value in field.choices or (field.none and value is None)):
        key += "-choice"
        options = [*([MISSING] if parameter.inferred else []), *([None] if field.none else []), *field.choices]

        def shown(option: Any) -> str:
            if option is MISSING:
                return _auto(known)
            return t("none_value") if option is None else format_value(option)

        index = next(i for i, o in enumerate(options) if o is value or (o == value and type(o) is type(value)))
        _follow(key, index)
        st.selectbox(
            label, range(len(options)), key=key, format_func=lambda i: shown(options[i]), help=hint,
            on_change=lambda: put(options[st.session_state[key]]),
        )  # fmt: skip
        return
    _follow(key, format_value(value))
    if parameter.inferred:
        placeholder = _auto(known)
    else:
        placeholder = t("required_value") if parameter.required else t("none_value") if field.none else ""

    def put_text() -> None:
        text = st.session_state[key]
        if not text.strip() and not field.none and str not in alternatives(parameter.type):
            put(MISSING)
            st.session_state.pop(key, None)
        else:
            put(parse_value(text, parameter))

    st.text_input(label, key=key, help=hint, placeholder=placeholder, max_chars=400, on_change=put_text)


def _stray(desk: Desk, node: str, name: str, value: Any) -> None:
    """A parameter of the file that the component does not have: it is shown, and can be removed."""
    with st.container(key=f"stray_{name}_bad", horizontal=True, wrap=False, gap=None):
        st.text_input(plain(name), value=format_value(value), disabled=True, key=_key(desk, node, f"{name}-stray"))
        st.button(
            "", key=f"remove_{name}", type="tertiary", icon=":material/delete:", help=t("delete_button"),
            on_click=lambda: _change(desk, lambda graph: edit.reset_param(graph, node, name), "reset"),
        )  # fmt: skip


def _unknown(desk: Desk, node: str) -> None:
    for name, value in desk.open_graph.nodes[node]["params"].items():
        st.html(f'<div class="desk-wire"><code>{escape(name)}</code> {escape(format_value(value))}</div>')


# ------------------------------------------------------------------ ports


def _ports(desk: Desk, node: str, facts: Facts) -> None:
    graph = desk.open_graph
    try:
        signature = graph.signature(node, desk.blocks)
    except GraphError:
        return
    if not signature.inputs and not signature.outputs:
        return
    _section("section_ports")
    with st.container(key="ports"):
        for port in signature.inputs.values():
            wires = graph.wires_into(node, port.name)
            specs = facts.inputs.get(port.name, ())
            if port.variadic:
                _ordered(desk, node, port.name, wires, specs)
            else:
                _source(desk, node, port, wires, specs[0] if specs else None)
        outputs = signature.outputs
        if signature.component:
            outputs = signature.component.outputs_for(graph.nodes[node]["params"])
        rows = [(name, facts.outputs.get(name)) for name in outputs]
        cells = "".join(
            f"<dt>{escape(name)}</dt><dd><code>{escape(numbers.shape(spec.shape) if spec else '–')}</code>"
            f"<small>{escape(spec.dtype if spec else '')}</small></dd>"
            for name, spec in rows
        )
        if rows:
            st.html(f'<dl class="desk-ports">{cells}</dl>')


def _candidates(desk: Desk, node: str, kind: str) -> list[str]:
    """The output ports that may feed a node: of the kind asked for, and not behind the node itself."""
    import networkx as nx

    graph = desk.open_graph
    behind = nx.descendants(graph, node) | {node}
    found = []
    for other in graph:
        if other in behind:
            continue
        try:
            outputs = graph.signature(other, desk.blocks)
        except GraphError:
            continue
        ports = outputs.outputs
        if outputs.component:
            ports = outputs.component.outputs_for(graph.nodes[other]["params"])
        found += [f"{other}.{p.name}" for p in ports.values() if p.dims.kind == kind]
    return found


def _source(desk: Desk, node: str, port: Any, wires: list[Edge], spec: Any) -> None:
    """Where an input comes from: the keyboard's way to draw a wire."""
    key = _key(desk, node, f"in-{port.name}")
    now = f"{wires[0].source}.{wires[0].source_port}" if wires else NOT_CONNECTED
    options = list(dict.fromkeys([NOT_CONNECTED, *_candidates(desk, node, port.dims.kind), now]))
    _follow(key, now)

    def put() -> None:
        chosen = st.session_state[key]

        def change(graph: Any) -> None:
            for wire in wires:
                edit.disconnect(graph, wire)
            if chosen != NOT_CONNECTED:
                edit.connect(graph, edit.edge_between(chosen, f"{node}.{port.name}"), desk.blocks)

        _change(desk, change, "connect")

    shape = f"  `{numbers.shape(spec.shape)}`" if spec is not None else ""
    optional = f" ({t('optional')})" if port.optional else ""
    st.selectbox(
        f"{plain(port.name)}{optional}{shape}", options, key=key, on_change=put, help=plain(str(port.dims)),
        format_func=lambda end: end or t("not_connected"),
    )  # fmt: skip


def _ordered(desk: Desk, node: str, port: str, wires: list[Edge], specs: tuple[Any, ...]) -> None:
    """The wires into a variadic port, in their order."""
    sources = [f"{w.source}.{w.source_port}" for w in wires]
    st.html(f'<div class="desk-many">{escape(port)}</div>')
    for place, source in enumerate(sources):
        with st.container(key=f"order_{port}_{place}", horizontal=True, wrap=False, gap=None):
            shape = f" `{numbers.shape(specs[place].shape)}`" if place < len(specs) else ""
            st.markdown(f"{place + 1}. {plain(source)}{shape}")
            st.button(
                "", key=f"up_{port}_{place}", type="tertiary", icon=":material/arrow_upward:", help=t("wire_order"),
                disabled=place == 0, on_click=_move_up, args=(desk, node, port, sources, place),
            )  # fmt: skip
    kind = desk.open_graph.signature(node, desk.blocks).inputs[port].dims.kind
    options = [c for c in _candidates(desk, node, kind) if c not in sources]
    key = _key(desk, node, f"add-{port}")

    def put() -> None:
        chosen = st.session_state.pop(key)
        if chosen:
            _change(
                desk, lambda g: edit.connect(g, edit.edge_between(chosen, f"{node}.{port}"), desk.blocks), "connect"
            )

    if options:
        st.selectbox(
            t("connect_from", port=plain(port)), options, index=None, key=key, placeholder=t("add_wire"), on_change=put,
            label_visibility="collapsed",
        )  # fmt: skip


def _move_up(desk: Desk, node: str, port: str, sources: list[str], place: int) -> None:
    order = list(sources)
    order[place - 1], order[place] = order[place], order[place - 1]
    _change(desk, lambda graph: edit.reorder(graph, node, port, order), "reorder")


# ------------------------------------------------------------------ settings


def _settings(desk: Desk, node: str, entry: Component) -> None:
    if entry.kind == "dataset":
        _section("section_settings")
        with st.container(key="settings"):
            _number(desk, node, "batch_size", t("batch_size_default"), int)
            _switch(desk, node, "shuffle", default=True)
    elif entry.kind == "optimizer":
        _section("section_settings")
        with st.container(key="settings"):
            _number(desk, node, "clip_norm", t("clip_off"), float)
    elif entry.kind in LAYERS and entry.form != "op":
        _section("section_settings")
        with st.container(key="settings"):
            _switch(desk, node, "frozen", default=False, hint=t("frozen_help"))
            _init(desk, node)
            _weights(desk, node, entry)


def _switch(desk: Desk, node: str, name: str, default: bool, hint: str | None = None) -> None:
    key = _key(desk, node, f"set-{name}")
    _follow(key, bool(_setting(desk, node, name, default)))

    def put() -> None:
        value = st.session_state[key]
        _set_setting(desk, node, name, None if value == default else value)

    with st.container(key=f"row_{name}"):
        st.toggle(t(name), key=key, help=hint, on_change=put)


def _number(desk: Desk, node: str, name: str, placeholder: str, type_: type) -> None:
    """A positive number, or nothing for the default."""
    key = _key(desk, node, f"set-{name}")
    value = _setting(desk, node, name)
    _follow(key, format_value(value))

    def put() -> None:
        text = st.session_state[key].strip()
        try:
            number = type_(text) if text else None
        except ValueError:
            number = -1
        if number is not None and not 0 < number < 1e9:
            st.session_state.pop(key, None)
            desk.tell(
                f"'{name}' must be {'an integer of at least 1' if type_ is int else 'a number above 0'}. Got {text!r:.40}.",
                f"“{name}”必须是{'不小于 1 的整数' if type_ is int else '大于 0 的数'}，收到 {text!r:.40}。",
                "error",
            )
            return
        _set_setting(desk, node, name, number)

    with st.container(key=f"row_{name}"):
        st.text_input(t(name), key=key, placeholder=placeholder, max_chars=20, on_change=put)


def _init(desk: Desk, node: str) -> None:
    key = _key(desk, node, "set-init")
    now = _setting(desk, node, "init")
    inits = [c for c in registry.all_components().values() if c.kind == "init"]
    options = ["", *(c.id for c in inits)]
    chosen = str(now.get("component", "")) if isinstance(now, Mapping) else ""
    if chosen not in options:
        options.append(chosen)
    labels = {c.id: c.label(language()) for c in inits}
    _follow(key, chosen)

    def put() -> None:
        picked = st.session_state[key]
        _set_setting(desk, node, "init", {"component": picked, "params": {}} if picked else None)

    with st.container(key="row_init"):
        st.selectbox(
            t("init"), options, key=key, on_change=put, format_func=lambda id: labels.get(id, id) or t("init_default")
        )
    entry = next((c for c in inits if c.id == chosen), None)
    if entry is None:
        return
    params = dict(now.get("params", {})) if isinstance(now, Mapping) else {}
    for parameter in entry.parameters.values():
        _init_parameter(desk, node, entry, parameter, params)


def _init_parameter(desk: Desk, node: str, entry: Component, parameter: Parameter, params: dict[str, Any]) -> None:
    key = _key(desk, node, f"init-{entry.id}-{parameter.name}")
    value = params.get(parameter.name, parameter.default)
    _follow(key, format_value(value))

    def put() -> None:
        text = st.session_state[key]
        rest = {k: v for k, v in params.items() if k != parameter.name}
        if text.strip():
            rest[parameter.name] = parse_value(text, parameter)
        else:
            st.session_state.pop(key, None)
        _set_setting(desk, node, "init", {"component": entry.id, "params": rest})

    with st.container(key=f"init_{parameter.name}"):
        st.text_input(
            f"· {parameter_label(parameter.name, language())}",
            key=key,
            help=_hint(parameter),
            max_chars=100,
            on_change=put,
        )


def _weights(desk: Desk, node: str, entry: Component) -> None:
    others = [n for n, d in desk.open_graph.nodes(data=True) if d["component"] == entry.id and n != node]
    now = _setting(desk, node, "weights") or {}
    chosen = str(now.get("node", "")) if now.get("from") == "shared" else ""
    if not others and not chosen:
        return
    key = _key(desk, node, "set-weights")
    options = list(dict.fromkeys(["", *others, chosen]))
    _follow(key, chosen)

    def put() -> None:
        picked = st.session_state[key]
        _set_setting(desk, node, "weights", {"from": "shared", "node": picked} if picked else None)

    with st.container(key="row_weights"):
        st.selectbox(
            t("weights"), options, key=key, on_change=put,
            format_func=lambda n: t("weights_of", node=n) if n else t("weights_own"),
        )  # fmt: skip


# ------------------------------------------------------------------ blocks


def _block(desk: Desk, node: str, name: str) -> None:
    block = desk.blocks.get(name)
    if block is None:
        return
    with st.container(key="block_actions", horizontal=True):
        st.button(
            t("open_block"),
            key="open_block",
            icon=":material/open_in_full:",
            width="stretch",
            on_click=desk.enter,
            args=(node,),
        )
        st.button(
            t("detach"), key="detach_block", icon=":material/call_split:", help=t("detach_help"), width="stretch",
            on_click=lambda: _detach(desk, node),
        )  # fmt: skip
    _number(desk, node, "repeat", "1", int)
    key = _key(desk, node, "block-name")
    _follow(key, name)

    def rename() -> None:
        new = st.session_state[key].strip()
        st.session_state.pop(key, None)
        _change(desk, lambda _: actions.rename_block(desk, name, new), "rename")

    with st.container(key="row_block_name"):
        st.text_input(t("block_name"), key=key, max_chars=60, on_change=rename)
    given = desk.open_graph.nodes[node]["params"]
    if block.block_params:
        _section("block_params")
    with st.container(key="params"):
        for parameter, default in block.block_params.items():
            _block_parameter(desk, node, parameter, default, given)


def _detach(desk: Desk, node: str) -> None:
    try:
        actions.detach(desk, node)
    except GraphError as error:
        desk.refuse(error)


def _block_parameter(desk: Desk, node: str, name: str, default: Any, given: Mapping[str, Any]) -> None:
    key = _key(desk, node, f"block-{name}")
    parameter = Parameter(name, type(default) if default is not None else Any, default)
    _follow(key, format_value(given.get(name)))

    def put() -> None:
        text = st.session_state[key]
        if text.strip():
            value = parse_value(text, parameter)
            _change(desk, lambda graph: edit.set_param(graph, node, name, value), "parameter")
        else:
            _change(desk, lambda graph: edit.reset_param(graph, node, name), "reset")

    with st.container(key=f"param_{name}", horizontal=True, wrap=False, gap=None):
        st.text_input(
            parameter_label(name, language()), key=key, placeholder=format_value(default), max_chars=200, on_change=put
        )


# ------------------------------------------------------------------ help


def _help(entry: Component) -> None:
    with st.expander(t("section_help"), key="about"):
        st.markdown(plain(entry.help_zh if language() == "zh" else entry.doc.summary))
        if entry.doc.body:
            st.markdown(entry.doc.body)
        if entry.doc.shape:
            st.html(f'<pre class="desk-shape">{escape(entry.doc.shape)}</pre>')
        st.caption(f"{t('source')}: {plain(entry.doc.source or entry.source)}")

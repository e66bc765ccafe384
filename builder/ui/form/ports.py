"""The ports of a node: where each input comes from (the keyboard's way to draw a wire), and the shapes that leave it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import networkx as nx
import streamlit as st

from builder.graph import Edge, Graph, GraphError, edit
from builder.ui import numbers
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.form.common import change, key_of, section
from builder.ui.form.reports import by_hand, follow
from builder.ui.markdown import plain
from builder.ui.text import t
from components.spec import Port
from components.tensor_spec import TensorSpec

NOT_CONNECTED = ""


def ports(desk: Desk, node: str, facts: Facts) -> None:
    """Draws the ports."""
    graph = desk.open_graph
    try:
        inputs = graph.signature(node, desk.blocks).inputs
        outputs = output_ports(graph, node, desk.blocks)
    except GraphError:
        return  # an unknown component: said in its problem
    if not inputs and not outputs:
        return
    section("section_ports")
    with st.container(key="ports"):
        for port in inputs.values():
            wires, specs = graph.wires_into(node, port.name), facts.inputs.get(port.name, ())
            if port.variadic:
                _ordered(desk, node, port, wires, specs)
            else:
                _source(desk, node, port, wires, specs[0] if specs else None)
        if outputs:
            st.html(
                f'<dl class="desk-ports">{"".join(_leaving(name, facts.outputs.get(name)) for name in outputs)}</dl>'
            )


def output_ports(graph: Graph, node: str, blocks: Mapping[str, Graph]) -> Mapping[str, Port]:
    """The output ports of a node under its present parameters."""
    signature = graph.signature(node, blocks)
    if signature.component is None:
        return signature.outputs
    return signature.component.outputs_for(graph.nodes[node]["params"])


def sources_for(graph: Graph, node: str, kind: str, blocks: Mapping[str, Graph]) -> list[str]:
    """The output ports that may feed a node: of the kind asked for, and not behind the node itself."""
    behind = nx.descendants(graph, node) | {node}
    found = []
    for other in graph:
        if other in behind:
            continue
        try:
            given = output_ports(graph, other, blocks)
        except GraphError:
            continue  # an unknown component offers nothing
        found += [f"{other}.{p.name}" for p in given.values() if p.dims.kind == kind]
    return found


def _leaving(name: str, spec: TensorSpec | None) -> str:
    shape = numbers.shape(spec.shape) if spec else "–"
    dtype = spec.dtype if spec else ""
    return f"<dt>{escape(name)}</dt><dd><code>{escape(shape)}</code><small>{escape(dtype)}</small></dd>"


def _source(desk: Desk, node: str, port: Port, wires: list[Edge], spec: TensorSpec | None) -> None:
    key = key_of(desk, node, f"in-{port.name}")
    now = f"{wires[0].source}.{wires[0].source_port}" if wires else NOT_CONNECTED
    options = list(
        dict.fromkeys([NOT_CONNECTED, *sources_for(desk.open_graph, node, port.dims.kind, desk.blocks), now])
    )
    follow(key, now)

    def put() -> None:
        chosen = st.session_state[key]

        def rewire(graph: Graph) -> None:
            for wire in wires:
                edit.disconnect(graph, wire)
            if chosen != NOT_CONNECTED:
                edit.connect(graph, edit.edge_between(chosen, f"{node}.{port.name}"), desk.blocks)

        change(desk, rewire, "connect")

    shape = f" `{numbers.shape(spec.shape)}`" if spec is not None else ""
    st.selectbox(
        f"{plain(port.name)}{shape}", options, key=key, on_change=by_hand(key, put, options),
        help=_expected(port),
        format_func=lambda end: end or (t("optional") if port.optional else t("not_connected")),
    )  # fmt: skip


def _expected(port: Port) -> str:
    return plain(f"{port.dims} {port.dims.dtype}" if port.dims.kind == "tensor" else str(port.dims))


def _ordered(desk: Desk, node: str, port: Port, wires: list[Edge], specs: tuple[Any, ...]) -> None:
    """The wires into a variadic port, in their order."""
    sources = [f"{w.source}.{w.source_port}" for w in wires]
    st.html(f'<div class="desk-many">{escape(port.name)}</div>')
    for place, source in enumerate(sources):
        with st.container(key=f"order_{port.name}_{place}", horizontal=True, wrap=False, gap=None):
            shape = f" `{numbers.shape(specs[place].shape)}`" if place < len(specs) else ""
            st.markdown(f"{place + 1}. {plain(source)}{shape}")
            st.button(
                "", key=f"up_{port.name}_{place}", type="tertiary", icon=":material/arrow_upward:", help=t("wire_order"),
                disabled=place == 0, on_click=_move_up, args=(desk, node, port.name, sources, place),
            )  # fmt: skip
            st.button(
                "", key=f"cut_{port.name}_{place}", type="tertiary", icon=":material/close:", help=t("delete_wire"),
                on_click=change, args=(desk, lambda graph, wire=wires[place]: edit.disconnect(graph, wire), "disconnect"),
            )  # fmt: skip
    options = [c for c in sources_for(desk.open_graph, node, port.dims.kind, desk.blocks) if c not in sources]
    key = key_of(desk, node, f"add-{port.name}-{len(sources)}")

    def put() -> None:
        chosen = st.session_state[key]
        if chosen:
            edge = edit.edge_between(chosen, f"{node}.{port.name}")
            change(desk, lambda graph: edit.connect(graph, edge, desk.blocks), "connect")

    if options:
        with st.container(key=f"add_{port.name}"):
            st.selectbox(
                port.name, options, index=None, key=key, placeholder=t("add_wire"), on_change=put,
                label_visibility="collapsed",
            )  # fmt: skip


def _move_up(desk: Desk, node: str, port: str, sources: list[str], place: int) -> None:
    order = list(sources)
    order[place - 1], order[place] = order[place], order[place - 1]
    change(desk, lambda graph: edit.reorder(graph, node, port, order), "reorder")

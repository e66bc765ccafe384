"""The field of a parameter that is a part of the graph: which block or node it stands for, and the way into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import streamlit as st

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph, GraphError, edit
from builder.graph.graph import block_ports
from builder.ui import actions
from builder.ui.canvas.cards import called
from builder.ui.desk import Desk
from builder.ui.form.common import change, key_of
from builder.ui.form.hints import help_of
from builder.ui.form.reports import by_hand, follow
from builder.ui.markdown import plain
from builder.ui.text import language, t, text
from components import registry
from components.glossary import parameter_label
from components.spec import Block, Parameter

NEW = "\0new"
OWN, NODE = "block ", "node "
CALLABLE = ("layer", "op", "transform", "sampler")
_PORT = re.compile(r"(\w+)\s*:")


def block_parameter(desk: Desk, node: str, parameter: Parameter, value: Any) -> None:
    """Draws the choice, what the block is called with, and the button that opens it."""
    block = parameter.block
    if block is None:
        raise ValueError(f"The parameter '{parameter.name}' must be a block.")
    key = key_of(desk, node, f"{parameter.name}-block")
    now = _option(value)
    fitting = [*(OWN + b for b in _blocks(desk, block)), *(NODE + n for n in _nodes(desk, node, block))]
    options = ["", *dict.fromkeys([*fitting, *([now] if now else [])]), NEW]
    follow(key, now)

    def put() -> None:
        chosen = st.session_state[key]
        name = parameter.name
        if chosen == NEW:
            _begin(desk, node, name, block)
        elif not chosen:
            change(desk, lambda graph: edit.reset_param(graph, node, name), "reset")
        else:
            given = chosen.removeprefix(OWN) if chosen.startswith(OWN) else {"node": chosen.removeprefix(NODE)}
            change(desk, lambda graph: edit.set_param(graph, node, name, given), "parameter")

    st.selectbox(
        parameter_label(parameter.name, language()), options, key=key, format_func=_named, help=help_of(parameter),
        on_change=by_hand(key, put, options),
    )  # fmt: skip


def block_call(desk: Desk, node: str, parameter: Parameter, value: Any) -> None:
    """What the block is called with and gives, and the button that opens it."""
    if parameter.block is not None:
        about = t("called_with", inputs=parameter.block.inputs, outputs=parameter.block.outputs)
        st.caption(plain(about))
    target = called(value)
    if target:
        st.button(
            plain(t("block_open", name=target)), key=f"open_{parameter.name}", icon=":material/open_in_full:",
            width="stretch", on_click=_open, args=(desk, node, parameter.name),
        )  # fmt: skip


def _open(desk: Desk, node: str, parameter: str) -> None:
    try:
        desk.open_called(node, parameter)
    except GraphError as error:
        desk.refuse(error)


def _begin(desk: Desk, node: str, parameter: str, block: Block) -> None:
    """A new block with the ports that the node calls it by, opened."""
    name = actions.begin_block(desk, node, parameter, port_names(block.inputs), port_names(block.outputs))
    desk.tell(text("block_begun", "en", name=name), text("block_begun", "zh", name=name))
    _open(desk, node, parameter)


def port_names(words: str) -> list[str]:
    """The names in ``xt: B *, t: B``."""
    return _PORT.findall(words)


def _option(value: Any) -> str:
    if isinstance(value, Mapping):
        return NODE + called(value)
    return OWN + value if isinstance(value, str) and value else ""


def _named(option: str) -> str:
    if not option:
        return t("block_choice_none")
    if option == NEW:
        return t("block_choice_new")
    if option.startswith(OWN):
        return t("block_choice_own", name=option.removeprefix(OWN))
    return t("block_choice_node", name=option.removeprefix(NODE))


# ------------------------------------------------------------------ what fits


def _blocks(desk: Desk, wanted: Block) -> Iterator[str]:
    """The blocks of the graph with the ports that are needed."""
    takes, gives = len(port_names(wanted.inputs)), len(port_names(wanted.outputs))
    for name, block in desk.blocks.items():
        ports = len(block_ports(block, PORT_IN)), len(block_ports(block, PORT_OUT))
        if ports == (takes, gives) and actions.may_hold(desk, name):
            yield name


def _nodes(desk: Desk, node: str, wanted: Block) -> Iterator[str]:
    """The nodes that can be called so: uses of blocks, layers, and block parameters of other nodes."""
    takes, gives = len(port_names(wanted.inputs)), len(port_names(wanted.outputs))
    beside = [(desk.open_graph, path) for path in desk.open_graph]
    above = [(desk.graph, path) for path in desk.graph if path not in desk.open_graph] if desk.scope else []
    for graph, other in (*beside, *above):
        if other == node and graph is desk.open_graph:
            continue
        if _fits(graph, other, desk.blocks, takes, gives):
            yield other
        yield from _within(graph, other, desk.blocks, takes, gives)


def _fits(graph: Graph, node: str, blocks: Mapping[str, Graph], takes: int, gives: int) -> bool:
    component = graph.nodes[node]["component"]
    if component in (PORT_IN, PORT_OUT):
        return False
    if not component.startswith(BLOCK_PREFIX):
        try:
            entry = registry.get(component)
        except registry.UnknownComponentError:
            return False
        if entry.kind not in CALLABLE:
            return False
    try:
        signature = graph.signature(node, blocks)
    except GraphError:
        return False  # a block that is no more: said at the node
    required = [p for p in signature.inputs.values() if not p.optional and p.dims.kind == "tensor"]
    return len(required) <= takes <= len(signature.inputs) and len(signature.outputs) == gives


def _within(graph: Graph, node: str, blocks: Mapping[str, Graph], takes: int, gives: int) -> Sequence[str]:
    """The block parameters of a node whose blocks can be called so."""
    try:
        parameters = registry.get(graph.nodes[node]["component"]).parameters.values()
    except registry.UnknownComponentError:
        return []  # a block's use, or a component that this program does not have
    found = []
    for parameter in parameters:
        name = graph.nodes[node]["params"].get(parameter.name)
        if parameter.block and isinstance(name, str) and name in blocks:
            ports = len(block_ports(blocks[name], PORT_IN)), len(block_ports(blocks[name], PORT_OUT))
            found += [f"{node}/{parameter.name}"] if ports == (takes, gives) else []
    return found

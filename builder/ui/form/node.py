"""The form of one node, put together from its parts."""

from __future__ import annotations

from html import escape

import streamlit as st

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT
from builder.ui import actions
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.form import blocks
from builder.ui.form.about import about
from builder.ui.form.common import mode_field, name_field
from builder.ui.form.fields import format_value
from builder.ui.form.parameters import parameters
from builder.ui.form.picture import picture
from builder.ui.form.ports import ports
from builder.ui.form.settings import block_settings, settings
from components import registry


def node_form(desk: Desk, node: str, facts: Facts, known: Checked) -> None:
    """Draws the form of a node."""
    component = desk.open_graph.nodes[node]["component"]
    if component in (PORT_IN, PORT_OUT):
        blocks.port_name(desk, node)
        ports(desk, node, facts)
    elif actions.is_block(desk.open_graph, node):
        name_field(desk, node)
        mode_field(desk, node)
        blocks.block_use(desk, node, component.removeprefix(BLOCK_PREFIX))
        ports(desk, node, facts)
        block_settings(desk, node)
    else:
        try:
            entry = registry.get(component)
        except registry.UnknownComponentError:
            _unknown(desk, node)
            return
        name_field(desk, node)
        mode_field(desk, node)
        parameters(desk, node, entry, facts)
        picture(desk, node, entry, known.facts)
        ports(desk, node, facts)
        settings(desk, node, entry, known)
        about(entry, facts)


def _unknown(desk: Desk, node: str) -> None:
    """A component that this program does not have: what the file says of it."""
    for name, value in desk.open_graph.nodes[node]["params"].items():
        st.html(f'<div class="desk-wire"><code>{escape(name)}</code> {escape(format_value(value))}</div>')

"""The edits that a person makes. Each changes a graph (or block) in place, or raises GraphError and changes nothing."""

from builder.graph.edit.blocks import detach_block, make_block
from builder.graph.edit.copies import duplicate
from builder.graph.edit.names import fresh_id
from builder.graph.edit.nodes import add_node, move, remove_nodes, reset_param, set_param, set_setting
from builder.graph.edit.rename import rename_node
from builder.graph.edit.wires import connect, disconnect, edge_between, parse_end, reorder

__all__ = [
    "add_node",
    "connect",
    "detach_block",
    "disconnect",
    "duplicate",
    "edge_between",
    "fresh_id",
    "make_block",
    "move",
    "parse_end",
    "remove_nodes",
    "rename_node",
    "reorder",
    "reset_param",
    "set_param",
    "set_setting",
]

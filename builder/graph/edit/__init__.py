"""The edits that a person makes. Each changes a graph (or block) in place, or raises GraphError and changes nothing."""

from builder.graph.edit.block_names import blocks_in, needed, rename_block, uses
from builder.graph.edit.blocks import detach_block, make_block, own_block
from builder.graph.edit.copies import bring_blocks, clip, duplicate, paste
from builder.graph.edit.names import fresh_id
from builder.graph.edit.nodes import add_node, move, remove_nodes, reset_param, set_param, set_setting, toggle_mode
from builder.graph.edit.rename import rename_node
from builder.graph.edit.replace import Replaced, replace_node
from builder.graph.edit.wires import connect, disconnect, edge_between, parse_end, reconnect, reorder, splice

__all__ = [
    "Replaced",
    "add_node",
    "blocks_in",
    "bring_blocks",
    "clip",
    "connect",
    "detach_block",
    "disconnect",
    "duplicate",
    "edge_between",
    "fresh_id",
    "make_block",
    "move",
    "needed",
    "own_block",
    "parse_end",
    "paste",
    "reconnect",
    "remove_nodes",
    "rename_block",
    "rename_node",
    "reorder",
    "replace_node",
    "reset_param",
    "set_param",
    "set_setting",
    "splice",
    "toggle_mode",
    "uses",
]

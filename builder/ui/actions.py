"""The edits that a person makes at the desk, on the canvas, in the bar or in the inspector. No views here."""

from __future__ import annotations

from collections.abc import Sequence

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Graph, GraphError, edit
from builder.graph.graph import IDENTIFIER
from builder.ui import block_library, placing
from builder.ui.canvas.view import edge_id
from builder.ui.desk import Desk, Fresh, block_of


def is_block(graph: Graph, node: str) -> bool:
    """Whether a node is a use of a block."""
    return node in graph and graph.nodes[node]["component"].startswith(BLOCK_PREFIX)


def add(desk: Desk, component: str, position: tuple[float, float], wire: str | None = None) -> str:
    """Places a component, or a block of the library, and selects it; dropped on a wire, it is wired in between.

    What is in its way makes room.
    """
    library = component.startswith(block_library.PREFIX)
    kept = block_library.read(component.removeprefix(block_library.PREFIX)) if library else None

    def change(graph: Graph) -> str:
        chosen = component
        if kept is not None:
            chosen = BLOCK_PREFIX + edit.bring_blocks(kept, desk.blocks)[block_library.main(kept)]
        check_placeable(desk, chosen)
        new = edit.add_node(graph, chosen, position, blocks=desk.blocks)
        crossed = next((e for e in graph.wires() if wire is not None and edge_id(e) == wire), None)
        if crossed is not None:
            edit.splice(graph, new, crossed, desk.blocks)
        placing.let_in(desk, new, crossed.source if crossed else None)
        return new

    new = desk.edit(change, "add")
    desk.select((new,))
    return new


def check_placeable(desk: Desk, component: str) -> None:
    """GraphError for a block's port where no block is open."""
    if component in (PORT_IN, PORT_OUT) and not desk.scope:
        raise GraphError("Ports of a block can only be placed inside a block.", "模块端口只能放在模块内部。")


def _open_blocks(desk: Desk) -> list[str]:
    return [block_of(desk.part(desk.scope[:depth]), step) for depth, step in enumerate(desk.scope)]


def may_hold(desk: Desk, name: str) -> bool:
    """Whether a block can stand in the part that is open without holding itself."""
    return set(edit.needed([name], desk.blocks)).isdisjoint(_open_blocks(desk))


def duplicate(desk: Desk) -> None:
    """Places copies of the selected nodes beside them and selects the copies."""
    chosen = selected(desk)
    new = desk.edit(lambda graph: edit.duplicate(graph, chosen), "duplicate")
    desk.select(new.values())


def duplicate_wired(desk: Desk) -> None:
    """Like ``duplicate``, with the wires that come from nodes that are not selected."""
    chosen = selected(desk)
    new = desk.edit(lambda graph: edit.duplicate(graph, chosen, incoming=True), "duplicate_wired")
    desk.select(new.values())


def mute(desk: Desk) -> None:
    """Leaves the selected nodes out with their wires; lets them act again where all of them are muted."""
    _toggle_mode(desk, "mute")


def bypass(desk: Desk) -> None:
    """Lets the wires pass the selected nodes by; lets them act again where all of them are bypassed."""
    _toggle_mode(desk, "bypass")


def _toggle_mode(desk: Desk, mode: str) -> None:
    chosen = selected(desk)
    desk.edit(lambda graph: edit.toggle_mode(graph, chosen, mode), mode)


def selected(desk: Desk) -> tuple[str, ...]:
    """The selected nodes; GraphError where there are none."""
    if not desk.selection:
        raise GraphError("Select at least one node first.", "请先选中至少一个节点。")
    return desk.selection


def delete(desk: Desk) -> None:
    """Deletes the selected nodes and wires."""

    def change(graph: Graph) -> None:
        for wire in desk.wires:
            edit.disconnect(graph, wire)
        edit.remove_nodes(graph, desk.selection)

    if desk.selection or desk.wires:
        desk.edit(change, "delete")


def group(desk: Desk) -> None:
    """Makes the selected nodes a block and selects it."""
    chosen = selected(desk)
    number = 1
    while f"block{number}" in desk.blocks:
        number += 1
    name = f"block{number}"
    new = desk.edit(lambda graph: edit.make_block(graph, chosen, name, desk.blocks), "group")
    desk.select((new,))
    desk.fresh = Fresh(desk.fresh.number + 1, new, desk.state)


def rename_block(desk: Desk, node: str, old: str, new: str) -> None:
    """Renames a block. The name that a new one is given is part of making it, and its first use goes by it too."""
    fresh = desk.fresh.node == node and desk.fresh.state is desk.state

    def change(graph: Graph) -> str:
        edit.rename_block(desk.graph, old, new)
        if not fresh or new in graph:
            return node
        edit.rename_node(graph, node, new, desk.graph)
        return new

    named = desk.edit(change, "rename", joined=fresh)
    if fresh:
        desk.select((named,))


def toggle_expanded(desk: Desk) -> None:
    """Draws the selected blocks open on the canvas, or closed where all of them are open."""
    uses = [node for node in desk.selection if is_block(desk.open_graph, node)]
    if not uses:
        raise GraphError("Select a block to expand it here.", "请先选中一个模块，再就地展开。")
    desk.toggle((*desk.scope, use) for use in uses)


def detach(desk: Desk, node: str) -> None:
    """Puts a block's nodes in its place and selects them."""
    new = desk.edit(lambda graph: edit.detach_block(graph, node, desk.blocks), "detach")
    desk.select(new)


def block_name(desk: Desk) -> str:
    """The name of the block that is open; GraphError where none is."""
    names = _open_blocks(desk)
    if not names:
        raise GraphError("No block is open.", "没有打开的模块。")
    return names[-1]


def begin_block(desk: Desk, node: str, parameter: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """A new block with these ports as the value of a node's parameter; its name."""
    name, number = parameter, 2
    while name in desk.blocks or not IDENTIFIER.fullmatch(name):
        name, number = f"{parameter}{number}", number + 1

    def change(graph: Graph) -> None:
        block = Graph()
        for side, (kind, ports) in enumerate(((PORT_IN, inputs), (PORT_OUT, outputs))):
            for row, port in enumerate(ports):
                id = port if port not in block else f"{port}_out"
                block.place(id, kind, position=(640.0 * side, 96.0 * row))
        desk.blocks[name] = block
        edit.set_param(graph, node, parameter, name)

    desk.edit(change, "begin_block")
    return name

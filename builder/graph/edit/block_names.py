"""Which blocks a part of the graph needs: those that its nodes are uses of, and those that they take as parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from builder.graph.edit.names import Blocks, require_free
from builder.graph.graph import BLOCK_PREFIX, Graph
from components import registry


def block_parameters(component: str, blocks: Blocks, within: tuple[str, ...] = ()) -> set[str]:
    """The names of the parameters of a component, or of a block, that take a block."""
    if not component.startswith(BLOCK_PREFIX):
        try:
            return {p.name for p in registry.get(component).parameters.values() if p.block}
        except registry.UnknownComponentError:
            return set()  # a block's port, or reported at the node
    name = component.removeprefix(BLOCK_PREFIX)
    return _handed_on(blocks[name], blocks, (*within, name)) if name in blocks and name not in within else set()


def _handed_on(graph: Graph, blocks: Blocks, within: tuple[str, ...] = ()) -> set[str]:
    """The parameters of a block that nodes in it hand on to block parameters of theirs."""
    found = set()
    for _, data in graph.nodes(data=True):
        for name in block_parameters(data["component"], blocks, within):
            value = data["params"].get(name)
            if isinstance(value, Mapping) and set(value) == {"param"}:
                found.add(value["param"])
    return found


def blocks_in(graph: Graph, blocks: Blocks) -> list[str]:
    """The blocks that a graph needs directly, also some that are not there."""
    found = [graph.block_params.get(name) for name in sorted(_handed_on(graph, blocks))]
    for _, data in graph.nodes(data=True):
        component = data["component"]
        found += [component.removeprefix(BLOCK_PREFIX)] if component.startswith(BLOCK_PREFIX) else []
        found += [data["params"].get(name) for name in sorted(block_parameters(component, blocks))]
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def needed(names: Iterable[str], blocks: Blocks) -> list[str]:
    """These blocks and all that they need in turn, as far as they are there; each behind those that it needs."""
    found: list[str] = []
    begun: set[str] = set()
    stack = [(name, False) for name in reversed(list(names))]
    while stack:
        name, done = stack.pop()
        if done:
            found.append(name)
        elif name in blocks and name not in begun:
            begun.add(name)
            stack.append((name, True))
            stack += [(inner, False) for inner in blocks_in(blocks[name], blocks)]
    return found


def uses(root: Graph, name: str) -> int:
    """How many nodes of the graph and of its blocks are uses of a block, or take it as a parameter."""
    return sum(
        data["component"] == BLOCK_PREFIX + name
        or any(data["params"].get(p) == name for p in block_parameters(data["component"], root.blocks))
        for part in (root, *root.blocks.values())
        for _, data in part.nodes(data=True)
    )


def rename_block(root: Graph, old: str, new: str) -> None:
    """Gives a block another name; what names it follows.

    Raises:
        GraphError: the name is taken, or is none.
    """
    if new == old:
        return
    require_free(new, root.blocks, ("A block's name", "模块名"))
    for part in (root, *root.blocks.values()):
        rename_blocks(part, {old: new}, root.blocks)
    renamed = {new if name == old else name: block for name, block in root.blocks.items()}
    root.blocks.clear()
    root.blocks.update(renamed)


def rename_blocks(graph: Graph, new: Mapping[str, str], blocks: Blocks) -> None:
    """Lets the nodes of a graph name blocks by their new names; ``blocks`` are there under their old ones."""

    def renamed(value: Any) -> Any:
        return new.get(value, value) if isinstance(value, str) else value

    for name in _handed_on(graph, blocks) & graph.block_params.keys():
        graph.block_params[name] = renamed(graph.block_params[name])
    for _, data in graph.nodes(data=True):
        component, params = data["component"], data["params"]
        taking = block_parameters(component, blocks) & params.keys()
        if taking:
            data["params"] = {k: renamed(v) if k in taking else v for k, v in params.items()}
        if component.startswith(BLOCK_PREFIX):
            data["component"] = BLOCK_PREFIX + renamed(component.removeprefix(BLOCK_PREFIX))

"""Every node of a graph with the way to it, those inside of blocks too: what a search for nodes looks through."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from builder.graph import BLOCK_PREFIX, Graph
from builder.ui.catalogue import Catalogue

MOST = 1000  # nodes: blocks within blocks may unfold to very many


def outline(graph: Graph, catalogue: Catalogue) -> list[list[Any]]:
    """The nodes as ``[path, name, component]``, those that are the fewest blocks deep first; at most ``MOST``.

    A path holds the ids on the way, with the name of the parameter where a node takes a block as one.
    """
    return list(islice(_walk(graph, catalogue), MOST))


def _walk(graph: Graph, catalogue: Catalogue) -> Iterator[list[Any]]:
    todo: deque[tuple[list[str], Graph, frozenset[str]]] = deque([([], graph, frozenset())])
    while todo:
        way, part, within = todo.popleft()
        for node, data in part.nodes(data=True):
            path = [*way, node]
            yield [path, str(data["settings"].get("name") or ""), data["component"]]
            for inside, block in _blocks_of(path, data, catalogue):
                if block in graph.blocks and block not in within:  # a broken file may hold a block within itself
                    todo.append((inside, graph.blocks[block], within | {block}))


def _blocks_of(path: list[str], data: dict[str, Any], catalogue: Catalogue) -> Iterator[tuple[list[str], str]]:
    """The blocks that a node opens into, each with the way there."""
    component = data["component"]
    if component.startswith(BLOCK_PREFIX):
        yield path, component.removeprefix(BLOCK_PREFIX)
    entry = catalogue.get(component)
    for parameter in entry.blocks if entry else ():
        block = data["params"].get(parameter.name)
        if isinstance(block, str):
            yield [*path, parameter.name], block

"""The names of nodes, ports and blocks: fresh ones, and what edits require of given ones."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

from builder.graph.graph import BLOCK_PREFIX, IDENTIFIER, MAX_ID, PORT_IN, PORT_OUT, Graph, GraphError

Blocks = Mapping[str, Graph]
KIND_PREFIXES = ("op", "act", "data", "layer", "loss", "metric", "opt", "rnn", "sched")  # of component ids: not telling
PORT_NAMES = {PORT_IN: "x", PORT_OUT: "y"}


def fresh_id(graph: Graph, component: str) -> str:
    """An unused node id from the component's telling word: ``conv1``, ``relu2``; a block's port: ``x``, ``y2``."""
    if component in PORT_NAMES:
        return free_name(PORT_NAMES[component], graph)
    base = component.removeprefix(BLOCK_PREFIX)
    head, _, tail = base.partition("_")
    if not component.startswith(BLOCK_PREFIX):
        if head == "conv":
            base = head
        elif head in KIND_PREFIXES and IDENTIFIER.fullmatch(tail):
            base = tail
    base = re.sub(r"\d+$", "", base).rstrip("_")[: MAX_ID - 10] or "node"
    number = 1
    while f"{base}{number}" in graph:
        number += 1
    return f"{base}{number}"


def free_name(name: str, used: Container[str]) -> str:
    """The name, or with the first number that makes it an unused one; its end gives way to one that would be too long."""
    found, number = name, 1
    while found in used:
        number += 1
        found = f"{name[: MAX_ID - len(str(number))]}{number}"
    return found


def name_of_block(graph: Graph, blocks: Blocks) -> str | None:
    """The name under which a graph is a block; None for the whole graph."""
    return next((name for name, block in blocks.items() if block is graph), None)


def require_nodes(graph: Graph, nodes: Iterable[str]) -> None:
    for node in nodes:
        if node not in graph:
            raise GraphError(f"There is no node '{node}'.", f"没有节点“{node}”。", node)


def require_free(name: str, used: Container[str], what: tuple[str, str], node: str = "") -> None:
    if not IDENTIFIER.fullmatch(name) or len(name) > MAX_ID or name in used:
        raise GraphError(
            f"{what[0]} must be unused letters, digits and '_', a letter first, at most {MAX_ID}. Got {name!r:.100}.",
            f"{what[1]}须以字母开头，仅含字母、数字和下划线，不超过 {MAX_ID} 个字符，且未被占用。收到 {name!r:.100}。",
            node,
        )

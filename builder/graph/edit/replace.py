"""Another component in a node's place: what fits of its parameters, settings and wires stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.graph.edit.names import Blocks, fresh_id, require_nodes
from builder.graph.edit.nodes import require_no_recursion
from builder.graph.edit.rename import rename_node
from builder.graph.edit.wires import rewire
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph, GraphError, Signature, signature_of
from components.spec import Component, ParameterError, Port

WEIGHTED = ("layer", "transform", "loss")
SETTINGS = {  # by setting that not every node may have, the kinds of components that may; blocks among them
    **dict.fromkeys(("frozen", "parametrize"), (*WEIGHTED, "block")),
    "init": WEIGHTED,
    "regularize": (*WEIGHTED, "block", "optimizer"),
    "phase": ("layer", "transform", "op", "sampler"),
    "repeat": ("block",),
    **dict.fromkeys(("batch_size", "shuffle", "drop_last", "workers", "subset", "sampler"), ("dataset",)),
    **dict.fromkeys(
        ("order", "every", "epochs", "accumulate", "clip_norm", "clip_value", "decay", "parameters"), ("optimizer",)
    ),
}


@dataclass(frozen=True)
class Replaced:
    """What became of a node: its id now, and what of it did not fit."""

    node: str
    params: tuple[str, ...]
    settings: tuple[str, ...]
    wires: tuple[Edge, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing was lost."""
        return not (self.params or self.settings or self.wires)


def replace_node(
    graph: Graph, node: str, component: str, blocks: Blocks | None = None, root: Graph | None = None
) -> Replaced:
    """Puts another component (or ``block:<name>``) in a node's place.

    Parameters stay where the new one has them and takes their value, settings where its kind has them. Wires go to the
    port of the same name, else in their order to free ports that carry the same. An id that a person gave stays; one
    that tells the old component becomes one that tells the new.

    Args:
        root: the whole graph, where ``graph`` is one of its blocks: what names the node there follows.

    Raises:
        GraphError: there is no such node, component or block, or one of both is a block's port.
    """
    require_nodes(graph, [node])
    blocks = graph.blocks if blocks is None else blocks
    data = graph.nodes[node]
    old = data["component"]
    for one in (old, component):
        if one in (PORT_IN, PORT_OUT):
            raise GraphError(
                f"'{node}': a block's port cannot be replaced, nor stand for a component.",
                f"“{node}”：模块端口不能被替换，也不能替换其他组件。",
                node,
            )
    new = signature_of(component, blocks, node)
    require_no_recursion(graph, component, blocks)
    params = {k: v for k, v in data["params"].items() if _takes(new.component, component, blocks, k, v)}
    new = signature_of(component, blocks, node, params)
    kind = "block" if new.component is None else new.component.kind
    settings = {
        name: value
        for name, value in data["settings"].items()
        if component == old or (name != "weights" and kind in SETTINGS.get(name, (kind,)))
    }
    laid, lost = _moved(graph, node, new, blocks)
    done = Replaced(
        node if _keeps_id(node, old, component) else fresh_id(graph, component),
        tuple(name for name in data["params"] if name not in params),
        tuple(name for name in data["settings"] if name not in settings),
        tuple(lost),
    )
    data["component"], data["params"], data["settings"] = component, params, settings
    rewire(graph, laid)
    rename_node(graph, node, done.node, root)
    return done


def _takes(entry: Component | None, component: str, blocks: Blocks, name: str, value: Any) -> bool:
    """Whether a component has a parameter and it may have this value."""
    if entry is None:
        return name in blocks[component.removeprefix(BLOCK_PREFIX)].block_params
    parameter = entry.parameters.get(name)
    if parameter is None:
        return False
    if value is None and parameter.inferred is not None:
        return True
    if isinstance(value, Mapping) and set(value) == {"param"}:
        return True  # what the block around gives is checked at each of its uses
    try:
        parameter.check(value, entry.id)
    except ParameterError:
        return False
    return True


def _keeps_id(node: str, old: str, new: str) -> bool:
    """Whether an id says something else than the old component, or tells the new one as well."""
    word, told, tells = (re.sub(r"\d+$", "", id) for id in (node, *(fresh_id(Graph(), c) for c in (old, new))))
    return word != told or word == tells


def _moved(
    graph: Graph, node: str, new: Signature, blocks: Blocks
) -> tuple[list[tuple[Edge, Mapping[str, Any]]], list[Edge]]:
    """All wires of the graph, those of the node at its new ports, and those that found none."""
    entering = _entries([(edge, _kind(graph, edge, blocks)) for edge in graph.wires_into(node)], new.inputs)
    leaving = _exits([(edge.source_port, _kind(graph, edge, blocks)) for edge in graph.wires_from(node)], new.outputs)
    laid: list[tuple[Edge, Mapping[str, Any]]] = []
    lost = []
    for edge in graph.wires():
        extra = graph.extra_of(edge)
        if edge.target == node:
            port = entering.get(edge)
            moved = edge._replace(target_port=port) if port else None
        elif edge.source == node:
            port = leaving.get(edge.source_port)
            moved = edge._replace(source_port=port) if port else None
        else:
            moved = edge
        if moved is None:
            lost.append(edge)
        else:
            laid.append((moved, extra))
    return laid, lost


def _kind(graph: Graph, edge: Edge, blocks: Blocks) -> str:
    """What a wire carries; a tensor where its source is not known."""
    try:
        port = graph.signature(edge.source, blocks).outputs.get(edge.source_port)
    except GraphError:
        port = None
    return "tensor" if port is None else port.dims.kind


def _entries(wires: list[tuple[Edge, str]], ports: Mapping[str, Port]) -> dict[Edge, str]:
    """By wire that comes in, its new port: that of the same name, else the first free one that takes what it carries."""
    found: dict[Edge, str] = {}
    free = dict(ports)

    def take(edge: Edge, name: str) -> None:
        found[edge] = name
        if not ports[name].variadic:
            del free[name]

    for edge, kind in wires:
        if edge.target_port in free and free[edge.target_port].dims.kind == kind:
            take(edge, edge.target_port)
    for edge, kind in wires:
        name = next((n for n, port in free.items() if port.dims.kind == kind), None)
        if edge not in found and name is not None:
            take(edge, name)
    return found


def _exits(wires: list[tuple[str, str]], ports: Mapping[str, Port]) -> dict[str, str]:
    """By output that is read, the new one: that of the same name, else the first left that gives the same kind."""
    kinds = dict(wires)
    found = {old: old for old, kind in kinds.items() if old in ports and ports[old].dims.kind == kind}
    for old, kind in kinds.items():
        left = (name for name, port in ports.items() if port.dims.kind == kind and name not in found.values())
        if old not in found and (name := next(left, None)) is not None:
            found[old] = name
    return found

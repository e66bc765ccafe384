"""Blocks unfolded: the nodes that a compiler sees, each with its path, and the wires between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.graph.edit import substitute
from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph, GraphError, signature_of
from components.spec import Component

MAX_DEPTH = 20
MAX_NODES = 50_000


@dataclass
class FlatNode:
    """A component's node after unfolding. ``path`` joins the ids of the blocks around it with ``/``; it is unique."""

    path: str
    component: Component
    params: dict[str, Any]
    settings: dict[str, Any]
    inputs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By input port, the (path, port) that feed it, in their visible order."""


@dataclass
class Flat:
    """A graph without blocks, and what went wrong while unfolding it (each error names its node)."""

    nodes: dict[str, FlatNode]
    errors: list[GraphError]


def flatten(graph: Graph) -> Flat:
    """Unfolds every block of a graph. Nodes of unknown components and broken blocks are left out and reported."""
    flat = Flat({}, [])
    _Unfold(graph.blocks, flat).body(graph, "", {}, {}, ())
    for node in flat.nodes.values():
        for port, ends in node.inputs.items():
            node.inputs[port] = [end for end in ends if end[0] in flat.nodes]
    return flat


Ends = dict[str, list[tuple[str, str]]]


class _Unfold:
    def __init__(self, blocks: Mapping[str, Graph], flat: Flat) -> None:
        self.blocks, self.flat = blocks, flat

    def body(
        self, graph: Graph, prefix: str, given: Mapping[str, Any], entering: Ends, within: tuple[str, ...]
    ) -> Ends:
        """Adds the nodes of one graph or block; what leaves it, by port of the block."""
        leaving: dict[tuple[str, str], list[tuple[str, str]]] = {}
        order = self._order(graph)
        results: Ends = {}
        self._check_ports(graph, prefix)
        for id in order:
            data = graph.nodes[id]
            path = f"{prefix}{id}"
            feeds: Ends = {}
            for edge in graph.wires_into(id):
                feeds.setdefault(edge.target_port, []).extend(leaving.get((edge.source, edge.source_port), []))
            if data["component"] == PORT_IN:
                leaving[id, "y"] = entering.get(id, [])
            elif data["component"] == PORT_OUT:
                results[id] = feeds.get("x", [])
            else:
                try:
                    outputs = self._node(graph, id, path, feeds, given, within)
                except GraphError as error:
                    if not error.node or "/" not in error.node:
                        error.node = path
                    self.flat.errors.append(error)
                    continue
                leaving.update({(id, port): ends for port, ends in outputs.items()})
        return results

    def _check_ports(self, graph: Graph, prefix: str) -> None:
        """Reports every wire that names a port which its node does not have; unknown nodes are reported at themselves."""
        for edge in graph.wires():
            for node, port, side in ((edge.source, edge.source_port, 1), (edge.target, edge.target_port, 0)):
                try:
                    ports = graph.signature(node, self.blocks)[side]
                except (GraphError, RecursionError):
                    continue
                if port not in ports:
                    word, word_zh = (("output", "输出") if side else ("input", "输入"))
                    known = ", ".join(ports) or "none"
                    self.flat.errors.append(
                        GraphError(
                            f"The wire {edge} names the {word} port '{port}', which '{node}' does not have "
                            f"({word}s: {known}).",
                            f"连线 {edge} 引用了“{node}”没有的{word_zh}端口“{port}”（{word_zh}：{known}）。",
                            f"{prefix}{node}",
                            port,
                        )
                    )

    def _order(self, graph: Graph) -> list[str]:
        """Nodes so that sources come first where possible; a cycle's nodes keep their order (the compiler reports it)."""
        import networkx as nx

        position = {n: i for i, n in enumerate(graph.nodes)}
        try:
            return list(nx.lexicographical_topological_sort(graph, key=position.__getitem__))
        except nx.NetworkXUnfeasible:
            return list(graph.nodes)

    def _node(
        self,
        graph: Graph,
        id: str,
        path: str,
        feeds: Ends,
        given: Mapping[str, Any],
        within: tuple[str, ...],
    ) -> Ends:
        data = graph.nodes[id]
        component = data["component"]
        params = substitute(data["params"], given) if within else dict(data["params"])
        if not component.startswith(BLOCK_PREFIX):
            entry = signature_of(component, self.blocks, path).component
            if len(self.flat.nodes) >= MAX_NODES:
                raise GraphError(f"The graph unfolds to more than {MAX_NODES} nodes.", f"展开后超过 {MAX_NODES} 个节点。")
            if entry is None:
                raise GraphError(f"'{path}' may stand only inside a block.", f"“{path}”只能位于模块内部。", path)
            self.flat.nodes[path] = FlatNode(path, entry, params, dict(data["settings"]), feeds)
            return {port: [(path, port)] for port in entry.outputs_for(params)}
        name = component.removeprefix(BLOCK_PREFIX)
        signature_of(component, self.blocks, path)
        if name in within or len(within) >= MAX_DEPTH:
            chain = " -> ".join((*within, name))
            raise GraphError(
                f"The block '{name}' contains itself: {chain}.", f"模块“{name}”包含了自身：{chain}。", path
            )
        block = self.blocks[name]
        unknown = params.keys() - block.block_params.keys()
        if unknown:
            known = ", ".join(block.block_params) or "none"
            raise GraphError(
                f"The block '{name}' has no parameter '{sorted(unknown)[0]}' (parameters: {known}).",
                f"模块“{name}”没有参数“{sorted(unknown)[0]}”（参数：{known}）。",
                path,
            )
        repeat = data["settings"].get("repeat", 1)
        values = {**block.block_params, **params}
        if repeat == 1:
            return self.body(block, f"{path}/", values, feeds, (*within, name))
        return self._repeated(block, name, path, values, feeds, within, repeat)

    def _repeated(
        self,
        block: Graph,
        name: str,
        path: str,
        values: Mapping[str, Any],
        feeds: Ends,
        within: tuple[str, ...],
        repeat: int,
    ) -> Ends:
        """Stacks a block: the outputs of one copy feed the inputs of the next, in the order of the ports.

        Inputs beyond the number of outputs (a mask, a condition) go to every copy unchanged.
        """
        ins = [n for n, d in block.nodes(data=True) if d["component"] == PORT_IN]
        outs = [n for n, d in block.nodes(data=True) if d["component"] == PORT_OUT]
        if len(outs) > len(ins):
            raise GraphError(
                f"The block '{name}' cannot be repeated: it has {len(outs)} outputs for {len(ins)} inputs.",
                f"模块“{name}”无法重复：它有 {len(outs)} 个输出，却只有 {len(ins)} 个输入。",
                path,
            )
        results: Ends = {}
        for copy in range(repeat):
            results = self.body(block, f"{path}/n{copy}/", values, feeds, (*within, name))
            feeds = {**feeds, **{ins[i]: results[out] for i, out in enumerate(outs)}}
        return results

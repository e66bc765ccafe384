"""A graph as it acts: without the nodes that are muted or bypassed, and with the wires laid past the bypassed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import networkx as nx

from builder.graph.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, Edge, Graph, GraphError, Signature, first_tensor

MODE_NAMES = {"mute": ("muted", "已停用"), "bypass": ("bypassed", "已绕过")}


class End(NamedTuple):
    """A port of a node."""

    node: str
    port: str


@dataclass
class Acting:
    """The nodes that act, and what is missing because others do not."""

    graph: Graph
    muted: dict[tuple[str, str], str] = field(default_factory=dict)
    """By input port that lost a wire, the muted node from which it came."""
    unfed: set[tuple[str, str]] = field(default_factory=set)
    """Input ports for which a bypassed node hands nothing on; an error at that node says so."""
    errors: list[GraphError] = field(default_factory=list)


def mode_of(graph: Graph, node: str) -> str | None:
    """``mute`` or ``bypass`` where a node has such a mode; None where it acts."""
    mode = graph.nodes[node]["settings"].get("mode")
    return mode if mode in MODE_NAMES else None


def acting(graph: Graph, blocks: Mapping[str, Graph]) -> Acting:
    """The part of a graph, or of one of its ``blocks``, that acts; the graph itself where all of it does.

    A muted node is left out with its wires. A bypassed node is left out too, and what comes in goes on: the first wired
    tensor input at the first output, and at a further output the input of the same name (``state``, or ``h0`` for ``h``; of
    a block's use, of the same place). Of several wires into that input the first one goes on.
    """
    modes = {node: mode for node in graph if (mode := mode_of(graph, node)) is not None}
    if not modes:
        return Acting(graph)
    return _Leaving(graph, blocks, modes).result()


class _Leaving:
    """Finds what stands for the outputs of the nodes that are left out, each behind those that feed it."""

    def __init__(self, graph: Graph, blocks: Mapping[str, Graph], modes: Mapping[str, str]) -> None:
        self.graph, self.blocks = graph, blocks
        self.wires: dict[End, list[End]] = {}
        for edge in graph.wires():
            self.wires.setdefault(End(edge.target, edge.target_port), []).append(End(edge.source, edge.source_port))
        self.errors: list[GraphError] = []
        self.modes = {node: mode for node, mode in modes.items() if self._may_leave(node)}
        self.handed: dict[End, End] = {}  # by output of a bypassed node, what stands for it

    def _may_leave(self, node: str) -> bool:
        if self.graph.nodes[node]["component"] not in (PORT_IN, PORT_OUT):
            return True
        self.errors.append(port_error(node))
        return False

    def result(self) -> Acting:
        for node in self._in_order():
            if self.modes.get(node) == "bypass":
                self._bypass(node)
        acted = Graph()
        acted.graph.update(self.graph.graph)
        acted.add_nodes_from((n, data) for n, data in self.graph.nodes(data=True) if n not in self.modes)
        made = Acting(acted, errors=self.errors)
        wanting: set[End] = set()
        for edge in self.graph.wires():
            if edge.target in self.modes:
                continue
            reader, source = End(edge.target, edge.target_port), self._behind(End(edge.source, edge.source_port))
            mode = self.modes.get(source.node)
            if mode is None:
                acted.wire(Edge(*source, *reader), self.graph.extra_of(edge))
            elif mode == "mute":
                made.muted[reader] = source.node
            else:
                made.unfed.add(reader)
                wanting.add(source)
        made.errors += [_nothing_to_hand_on(*output) for output in sorted(wanting)]
        return made

    def _in_order(self) -> list[str]:
        try:
            return list(nx.topological_sort(self.graph))
        except nx.NetworkXUnfeasible:  # a cycle: reported where the graph is checked
            return list(self.graph)

    def _bypass(self, node: str) -> None:
        try:
            signature = self.graph.signature(node, self.blocks)
        except GraphError:  # an unknown component: it stays, and is reported where blocks are unfolded
            del self.modes[node]
            return
        known: dict[str, End] = {}  # by input, what comes in
        for name in signature.inputs:
            sources = [self._behind(source) for source in self.wires.get(End(node, name), ())]
            acting = [source for source in sources if source.node not in self.modes]
            if sources:
                known[name] = (acting or sources)[0]
        for number, output in enumerate(signature.outputs):
            entry = self._counterpart(node, signature, number, output, known)
            if entry is not None:
                self.handed[End(node, output)] = known[entry]

    def _counterpart(
        self, node: str, signature: Signature, number: int, output: str, known: Mapping[str, End]
    ) -> str | None:
        """The input that stands for an output."""
        if number == 0:
            acting = {name for name, source in known.items() if source.node not in self.modes}
            return first_tensor(signature.inputs, acting) or first_tensor(signature.inputs, known)
        if self.graph.nodes[node]["component"].startswith(BLOCK_PREFIX):
            output = dict(enumerate(signature.inputs)).get(number, "")
        return next((name for name in (output, f"{output}0") if name in known), None)

    def _behind(self, output: End) -> End:
        return self.handed.get(output, output)


def port_error(node: str) -> GraphError:
    """Says that a block's port always acts."""
    return GraphError(
        f"'{node}' is a port of a block, which can be neither muted nor bypassed.",
        f"“{node}”是模块端口，不能停用或绕过。",
        node,
    )


def _nothing_to_hand_on(node: str, port: str) -> GraphError:
    return GraphError(
        f"'{node}' is bypassed, but nothing that comes in can stand for its output '{port}', which is read. "
        "Connect an input that fits, or mute the node.",
        f"“{node}”已绕过，但没有输入可以代替被读取的输出“{port}”。请连接合适的输入，或停用该节点。",
        node,
        port,
    )

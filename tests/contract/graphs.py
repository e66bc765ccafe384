"""A graph around one example: a data set that brings its inputs, and the node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from builder.graph import PORT_IN, PORT_OUT, Edge, Graph
from components import registry
from components.spec import Component, Sub


def graph_around(component: Component, params: Mapping[str, Any], tensors: Mapping[str, Sequence[Tensor]]) -> Graph:
    """The node ``node``; its inputs are wired to the ports t0, t1 ... of the data set ``data``, in their order.

    A block parameter becomes a block of the parameter's name.
    """
    flat = [(port, t) for port, several in tensors.items() for t in several]
    described = [[f"t{i}", list(t.shape), str(t.dtype).removeprefix("torch."), 0] for i, (_, t) in enumerate(flat)]
    graph = Graph()
    graph.place("data", "data_given", {"tensors": described})
    graph.place("node", component.id, named_blocks(params))
    graph.blocks.update({name: block_of(value) for name, value in params.items() if isinstance(value, Sub)})
    for index, (port, _) in enumerate(flat):
        graph.wire(Edge("data", f"t{index}", "node", port))
    return graph


def named_blocks(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a graph has them: a block by its name, which is the parameter's."""
    return {name: name if isinstance(value, Sub) else value for name, value in params.items()}


def block_of(sub: Sub) -> Graph:
    """The nodes of an example's block; its ports have the names of the first node's, and a variadic one takes two."""
    entry = registry.get(sub.component)
    block = Graph()
    ports = [(f"in_{p.name}{i}", p.name) for p in entry.inputs.values() for i in range(1 + p.variadic)]
    for name in [*(name for name, _ in ports), *(f"spare{i}" for i in range(sub.spare))]:
        block.place(name, PORT_IN)
    ends = [(name, "y") for name, _ in ports]
    part: Sub | None = sub
    for number in range(100):
        if part is None:
            break
        entry = registry.get(part.component)
        block.place(f"inner{number}", part.component, part.params)
        takes = [port for _, port in ports] if part is sub else list(entry.inputs)
        for (source, output), port in zip(ends, takes, strict=True):
            block.wire(Edge(source, output, f"inner{number}", port))
        ends = [(f"inner{number}", port) for port in entry.outputs_for(part.params)]
        part = part.then
    for number, (source, output) in enumerate(ends):
        block.place(f"out{number}", PORT_OUT)
        block.wire(Edge(source, output, f"out{number}", "x"))
    return block

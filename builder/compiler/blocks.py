"""Parts of a graph as functions: what a higher-order node gets for a block parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from builder.compiler.inference import Meta, NodeError
from builder.compiler.order import data_order
from builder.graph import Flat, FlatBlock, FlatNode
from components.spec import Component, Port

Infer = Callable[[FlatNode, dict[str, list[Meta]]], tuple[Sequence[Meta | None], int]]
"""From a node and what arrives at it to its outputs and its cost in FLOPs."""


def ports_of(node: FlatNode) -> list[str]:
    return list(node.component.outputs_for(node.params))


def order_within(block: FlatBlock) -> list[FlatNode]:
    """The nodes of a block in the direction of the data."""
    inner = {
        path: FlatNode(path, n.component, n.params, n.settings, _without_given(n)) for path, n in block.nodes.items()
    }
    order, circles = data_order(Flat(inner, []))
    if circles:
        way = " -> ".join(circles[0])
        raise NodeError((f"These nodes form a cycle: {way}.", f"这些节点构成环：{way}。"), "cycle")
    return [block.nodes[path] for path in order]


def _without_given(node: FlatNode) -> dict[str, list[tuple[str, str]]]:
    return {port: [end for end in ends if end[0]] for port, ends in node.inputs.items()}


class BlockShapes:
    """Stands for a block while shapes are inferred: it gives empty tensors of the shapes that the block would give.

    Args:
        name: of the parameter, for messages.
        block: the part of the graph.
        infer: how a node's outputs follow from its inputs.
    """

    def __init__(self, name: str, block: FlatBlock, infer: Infer) -> None:
        self.name, self.block, self.infer = name, block, infer
        self.flops = 0
        self._found: dict[Any, tuple[list[Meta], int]] = {}

    def __call__(self, *tensors: Tensor | None) -> Any:
        key = tuple(None if t is None else (tuple(t.shape), t.dtype) for t in tensors)
        if key not in self._found:
            self._found[key] = self._propagate(tensors)
        metas, flops = self._found[key]
        self.flops += flops
        device = next((t.device for t in tensors if t is not None), torch.device("meta"))
        results = tuple(torch.zeros(m.shape, dtype=m.dtype, device=device) for m in metas)
        return results[0] if len(results) == 1 else results

    def _propagate(self, tensors: Sequence[Tensor | None]) -> tuple[list[Meta], int]:
        metas = _given(self.name, self.block, tensors)
        known: dict[tuple[str, str], Meta] = {("", port): Meta(tuple(t.shape), t.dtype) for port, t in metas.items()}
        flops = 0
        for node in order_within(self.block):
            inputs = {p: [known[e] for e in ends if e in known] for p, ends in node.inputs.items()}
            inputs = {port: metas for port, metas in inputs.items() if metas}
            self._require(node, inputs)
            outputs, cost = self.infer(node, inputs)
            flops += cost
            known |= {(node.path, p): m for p, m in zip(ports_of(node), outputs, strict=False) if m is not None}
        return [known[end] for end in self.block.outputs], flops

    def _require(self, node: FlatNode, inputs: dict[str, list[Meta]]) -> None:
        for port in node.component.inputs.values():
            if _needed(port) and port.name not in inputs:
                raise NodeError(
                    (
                        f"Inside '{self.name}' nothing arrives at port '{port.name}' of '{node.path}'.",
                        f"在“{self.name}”内部，“{node.path}”的端口“{port.name}”没有输入。",
                    ),
                    "inside",
                )


def _needed(port: Port) -> bool:
    return not port.optional and port.dims.kind == "tensor"


def _given(name: str, block: FlatBlock, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
    """The arguments of a call by port; NodeError where there are too many."""
    if len(tensors) > len(block.inputs):
        raise NodeError(
            (
                f"'{name}' is given {len(tensors)} tensors, but the block has {len(block.inputs)} inputs "
                f"({', '.join(block.inputs) or 'none'}).",
                f"“{name}”收到 {len(tensors)} 个张量，但模块只有 {len(block.inputs)} 个输入（{'、'.join(block.inputs) or '无'}）。",
            ),
            "inside",
        )
    return {port: t for port, t in zip(block.inputs, tensors, strict=False) if t is not None}


class BlockFunction(nn.Module):
    """A block as a function of tensors. Modules of its own hang below it, others where they belong.

    Args:
        name: of the parameter.
        block: the part of the graph.
        program: straight-line code for it by the ports that a call gives.
    """

    def __init__(self, name: str, block: FlatBlock, program: Callable[[tuple[str, ...]], fx.GraphModule]) -> None:
        super().__init__()
        self.name, self.block, self.program = name, block, program
        self._programs: dict[tuple[str, ...], fx.GraphModule] = {}

    def forward(self, *tensors: Tensor | None) -> Any:
        given = _given(self.name, self.block, tensors)
        ports = tuple(given)
        if ports not in self._programs:
            self._programs[ports] = self.program(ports)
        return self._programs[ports].forward(*given.values())


def block_parameters(component: Component, values: Mapping[str, Any]) -> list[str]:
    """The parameters of a component that are blocks and have a value."""
    return [
        name for name, parameter in component.parameters.items() if parameter.block and values.get(name) is not None
    ]

"""Where attention weights stand in a graph, and what their queries and keys are.

At a port of a node (the heads of a Transformer, a single query, a pointer network), in a graph that spells attention out,
or inside the block that a decoder calls for each of its steps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from builder.compiler import Compiled, End
from builder.compiler.blocks import BlockFunction
from builder.graph import FlatBlock, FlatNode
from builder.inspect.attention_written import scores_of
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, numbered, steps_of, tokens_of
from builder.inspect.samples import Sample
from components.multi_head import attend, joint_mask

HEADS, QUERY, POINTER = "weights", "a", "ptr_logp"
"""The ports: (B, h, T, S); (B, S) of one query; logarithms (B, T, S)."""

_QKV = "attn_scaled_dot"  # takes queries, keys and values that are already split into heads
_ONE_QUERY = "Seq2Seq attention"  # the family of components that compare one query with a sequence
_STEPWISE = ("seq2seq_decoder", "seq2seq_greedy")  # call a block once for each step, in their order


@dataclass(frozen=True)
class Read:
    """Weights (h, T, S), their queries and keys, whether both are one sequence, and the value that is looked at."""

    weights: np.ndarray
    queries: Steps
    keys: Steps
    own: bool = False
    looked_at: End | None = None


Reader = Callable[[Inspector, Sample, str], Read]


def reader_of(inspector: Inspector, node: str) -> Reader | None:
    """How the attention weights of a node are had; None where it gives none."""
    found, layout = inspector.compiled.flat.nodes[node], inspector.layout
    if layout.known((node, HEADS)) and layout.kind((node, HEADS)) == "attention":
        return _heads
    if found.component.id == _QKV:
        return _products
    if scores_of(inspector.compiled, node) is not None:
        return _softmax
    if layout.known((node, POINTER)):
        return _pointer
    if found.component.family == _ONE_QUERY:
        return _one_query
    if found.component.id in _STEPWISE and _stepwise(inspector.compiled, node):
        return _steps
    return None


def _heads(inspector: Inspector, sample: Sample, node: str) -> Read:
    return _read(inspector, sample, node, inspector.value(sample, (node, HEADS))[0])


def _products(inspector: Inspector, sample: Sample, node: str) -> Read:
    """The weights that the fused kernel keeps to itself."""
    inputs, params = inspector.compiled.flat.nodes[node].inputs, inspector.compiled.report.nodes[node].params
    q, k, v, *masks = (inspector.value(sample, inputs[port][0]) for port in ("q", "k", "v", "mask") if inputs.get(port))
    mask = joint_mask(masks[0] if masks else None, None)
    weights = attend(q, k, v, mask, params["causal"], params["scale"], wants_weights=True)[1]
    if weights is None:
        raise RuntimeError("attend gave no weights though they were wanted.")
    return _read(inspector, sample, node, weights[0])


def _softmax(inspector: Inspector, sample: Sample, node: str) -> Read:
    weights = inspector.value(sample, (node, "y"))[0]
    return _read(inspector, sample, node, weights if weights.dim() == 3 else weights[None])


_OF_HEADS = (_heads, _products, _softmax)


def _read(inspector: Inspector, sample: Sample, node: str, weights: Tensor) -> Read:
    """Weights (h, T, S), with what asks and what is looked at."""
    looking, looked_at = _looking(inspector, node)
    queries = steps_of(inspector, sample, looking, weights.shape[1])
    own = is_own(inspector, node)
    keys = queries if own else steps_of(inspector, sample, looked_at, weights.shape[2])
    return Read(weights.numpy(), queries, keys, own, looked_at)


def is_own(inspector: Inspector, node: str) -> bool:
    """Whether queries and keys are the steps of one sequence, perhaps by layers of their own."""
    reader = reader_of(inspector, node)
    if reader not in _OF_HEADS:
        return False
    looking, looked_at = _looking(inspector, node)
    if looking == looked_at:
        return True
    if reader is _products:
        rows, columns = (inspector.layout.spec(end).shape[-2] for end in (looking, looked_at))
    else:
        rows, columns = inspector.layout.spec((node, HEADS if reader is _heads else "y")).shape[-2:]
    return rows == columns and inspector.sources([looking]) == inspector.sources([looked_at])


def _looking(inspector: Inspector, node: str) -> tuple[End, End]:
    """The values that ask and that are looked at: a node has one input of each, or one for both."""
    scores = scores_of(inspector.compiled, node)
    inputs = (scores or inspector.compiled.flat.nodes[node]).inputs
    floats = [ends[0] for ends in inputs.values() if ends and inspector.layout.spec(ends[0]).dtype.startswith("float")]
    return floats[0], floats[min(1, len(floats) - 1)]


def _one_query(inspector: Inspector, sample: Sample, node: str) -> Read:
    weights = inspector.value(sample, (node, QUERY)).numpy()[None]  # (1, 1, S)
    _, looked_at = _looking(inspector, node)
    return Read(weights, numbered(1), steps_of(inspector, sample, looked_at, weights.shape[2]), False, looked_at)


def _pointer(inspector: Inspector, sample: Sample, node: str) -> Read:
    weights = inspector.value(sample, (node, POINTER)).exp().numpy()  # (1, T, S)
    inputs = inspector.compiled.flat.nodes[node].inputs
    real = int((inspector.value(sample, (node, "tokens"))[0] >= 0).sum())
    keys = steps_of(inspector, sample, inputs["x"][0], weights.shape[2])
    for end in inspector.sources([inputs["x"][0]]):
        numbers = sample.inputs[end]  # a list of numbers is best told by them
        if numbers.is_floating_point() and tuple(numbers.shape) == (1, weights.shape[2], 1):
            keys = replace(keys, names=tuple(f"{v:.2f}" for v in numbers.flatten().tolist()))
    if inputs.get("pad"):
        keys = replace(keys, real=int((~inspector.value(sample, inputs["pad"][0])[0]).sum()))
    return Read(weights, replace(numbered(weights.shape[1]), real=real), keys, False, inputs["x"][0])


# ------------------------------------------------------------------ inside a block that is called step by step


def _stepwise(compiled: Compiled, node: str) -> list[tuple[BlockFunction, list[FlatNode]]]:
    """The block parameters of a node that hold attention, and the nodes in them that attend."""
    module = compiled.module(node)
    parts = [] if module is None else [m for m in module.children() if isinstance(m, BlockFunction)]
    found = [(m, [n for n in m.block.nodes.values() if n.component.family == _ONE_QUERY]) for m in parts]
    return [(part, attending) for part, attending in found if attending]


class _Recording:
    """Called in place of a block: gives what it gives, and keeps some values from inside, by call."""

    def __init__(self, compiled: Compiled, original: BlockFunction, ends: list[End]) -> None:
        block = replace(original.block, outputs=[*original.block.outputs, *ends])
        self.own = len(original.block.outputs)
        self.wider = BlockFunction(original.name, block, functools.partial(compiled.part, block))
        self.kept: list[tuple[Tensor, ...]] = []

    def __call__(self, *tensors: Tensor | None) -> Tensor | tuple[Tensor, ...]:
        results = self.wider(*tensors)
        self.kept.append(results[self.own :])
        return results[0] if self.own == 1 else results[: self.own]


def _steps(inspector: Inspector, sample: Sample, node: str) -> Read:
    """One head for each attention inside, one query for each step."""
    compiled = inspector.compiled
    original, attending = _stepwise(compiled, node)[0]
    recording = _Recording(compiled, original, [(inner.path, QUERY) for inner in attending])
    result = (node, next(iter(compiled.report.nodes[node].outputs)))
    if result not in inspector.ends(sample):
        raise InspectError(
            f"This sample does not reach '{node}': it has no target. Choose a sample of the data.",
            f"此样本到不了“{node}”：它没有目标。请选择数据中的样本。",
            node,
        )
    with inspector.steady():
        original.forward = recording  # the modules inside stay where they hang
        try:
            inspector.run(inspector.program((result,)), sample.inputs)
        finally:
            del original.forward
    weights = [torch.cat(calls) for calls in zip(*recording.kept, strict=True)]  # each (T, S)
    size = weights[0].shape
    weights = torch.stack([found for found in weights if found.shape == size]).numpy()
    looked_at = _outer(compiled.flat.nodes[node], original.block, attending[0])
    keys = steps_of(inspector, sample, looked_at, size[1]) if looked_at else numbered(size[1])
    target = compiled.flat.nodes[node].inputs.get("target", [])
    queries = tokens_of(inspector, sample, target[0]) if target else numbered(size[0])
    return Read(weights, queries, keys, False, looked_at)


def _outer(node: FlatNode, block: FlatBlock, inner: FlatNode) -> End | None:
    """The value outside a block that an attention inside looks at; None where it is made inside."""
    seen, wanted = set(), inner.inputs.get("h", [])[:1]
    while wanted:
        path, port = wanted[0]
        if not path:
            return next(iter(node.inputs.get(port, [])), None)
        wanted = [] if path in seen else [end for ends in block.nodes[path].inputs.values() for end in ends][:1]
        seen.add(path)
    return None

"""Attention maps: who looks at whom, per head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from builder.compiler import End
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps, steps_of
from builder.inspect.samples import Sample
from builder.inspect.values import picture, value

PORT = "weights"


@dataclass(frozen=True)
class Attention:
    """The attention weights of a node on a sample.

    Args:
        node: path of the node.
        weights: (h, T, S): of each head, the share of its attention that query t gives to key s. A row sums to one, or
            to zero where a query may look at nothing.
        queries: what the T queries stand for.
        keys: what the S keys stand for.
        image: the image (H, W) or (H, W, 3) whose patches the keys are; None where they are none.
    """

    node: str
    weights: np.ndarray
    queries: Steps
    keys: Steps
    image: np.ndarray | None = None

    def trimmed(self) -> Attention:
        """Without padding."""
        queries, keys = (replace(s, names=s.names[: s.real]) for s in (self.queries, self.keys))
        return replace(self, weights=self.weights[:, : queries.real, : keys.real], queries=queries, keys=keys)

    def over_image(self, query: int) -> np.ndarray:
        """Where a query looks in the image: (h, rows, columns) of patches; ValueError where the keys are no patches."""
        if self.keys.grid is None:
            raise ValueError(f"The keys must be patches of an image. Those of '{self.node}' are {self.keys.kind}.")
        return self.weights[:, query, self.keys.extra :].reshape(-1, *self.keys.grid)


def attention_nodes(inspector: Inspector) -> list[str]:
    """The nodes that give attention weights, in the order of the data."""
    return [
        path
        for path in inspector.compiled.analysis.order
        if inspector.layout.known((path, PORT)) and inspector.layout.kind((path, PORT)) == "attention"
    ]


def attention(inspector: Inspector, sample: Sample, node: str) -> Attention:
    """The attention weights of a node.

    Raises:
        InspectError: the node gives none.
    """
    if node not in attention_nodes(inspector):
        raise InspectError(f"'{node}' gives no attention weights.", f"“{node}”不给出注意力权重。", node)
    weights = value(inspector, sample, (node, PORT)).array
    looking, looked_at = _sources(inspector, node)
    queries = steps_of(inspector, sample, looking, weights.shape[1])
    keys = queries if looking == looked_at else steps_of(inspector, sample, looked_at, weights.shape[2])
    return Attention(node, weights, queries, keys, _image(inspector, sample, looked_at) if keys.grid else None)


def _sources(inspector: Inspector, node: str) -> tuple[End, End]:
    """The values that ask and that are looked at: a node has one input of each, or one for both."""
    inputs = inspector.compiled.flat.nodes[node].inputs
    floats = [ends[0] for ends in inputs.values() if ends and inspector.layout.spec(ends[0]).dtype.startswith("float")]
    return floats[0], floats[min(1, len(floats) - 1)]


def _image(inspector: Inspector, sample: Sample, end: End) -> np.ndarray | None:
    """The image that a value is made of, as the model sees it, in [0, 1]."""
    for path in reversed(inspector.compiled.ancestors([end])):
        for port in inspector.compiled.report.nodes[path].outputs:
            if inspector.layout.kind((path, port)) == "image":
                return picture(value(inspector, sample, (path, port)).array)
    return None

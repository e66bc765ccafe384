"""Attention maps: who looks at whom, per head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from builder.compiler import End
from builder.inspect.attention_sources import reader_of
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps
from builder.inspect.samples import Sample
from builder.inspect.values import picture, value


@dataclass(frozen=True)
class Attention:
    """The attention weights of a node on a sample.

    Args:
        node: path of the node.
        weights: (h, T, S): of each head, the share of its attention that query t gives to key s. A row sums to one, or
            to zero where a query may look at nothing.
        queries: what the T queries stand for.
        keys: what the S keys stand for.
        own: whether both are the steps of one sequence (self-attention).
        image: the image (H, W) or (H, W, 3) whose patches the keys are; None where they are none.
    """

    node: str
    weights: np.ndarray
    queries: Steps
    keys: Steps
    own: bool = False
    image: np.ndarray | None = None

    def trimmed(self) -> Attention:
        """Without padding."""
        return self.window(range(self.queries.real), range(self.keys.real))

    def window(self, queries: range, keys: range) -> Attention:
        """Some neighbouring queries and keys alone; the rows sum to less than one where keys are left out."""
        rows, columns = slice(queries.start, queries.stop), slice(keys.start, keys.stop)
        return replace(
            self,
            weights=self.weights[:, rows, columns],
            queries=self.queries.cut(queries),
            keys=self.keys.cut(keys),
        )

    def over_image(self, query: int) -> np.ndarray:
        """Where a query looks in the image: (h, rows, columns) of patches; ValueError where the keys are no patches."""
        if self.keys.grid is None:
            raise ValueError(f"The keys must be patches of an image. Those of '{self.node}' are {self.keys.kind}.")
        return self.weights[:, query, self.keys.extra :].reshape(-1, *self.keys.grid)


def attention_nodes(inspector: Inspector) -> list[str]:
    """The nodes that give attention weights, in the order of the data."""
    return [path for path in inspector.compiled.analysis.order if reader_of(inspector, path) is not None]


def attention(inspector: Inspector, sample: Sample, node: str) -> Attention:
    """The attention weights of a node.

    Raises:
        InspectError: the node gives none, or the sample does not determine them (an upload has no target).
    """
    read = reader_of(inspector, node) if node in inspector.compiled.flat.nodes else None
    if read is None:
        raise InspectError(f"'{node}' gives no attention weights.", f"“{node}”不给出注意力权重。", node)
    found = read(inspector, sample, node)
    image = _image(inspector, sample, found.looked_at) if found.keys.grid and found.looked_at else None
    return Attention(node, found.weights, found.queries, found.keys, found.own, image)


def attentions(inspector: Inspector, sample: Sample) -> list[Attention]:
    """The attention weights of all nodes that the sample determines, without padding, in the order of the data.

    Raises:
        InspectError: the sample determines none.
    """
    known = {path for path, _ in inspector.ends(sample)}
    nodes = [node for node in attention_nodes(inspector) if node in known]
    if not nodes:
        raise InspectError(
            "This sample reaches no attention of the model: it has no target. Choose a sample of the data.",
            "此样本未经过模型的任何注意力：它没有目标。请选择数据中的样本。",
        )
    return [attention(inspector, sample, node).trimmed() for node in nodes]


def _image(inspector: Inspector, sample: Sample, end: End) -> np.ndarray | None:
    """The image that a value is made of, as the model sees it, in [0, 1]."""
    for path in reversed(inspector.compiled.ancestors([end])):
        for port in inspector.compiled.report.nodes[path].outputs:
            if inspector.layout.kind((path, port)) == "image":
                return picture(value(inspector, sample, (path, port)).array)
    return None

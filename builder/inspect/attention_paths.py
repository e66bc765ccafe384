"""How much of each input token reaches a token through several layers of self-attention: rollout and flow."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from builder.inspect.attention import Attention, attention, attention_nodes
from builder.inspect.attention_sources import is_own
from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.labels import Steps
from builder.inspect.samples import Sample

RESIDUAL = 0.5  # the share of a token that the residual connection keeps
MAX_WORK = 4_000_000  # edges between the first and the last layer, times input tokens: about a second
_UNITS = 10**7  # of flow: scipy counts in whole numbers


@dataclass(frozen=True)
class Rollout:
    """What each token is made of, layer by layer.

    Args:
        nodes: the nodes of self-attention that the data pass one after the other.
        shares: (L, T, T), behind each of them: the share of input token s in token t. Rows sum to one.
        steps: what the tokens stand for.
        image: the image whose patches they are; None where they are none.
    """

    nodes: tuple[str, ...]
    shares: np.ndarray
    steps: Steps
    image: np.ndarray | None


@dataclass(frozen=True)
class Flow:
    """How much can flow from each input token to one token.

    Args:
        nodes: the nodes of self-attention that the data pass one after the other.
        token: the number of the token behind the last of them.
        flow: (T,), the maximum flow from each input token, at most 1; not a number where it was not computed.
        rollout: (T,), their shares by rollout, to compare.
        steps: what the tokens stand for.
        image: the image whose patches they are; None where they are none.
    """

    nodes: tuple[str, ...]
    token: int
    flow: np.ndarray
    rollout: np.ndarray
    steps: Steps
    image: np.ndarray | None


def rolled_nodes(inspector: Inspector) -> list[str]:
    """The nodes of self-attention."""
    return [node for node in attention_nodes(inspector) if is_own(inspector, node)]


def rollout(inspector: Inspector, sample: Sample, node: str) -> Rollout:
    """Attention rollout up to a node of self-attention.

    Raises:
        InspectError: the node is none.
    """
    layers = _layers(inspector, sample, node)
    shares = [mixing(layers[0].weights)]
    for layer in layers[1:]:
        shares.append(mixing(layer.weights) @ shares[-1])
    last = layers[-1]
    return Rollout(tuple(layer.node for layer in layers), np.stack(shares), last.queries, last.image)


def flow(inspector: Inspector, sample: Sample, node: str, token: int) -> Flow:
    """Attention flow to one token behind a node of self-attention, from the input tokens with the greatest rollout.

    Raises:
        InspectError: the node is none, or there is no such token.
    """
    layers = _layers(inspector, sample, node)
    last, count = layers[-1], len(layers[-1].queries.names)
    if not 0 <= token < count:
        raise InspectError(
            f"The tokens are 0 to {count - 1}. Got {token} instead.", f"词元为 0 至 {count - 1}，收到 {token}。", node
        )
    mixed = [mixing(layer.weights) for layer in layers]
    rolled = mixed[0]
    for matrix in mixed[1:]:
        rolled = matrix @ rolled
    edges = 2 * count + sum(int((matrix > 0).sum()) for matrix in mixed[1:-1])
    most = max(1, MAX_WORK // edges)
    inputs = np.argsort(-rolled[token], kind="stable")[:most]
    found = np.full(count, np.nan)
    found[inputs] = max_flow(mixed, token, inputs)
    return Flow(tuple(layer.node for layer in layers), token, found, rolled[token], last.queries, last.image)


def mixing(weights: np.ndarray) -> np.ndarray:
    """What a layer makes each token of: the mean of its heads (h, T, T), and the residual connection; rows sum to one."""
    mixed = (1 - RESIDUAL) * weights.mean(0, dtype=np.float64) + RESIDUAL * np.eye(weights.shape[1])
    return mixed / mixed.sum(1, keepdims=True)


def max_flow(layers: list[np.ndarray], token: int, inputs: np.ndarray) -> np.ndarray:
    """The maximum flow from a token behind the last layer to each of some input tokens, within 1e-6.

    Args:
        layers: (T, T) each: the capacity from token t behind a layer to token s before it.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    size, depth = len(layers[0]), len(layers)
    source = depth * size + token  # token t before layer l is the vertex l * size + t
    used = [_edges(matrix, level, [token] if level == depth - 1 else None) for level, matrix in enumerate(layers)]
    found = []
    for sink in inputs.tolist():  # of the first layer, only the edges to the sink matter
        into = used[0][:, used[0][1] == sink]
        starts, ends, capacities = np.concatenate((into, *used[1:]), 1)
        network = csr_array((capacities.astype(np.int32), (starts, ends)), shape=((depth + 1) * size,) * 2)
        found.append(maximum_flow(network, source, sink).flow_value)
    return np.array(found) / _UNITS


def _edges(matrix: np.ndarray, level: int, tokens: list[int] | None = None) -> np.ndarray:
    """The edges of a layer (3, E), of some tokens behind it alone where given: from, to, and capacity in units of flow."""
    size, units = len(matrix), np.round(matrix * _UNITS).astype(np.int64)
    rows, columns = np.nonzero(
        units if tokens is None else np.where(np.isin(np.arange(size), tokens)[:, None], units, 0)
    )
    return np.stack(((level + 1) * size + rows, level * size + columns, units[rows, columns]))


def _layers(inspector: Inspector, sample: Sample, node: str) -> list[Attention]:
    """The self-attention of one sequence up to a node, each depending on the one before it."""
    if not is_own(inspector, node):
        raise InspectError(f"'{node}' is no self-attention.", f"“{node}”不是自注意力。", node)
    last = attention(inspector, sample, node).trimmed()
    others = [attention(inspector, sample, path).trimmed() for path in rolled_nodes(inspector) if path != node]
    same = {other.node: other for other in others if other.queries == last.queries}
    found = [last]
    while before := _before(inspector, found[0].node, same):
        found.insert(0, same[before[-1]])
    return found


def _before(inspector: Inspector, node: str, wanted: Container[str]) -> list[str]:
    """The wanted nodes that a node depends on, in the order of the data."""
    sources = [end for ends in inspector.compiled.sources(node).values() for end in ends]
    return [path for path in inspector.compiled.ancestors(sources) if path in wanted]

"""What is known of every node of a graph, blocks and what is inside them, as rows of a tree. No views here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from builder.graph import BLOCK_PREFIX, Document, Graph, flatten, from_document
from builder.ui.facts import facts_of
from components.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from builder.compiler.receptive import Reach

_T = TypeVar("_T")
Measure = Literal["parameters", "flops", "memory", "receptive"]
MEASURES: tuple[Measure, ...] = ("parameters", "flops", "memory", "receptive")


@dataclass
class Row:
    """A node, or a block with what is inside of it: its numbers are then sums, and it sees as much as what is inside.

    FLOPs and bytes are those of the forward pass of one sample; weights that several nodes share count at one of them.
    """

    path: str
    component: str = ""
    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    parameters: int = 0
    trainable: int = 0
    flops: int = 0
    memory: int = 0
    reach: tuple[Reach, ...] = ()
    shares: str = ""
    """The path of the node whose weights it uses."""
    inside: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_copy(self) -> bool:
        """Whether it is one copy of a repeated block: ``n0``, ``n1`` ..."""
        return not self.component and self.name[:1] == "n" and self.name[1:].isdigit()

    @property
    def receptive(self) -> float:
        """The samples that it sees of the input of which it sees most, infinite for all of one without a size; 0 for none."""
        counts = (math.inf if reach.count is None else reach.count for reach in self.reach)
        return max(counts, default=0)

    def measure(self, measure: Measure) -> float:
        """One of its numbers."""
        return float(getattr(self, measure))

    def walk(self) -> Iterator[Row]:
        """It and all that is inside."""
        yield self
        for row in self.inside:
            yield from row.walk()


@dataclass(frozen=True)
class Measures:
    """The rows of a graph in the order of the data; ``total`` sums all of them."""

    rows: list[Row]
    total: Row

    def walk(self) -> Iterator[Row]:
        """Every row, blocks before what is inside."""
        for row in self.rows:
            yield from row.walk()


def measured(graph: Graph) -> Measures:
    """Measures a graph; as far as it goes where it has problems. Needs torch."""
    from builder.compiler.check import Analysis
    from builder.compiler.receptive import receptive_fields
    from builder.compiler.trainable import trainable_parameters

    analysis = Analysis(flatten(graph))
    reaches, trainable = receptive_fields(analysis), trainable_parameters(analysis)
    top = Row("")
    rows = {"": top}
    for path, known in analysis.report.nodes.items():
        node = analysis.flat.find(path)
        row = _row(rows, path)
        row.component, row.outputs = node.component.id if node else "", known.outputs
        row.parameters, row.trainable, row.flops = known.parameters, trainable[path], known.flops
        row.memory, row.reach, row.shares = (
            known.activation_bytes,
            reaches.get(path, ()),
            analysis.examples.get(path, ""),
        )
    for path, block in analysis.flat.uses.items():
        if path in rows:
            rows[path].component = BLOCK_PREFIX + block
    facts = facts_of(analysis.report, graph, ())
    for node, data in graph.nodes(data=True):
        row = _row(rows, node)
        row.component, row.outputs = data["component"], row.outputs or facts[node].outputs
    _sum(top)
    return Measures(top.inside, top)


def _row(rows: dict[str, Row], path: str) -> Row:
    """The row of a path; with the rows around it, it is made where there is none."""
    if path not in rows:
        rows[path] = Row(path)
        _row(rows, path.rpartition("/")[0]).inside.append(rows[path])
    return rows[path]


def _sum(row: Row) -> None:
    """Adds to a row what is inside of it."""
    for part in row.inside:
        _sum(part)
        row.parameters += part.parameters
        row.trainable += part.trainable
        row.flops += part.flops
        row.memory += part.memory
        if part.receptive >= row.receptive and part.reach:
            row.reach = part.reach


class Latest(Generic[_T]):
    """A function of states of graphs that keeps its last few results, so that looking around costs nothing."""

    def __init__(self, make: Callable[..., _T], most: int = 8) -> None:
        self.make, self.most = make, most
        self.kept: list[tuple[tuple[Document, ...], _T]] = []

    def __call__(self, *states: Document) -> _T:
        for known, found in self.kept:
            if len(known) == len(states) and all(a is b for a, b in zip(known, states, strict=True)):
                return found
        found = self.make(*map(from_document, states))
        self.kept = [*self.kept[1 - self.most :], (states, found)]
        return found


measured_state = Latest(measured)
"""The measures of a state of a graph's history."""


def reach_words(reach: Reach) -> str:
    """The sides of what is seen of an input: ``14×14``; empty where one of them has no size."""
    sides = [extent.size for extent in reach.extents]
    return "" if None in sides else "×".join(map(str, sides))

"""What fits at a port: the components that could follow it, or come before it, the likeliest first.

A score adds up how often the two stand together in the gallery, how much a port was made for the tensor that is there, and
whether the graph holds what a component needs beside it. The best are then proved by running them on meta tensors.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import networkx as nx

from builder.graph import BLOCK_PREFIX, PORT_IN, PORT_OUT, GraphError, edit, load
from builder.graph.following import Following, following
from builder.graph.graph import signature_of
from builder.ui import numbers, theme
from builder.ui.actions import may_hold
from builder.ui.catalogue import Catalogue
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.text import text
from builder.ui.warm import WARMUP
from builder.ui.workspace import GALLERY
from components import registry
from components.glossary import family_label
from components.spec import Component, Port
from components.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from builder.compiler.fitting import Bench, Verdict

BUDGET = 0.1  # seconds that proofs may take
COMMON = 0.35  # the weight of how usual a component is at all
CLASSES = 3.0  # for logits that are as many as the classes of a target in the graph
OPTIONAL = -0.5


@dataclass(frozen=True)
class Suggestion:
    """A component with the port that takes the wire; ``output`` is what it would give, where that was worked out."""

    component: str
    port: str
    score: float
    proved: bool = False
    output: TensorSpec | None = None


@dataclass(frozen=True)
class End:
    """The port at which a wire begins, what arrives or leaves there, and the classes that data in the graph have."""

    component: str
    port: Port
    output: bool
    params: Mapping[str, Any]
    spec: TensorSpec | None = None
    classes: frozenset[int] = frozenset()


def suggest(
    desk: Desk, catalogue: Catalogue, facts: Mapping[str, Facts], end: str, output: bool, budget: float = BUDGET
) -> list[Suggestion]:
    """The components that fit at a port of the open graph, the likeliest first.

    What is proved not to fit is left out; what was not proved in time comes last.

    Args:
        desk: with the graph.
        catalogue: of what can be placed.
        facts: what the check knows of the open graph.
        end: the port as ``node.port``.
        output: whether it is an output port.
        budget: seconds for proofs.

    Raises:
        GraphError: there is no such port.
    """
    at = end_at(desk, facts, end, output)
    found = sorted(_candidates(desk, catalogue, at), key=lambda s: -s.score)
    return _proved(at, found, budget)


def end_at(desk: Desk, facts: Mapping[str, Facts], end: str, output: bool) -> End:
    """What is known at a port; GraphError where there is none."""
    graph, (node, name) = desk.open_graph, edit.parse_end(end)
    signature = graph.signature(node, desk.blocks) if node in graph else None
    ports = {} if signature is None else signature.outputs if output else signature.inputs
    if name not in ports:
        raise GraphError(f"There is no port '{end}'.", f"没有端口“{end}”。", node, name)
    known = facts.get(node) or Facts()
    spec = known.outputs.get(name) if output else next(iter(known.inputs.get(name, ())), None)
    before = set(graph) - nx.descendants(graph, node)
    specs = [s for other in before for s in (facts.get(other) or Facts()).outputs.values()]
    classes = frozenset(s.high for s in specs if s.high is not None)
    return End(graph.nodes[node]["component"], ports[name], output, graph.nodes[node]["params"], spec, classes)


@functools.cache
def gallery_habits() -> Following:
    """What follows what in the gallery."""
    return following(load(path) for path in sorted(GALLERY.glob("*.json")))


def answer(desk: Desk, end: str, output: bool, number: int) -> None:
    """Works out what fits at a port, as the desk's answer to a question of the page."""
    desk.suggested = (number, [])
    found = suggest(desk, WARMUP.wait_for_catalogue(), checked(desk).facts, end, output)
    desk.suggested = (number, found)


# ------------------------------------------------------------------ candidates


def _candidates(desk: Desk, catalogue: Catalogue, at: End) -> Iterator[Suggestion]:
    """All that may fit as far as it is declared, each with its best port."""
    habits = gallery_habits()
    for entry in catalogue.values():
        if entry.placed:
            component = registry.get(entry.id)
            ports = component.inputs if at.output else component.outputs
            scores = [(_score(at, component, port, habits), port.name) for port in ports.values() if _may(at, port)]
            if scores:
                score, name = max(scores, key=lambda pair: pair[0])
                yield Suggestion(entry.id, name, score)
    for name in desk.blocks:
        if may_hold(desk, name):
            signature = signature_of(BLOCK_PREFIX + name, desk.blocks)
            ports = signature.inputs if at.output else signature.outputs
            first = next((port.name for port in ports.values() if _may(at, port)), None)
            if first is not None:
                yield Suggestion(BLOCK_PREFIX + name, first, 1.0)
    if desk.scope:
        yield Suggestion(*((PORT_OUT, "x") if at.output else (PORT_IN, "y")), score=0.5)


def _may(at: End, port: Port) -> bool:
    from builder.compiler.fitting import may_feed, takes

    if at.output and at.spec is not None:
        return takes(port.dims, at.spec)
    return may_feed(at.port.dims, port.dims) if at.output else may_feed(port.dims, at.port.dims)


def _score(at: End, component: Component, port: Port, habits: Following) -> float:
    here, there = (at.component, at.port.name), (component.id, port.name)
    score = habits.likelihood(here, there) if at.output else habits.likelihood(there, here)
    score += COMMON * habits.habit(component.id) + OPTIONAL * port.optional
    if at.output:
        score += CLASSES * _counts_classes(at, component, port)
    return score + (_closeness(at, port) if at.output else _kinship(at.port, port))


def _closeness(at: End, port: Port) -> float:
    from builder.compiler.fitting import axes_of, closeness

    return 0.0 if at.spec is None else closeness(port.dims, at.spec, axes_of(at.port.dims, at.spec))


def _kinship(wanted: Port, given: Port) -> float:
    """How much two declarations look alike, 0 to 2."""
    same = wanted.dims.axes == given.dims.axes and len(wanted.dims.axes.replace("*", "").split()) > 1
    return float(same) + float(wanted.dims.dtype == given.dims.dtype != "any")


def _counts_classes(at: End, component: Component, port: Port) -> int:
    """Of the logits of a loss or metric, 1 where there are as many as data in the graph have classes, else -2."""
    shape = () if at.spec is None else at.spec.shape
    if "class_axis" not in component.parameters or port.name != "logits" or len(shape) < 2 or not at.classes:
        return 0
    return 1 if at.classes & {shape[1], shape[-1]} else -2


# ------------------------------------------------------------------ proofs


def _proved(at: End, found: Sequence[Suggestion], budget: float) -> list[Suggestion]:
    """What was proved to fit, then what was not tried or could not be decided."""
    from builder.compiler.fitting import UNPROVED, Bench

    bench, sure, rest, end = Bench(), [], [], time.perf_counter() + budget
    for suggestion in found:
        in_time = time.perf_counter() < end and suggestion.component in registry.all_components()
        verdict = _verdict(bench, at, suggestion) if in_time else UNPROVED
        if verdict.fits:
            sure.append(replace(suggestion, proved=True, output=verdict.output))
        elif verdict.fits is None:
            rest.append(suggestion)
    return sure + rest


def _verdict(bench: Bench, at: End, suggestion: Suggestion) -> Verdict:
    from builder.compiler.fitting import UNPROVED

    component = registry.get(suggestion.component)
    if not at.output:
        known = at.component in registry.all_components()
        target = (registry.get(at.component), at.port.name, at.params) if known else None
        return bench.before(component, suggestion.port, at.port.dims, target)
    return UNPROVED if at.spec is None else bench.behind(component, suggestion.port, at.spec)


# ------------------------------------------------------------------ for the browser


def as_data(desk: Desk, catalogue: Catalogue, language: str) -> dict[str, Any]:
    """The latest answer as the items of a list, under the number of its question."""
    number, found = desk.suggested
    return {"number": number, "items": [_item(suggestion, catalogue, language) for suggestion in found]}


def _item(suggestion: Suggestion, catalogue: Catalogue, language: str) -> dict[str, str]:
    entry = catalogue.get(suggestion.component)
    if entry is None:
        name = suggestion.component.removeprefix(BLOCK_PREFIX)
        title = name if suggestion.component.startswith(BLOCK_PREFIX) else text(name, language)
        about, also, family = text("block", language), "block 模块", "Block"
    else:
        title, about, family = entry.label(language), family_label(entry.family, language), entry.family
        also = f"{entry.name} {entry.name_zh} {entry.keywords}"
    if suggestion.output is not None:
        about = f"{about} · {numbers.shape(suggestion.output.shape)}"
    return {
        "id": suggestion.component, "port": suggestion.port, "title": title, "about": about, "also": also,
        "family": theme.slug(family),
    }  # fmt: skip

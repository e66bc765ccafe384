"""The difference between two graphs in words, as HTML, and as colours of the canvas. No views here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from builder.graph import BLOCK_PREFIX, Graph, GraphError
from builder.graph.difference import BodyDifference, Change, Difference, NodeChange, difference
from builder.ui import numbers
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk, block_of
from builder.ui.measures import Latest, Measures
from builder.ui.text import text
from components.glossary import parameter_label

ADDED, CHANGED = "light-dark(#d8f0e2,#123a2b)", "light-dark(#fae7c3,#44320f)"
LONGEST = 60  # letters of a value

difference_of = Latest(difference)
"""The difference between an earlier and a later state."""


def words(found: Difference, language: str) -> list[tuple[str, str]]:
    """What differs in a few words, each with its kind: ``[("added", "+2 nodes"), ("changed", "3 changed")]``."""
    said = [
        (kind, text(f"compare_{kind}_one" if n == 1 else f"compare_{kind}", language, n=n))
        for kind, n in found.counts.items()
        if n
    ]
    return said or ([("other", text("compare_other", language))] if found else [])


def figures(before: Measures, after: Measures) -> list[tuple[str, str, str, str]]:
    """Totals side by side: the measure, before, after, and by how much it grew."""
    rows = []
    for name, show in (("parameters", numbers.short), ("flops", numbers.short), ("memory", numbers.size)):
        old, new = before.total.measure(name), after.total.measure(name)  # type: ignore[arg-type]
        grown = "" if old == new else f"{(new - old) / old:+.1%}" if old else "+"
        rows.append((name, show(old), show(new), grown))
    return rows


# ------------------------------------------------------------------ changes as HTML; every text is escaped


def changes_html(changes: Iterable[Change], language: str) -> str:
    """Values that differ: what was, and what is now."""
    parts = []
    for change in changes:
        for name, before, after in _parts(change):
            label = parameter_label(name, language)
            parts.append(
                f"<b>{escape(label)}</b> <del>{_value(before, language)}</del> → <ins>{_value(after, language)}</ins>"
            )
    return " · ".join(parts)


def _parts(change: Change) -> list[Change]:
    """A change of a value, or of the entries of one that has names."""
    before, after = change.before, change.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [change]
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    return [Change(f"{change.name}.{name}", before.get(name), after.get(name)) for name in names]


def _value(value: Any, language: str) -> str:
    if value is None:
        return escape(text("compare_unset", language))
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return escape(said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…")


def node_html(node: NodeChange, catalogue: Catalogue, language: str) -> str:
    """What of a node differs, in one line."""
    parts = []
    if node.renamed:
        parts.append(escape(text("compare_was", language, name=node.before)))
    if node.component:
        old, new = (escape(component_label(component, catalogue, language)) for component in node.component)
        parts.append(f"<del>{old}</del> → <ins>{new}</ins>")
    parts += [changes_html(node.params, language), changes_html(node.settings, language)]
    parts += [escape(text("compare_order", language, port=port)) for port in node.reordered]
    return " · ".join(filter(None, parts))


def component_label(component: str, catalogue: Catalogue, language: str) -> str:
    """A component's name, or that of a block."""
    return catalogue[component].label(language) if component in catalogue else component.removeprefix(BLOCK_PREFIX)


# ------------------------------------------------------------------ on the canvas


def colours(found: Difference, desk: Desk) -> dict[str, str]:
    """By id on the canvas, the colours of nodes: of what was added, and of what was changed, also inside of a block."""
    touched = _touched(found, desk.graph)
    colours = {}
    for way in desk.drawn_parts():
        part = desk.part(way)
        body = found.bodies.get(block_of(desk.part(way[:-1]), way[-1]) if way else "", BodyDifference())
        uses = {step.partition("/")[0] for step, block in _steps(part, desk.blocks) if block in touched}
        for node in uses | body.touched | set(body.added):
            if (*way, node) not in desk.expanded:
                colours["/".join((*way[len(desk.shown) :], node))] = ADDED if node in body.added else CHANGED
    return colours


def _touched(found: Difference, graph: Graph) -> set[str]:
    """The blocks that are new or changed, and those that use such a one, however deep inside."""
    touched = {*found.blocks, *found.blocks_added}
    inside = {name: {block for _, block in _steps(part, graph.blocks)} for name, part in graph.blocks.items()}
    while more := {name for name, blocks in inside.items() if blocks & touched} - touched:
        touched |= more
    return touched


def way_into(graph: Graph, block: str) -> tuple[str, ...] | None:
    """The path of names into the first use of a block, or to the parameter that takes it; None where nothing uses it."""
    ways: list[tuple[tuple[str, ...], Graph]] = [((), graph)]
    seen = set[str]()
    for way, part in ways:
        for step, name in _steps(part, graph.blocks):
            if name == block:
                return (*way, *step.split("/"))
            if name not in seen:
                seen.add(name)
                ways.append(((*way, *step.split("/")), graph.blocks[name]))
    return None


def _steps(part: Graph, blocks: Mapping[str, Graph]) -> Sequence[tuple[str, str]]:
    """The steps that lead from a graph into blocks, each with the block's name."""
    found = []
    for node, data in part.nodes(data=True):
        for step in (node, *(f"{node}/{name}" for name, value in data["params"].items() if isinstance(value, str))):
            try:
                found.append((step, block_of(part, step, blocks)))
            except GraphError:  # no block stands there
                continue
    return found

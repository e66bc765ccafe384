"""What a view is: its words, where it applies, its options, and how it is drawn; and what views ask of a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from builder.inspect.attribution import Target
from builder.inspect.choices import Option, head_option, split_option
from builder.inspect.errors import InspectError
from builder.inspect.figures.style import Style
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.values import drawn_ports


@dataclass(frozen=True)
class Request:
    """What a view is drawn from."""

    inspector: Inspector
    node: str
    sample: Sample | None
    options: dict[str, Any]
    style: Style

    @property
    def given_sample(self) -> Sample:
        if self.sample is None:
            raise InspectError("This view needs a sample.", "此视图需要一个样本。")
        return self.sample

    def head(self, wanted: Heads) -> Head:
        """The answer that was chosen, or the first of those that a view is for."""
        index = self.options.get("head")
        return self.inspector.heads[wanted(self.inspector)[0][0] if index is None else index]

    def target(self, wanted: Heads) -> Target:
        """The number that is explained."""
        answer = self.options.get("answer", -1)
        return Target(self.head(wanted), None if answer < 0 else answer, self.options.get("position"))


Heads = Callable[[Inspector], list[tuple[int, Head]]]
Draw = Callable[[Request], tuple[go.Figure, Any]]
Options = Callable[[Inspector, str, "Sample | None"], list[Option]]


@dataclass(frozen=True)
class About:
    """A view in words.

    Args:
        id: by which ``compute`` knows it.
        name, name_zh: its title in a list.
        help, help_zh: what it shows.
        method, method_zh: how it is computed, with its source.
        limits, limits_zh: what it does not tell.
    """

    id: str
    name: str
    name_zh: str
    help: str
    help_zh: str
    method: str
    method_zh: str
    limits: str
    limits_zh: str

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name

    def about(self, language: str) -> dict[str, str]:
        """What it shows, how and what not, by heading."""
        if language == "zh":
            return {"显示": self.help_zh, "方法": self.method_zh, "局限": self.limits_zh}
        return {"Shows": self.help, "Method": self.method, "Limits": self.limits}


@dataclass(frozen=True)
class View(About):
    """A view and what belongs to it."""

    applies: Callable[[Inspector], list[str] | None]
    """The nodes; an empty list for a view of the whole model; None where it does not apply."""
    options: Options
    draw: Draw
    needs_sample: bool = True
    first: Callable[[Inspector, list[str]], str] = lambda inspector, nodes: nodes[0]
    """Which node to begin with."""


@dataclass(frozen=True)
class Topic:
    """Views that answer questions of one kind, under a common title."""

    id: str
    name: str
    name_zh: str
    views: tuple[View, ...]

    def label(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name


def whole(applies: bool) -> list[str] | None:
    """The nodes of a view of the whole model."""
    return [] if applies else None


def some(nodes: list[str]) -> list[str] | None:
    """The nodes of a view that applies where there are any."""
    return nodes or None


def computing(inspector: Inspector, *kinds: str) -> list[str]:
    """The nodes of these kinds that a sample determines, in the order of the data: not a sum of losses."""
    nodes, judging, found = inspector.compiled.flat.nodes, set[str](), []
    for path in inspector.compiled.analysis.order:
        sources = inspector.compiled.sources(path).values()
        if nodes[path].component.kind in ("loss", "metric") or any(p in judging for ends in sources for p, _ in ends):
            judging.add(path)
        elif nodes[path].component.kind in kinds and drawn_ports(inspector, path):
            found.append(path)
    return found


def last(inspector: Inspector, nodes: list[str]) -> str:
    """The last node, to begin with."""
    return nodes[-1]


def last_learned(inspector: Inspector, nodes: list[str]) -> str:
    """The last node on the way to what the losses look at, to begin with: what a search makes of that has no features."""
    way = set(inspector.compiled.ancestors([head.end for head in inspector.heads]))
    return next((node for node in reversed(nodes) if node in way), nodes[-1])


def no_options(inspector: Inspector, node: str, sample: Sample | None) -> list[Option]:
    """The options of a view that has none."""
    return []


def of_split(heads: Heads) -> Options:
    """The options of a view of a whole split: which one, and which answer."""
    return lambda inspector, node, sample: [*split_option(), *head_option(heads(inspector))]

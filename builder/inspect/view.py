"""Every view of a model: where it applies, what may be chosen, and how it is computed and drawn.

A page needs no knowledge of a view: it lists ``views``, shows a widget for each of ``options``, and draws what
``compute`` gives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder.inspect.catalogue import TOPICS, VIEWS, About, Request, Topic, View
from builder.inspect.choices import Option
from builder.inspect.errors import InspectError
from builder.inspect.figures.style import Style
from builder.inspect.heads import Head
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample


@dataclass(frozen=True)
class ViewSpec(About):
    """A view of this model, as data.

    Args:
        topic: what it is listed under.
        nodes: paths of the nodes that it can be drawn for, in the order of the data; empty for a view of the model.
        node: the one to begin with.
        needs_sample: whether it is drawn for one sample. (A view of a whole split has the option ``split``.)
    """

    topic: Topic
    nodes: tuple[str, ...]
    node: str
    needs_sample: bool


def views(inspector: Inspector) -> list[ViewSpec]:
    """The views that apply to a model, in the order in which they are best looked at."""
    found = []
    for view in VIEWS:
        nodes = view.applies(inspector)
        if nodes is not None:
            found.append(_spec(inspector, view, nodes))
    return found


def spec_of(inspector: Inspector, view: str) -> ViewSpec:
    """One of ``views``; InspectError where it does not apply to this model."""
    found, nodes = _lookup(inspector, view)
    return _spec(inspector, found, nodes)


def _spec(inspector: Inspector, view: View, nodes: list[str]) -> ViewSpec:
    node = view.first(inspector, nodes) if nodes else ""
    about = {field.name: getattr(view, field.name) for field in dataclasses.fields(About)}
    topic = next(topic for topic in TOPICS if view in topic.views)
    return ViewSpec(**about, topic=topic, nodes=tuple(nodes), node=node, needs_sample=view.needs_sample)


def options(inspector: Inspector, view: str, node: str = "", sample: Sample | None = None) -> list[Option]:
    """What may be chosen in a view of a node, with the values to begin with.

    Raises:
        InspectError: the view does not apply to this model or node.
    """
    return _find(inspector, view, node).options(inspector, node, sample)


def compute(
    inspector: Inspector,
    view: str,
    node: str = "",
    sample: Sample | None = None,
    *,
    language: str = "en",
    dark: bool = False,
    **chosen: Any,
) -> tuple[go.Figure, Any]:
    """A view's figure, and the numbers behind it as a dataclass of numpy arrays (see ``arrays``).

    Args:
        view: its id.
        node: one of the view's nodes; empty for a view of the whole model.
        sample: where the view needs one.
        language: of the labels, ``en`` or ``zh``.
        dark: for a dark page.
        chosen: values of ``options`` by name; the others keep their defaults.

    Raises:
        InspectError: the view does not apply, the sample is missing or does not fit, or a value is not allowed.
    """
    values = settle(inspector, view, node, sample, chosen)
    return _find(inspector, view, node).draw(Request(inspector, node, sample, values, Style(language, dark)))


def settle(
    inspector: Inspector, view: str, node: str, sample: Sample | None, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The value of every option of a view: what was chosen, and else the default. Raises as ``compute`` does."""
    found = _find(inspector, view, node)
    if found.needs_sample and sample is None:
        raise InspectError("This view needs a sample.", "此视图需要一个样本。")
    known = {option.name: option for option in found.options(inspector, node, sample)}
    for name in chosen:
        if name not in known:
            raise InspectError(
                f"The view '{view}' has no option '{name}' (options: {', '.join(known) or 'none'}).",
                f"视图“{found.name_zh}”没有选项“{name}”（选项：{'、'.join(known) or '无'}）。",
            )
    return {name: option.check(chosen[name]) if name in chosen else option.default for name, option in known.items()}


def notice(data: Any, language: str = "en") -> str:
    """What a person should be warned of before reading a result; mostly nothing."""
    return data.notice(language) if hasattr(data, "notice") else ""


def arrays(data: Any) -> dict[str, np.ndarray]:
    """The numpy arrays of a result by name, to save them (``numpy.savez``); those of nested results by dotted names."""
    found: dict[str, np.ndarray] = {}
    for field in dataclasses.fields(data):
        item = getattr(data, field.name)
        if isinstance(item, np.ndarray):
            found[field.name] = item
        elif dataclasses.is_dataclass(item) and not isinstance(item, Head | type):
            found |= {f"{field.name}.{name}": array for name, array in arrays(item).items()}
    return found


def _find(inspector: Inspector, view: str, node: str) -> View:
    found, nodes = _lookup(inspector, view)
    if nodes and node not in nodes:
        raise InspectError(
            f"The view '{view}' does not apply to '{node}'.", f"视图“{found.name_zh}”不适用于“{node}”。", node
        )
    return found


def _lookup(inspector: Inspector, view: str) -> tuple[View, list[str]]:
    """A view and its nodes."""
    found = next((v for v in VIEWS if v.id == view), None)
    nodes = found.applies(inspector) if found else None
    if found is None or nodes is None:
        known = [v.id for v in VIEWS if v.applies(inspector) is not None]
        raise InspectError(
            f"There is no view '{view}' of this model. There are: {', '.join(known)}.",
            f"此模型没有视图“{view}”。现有：{'、'.join(known)}。",
        )
    return found, nodes

"""Views without a page: what there is to draw of a model, and one of them drawn into a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.inspect.choices import Option
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Sample
from builder.inspect.saving import save
from builder.inspect.view import ViewSpec, options, spec_of, views
from components.data._base import SplitName


def listing(
    inspector: Inspector, split: SplitName = "valid", sample: Sample | int = 0, language: str = "en"
) -> list[dict[str, Any]]:
    """Every view of a model with its words, its nodes and the options of the node to begin with."""
    sample = _sample(inspector, split, sample)
    found = []
    for spec in views(inspector):
        given = sample if spec.needs_sample else None
        shows, method, limits = spec.about(language).values()
        found.append(
            {
                "view": spec.id, "name": spec.label(language), "shows": shows, "method": method, "limits": limits,
                "node": spec.node, "nodes": list(spec.nodes), "needs_sample": spec.needs_sample,
                "options": [_option(o, language) for o in options(inspector, spec.id, spec.node, given)],
            }
        )  # fmt: skip
    return found


def _sample(inspector: Inspector, split: SplitName, sample: Sample | int) -> Sample:
    return sample if isinstance(sample, Sample) else inspector.sample(split, sample)


def _option(option: Option, language: str) -> dict[str, Any]:
    found = {"name": option.name, "label": option.text(language), "default": option.default}
    if option.choices:
        return {**found, "values": [choice.value for choice in option.choices]}
    return {**found, "low": option.low, "high": option.high}


def draw(
    inspector: Inspector,
    out: str,
    view: str,
    node: str = "",
    split: SplitName = "valid",
    sample: Sample | int = 0,
    given: Mapping[str, str] | None = None,
    language: str = "en",
    dark: bool = False,
) -> dict[str, Any]:
    """Draws a view into a file; the statement about it.

    Args:
        out: its ending says what is written: .png, .html or .json.
        node: the view's first where empty.
        split: of the sample, or of a view of a whole split.
        sample: one of one's own, or the number in the split, where the view needs one.
        given: options as texts, by name.

    Raises:
        InspectError: there is no such view, node, sample or option, or the file cannot be written so.
    """
    spec: ViewSpec = spec_of(inspector, view)
    shown = _sample(inspector, split, sample) if spec.needs_sample else None
    node = node or spec.node
    known = {option.name: option for option in options(inspector, view, node, shown)}
    chosen: dict[str, Any] = {"split": split} if "split" in known and shown is None else {}
    chosen |= {name: known[name].read(text) if name in known else text for name, text in (given or {}).items()}
    return save(inspector, out, view, node, shown, language=language, dark=dark, **chosen)

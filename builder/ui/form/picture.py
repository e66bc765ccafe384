"""A picture of what a node does with its present parameters: an activation's curve, a schedule's, a layer's sampling."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.ui import theme
from builder.ui.curve_html import Line, plot
from builder.ui.desk import Desk
from builder.ui.facts import Facts
from builder.ui.form.common import section
from builder.ui.text import language, t
from components.spec import Component


def picture(desk: Desk, node: str, entry: Component, facts: Mapping[str, Facts]) -> None:
    """Draws the picture, if there is one of such a component; ``facts`` are those of the open graph."""
    known = {name: found.params for name, found in facts.items()}
    # The check leaves out values that are wrong, for which no picture may stand.
    params = {**desk.open_graph.nodes[node]["params"], **known.get(node, {})}
    if entry.kind == "scheduler":
        _draw("section_curve", _schedule(desk, node, entry, known))
    elif entry.family == "Activation":
        _draw("section_curve", _activation(entry, params))
    else:
        _draw("section_sampling", _sampling(entry, params))


def _draw(heading: str, html: str) -> None:
    if html:
        section(heading)
        st.html(html)


def _activation(entry: Component, params: Mapping[str, Any]) -> str:
    from builder.compiler.activation_curve import activation_curve

    curve = activation_curve(entry, params)
    if curve is None:
        return ""
    alt = t(
        "curve_alt", name=entry.label(language()), left=f"{curve.x[0]:g}", right=f"{curve.x[-1]:g}",
        first=f"{curve.y[0]:.3g}", last=f"{curve.y[-1]:.3g}",
        low=f"{min(curve.slope):.3g}", high=f"{max(curve.slope):.3g}",
    )  # fmt: skip
    lines = [
        Line(curve.x, curve.slope, theme.BLUE, t("curve_slope"), dashed=True),
        Line(curve.x, curve.y, theme.accent(entry.family), t("curve_y")),
    ]
    note = f'<p class="form-note">{escape(t("curve_learned"))}</p>' if curve.learned else ""
    return plot(lines, alt, ticks=(0.0,)) + note


def _schedule(desk: Desk, node: str, entry: Component, known: Mapping[str, Mapping[str, Any]]) -> str:
    from builder.compiler.schedule_curve import schedule_curve
    from builder.train.plan import DEFAULT_EPOCHS

    epochs = int(desk.graph.training.get("epochs", DEFAULT_EPOCHS))
    curve = schedule_curve(desk.open_graph, node, known, epochs)
    if curve is None:
        return ""
    colour = theme.accent(entry.family)
    begin, end = curve.own
    own = [place for place, epoch in enumerate(curve.epoch) if begin <= epoch <= end]
    lines = [
        Line([curve.epoch[i] for i in own], [curve.factor[i] for i in own], colour, t("curve_factor", epochs=epochs)),
    ]
    if len(own) < len(curve.epoch):
        lines.insert(0, Line(curve.epoch, curve.factor, colour, t("curve_chain"), faint=True))
    alt = t(
        "curve_factor_alt", name=entry.label(language()), epochs=epochs,
        first=f"{curve.factor[0]:.3g}", last=f"{curve.factor[-1]:.3g}",
        low=f"{min(curve.factor):.3g}", high=f"{max(curve.factor):.3g}",
    )  # fmt: skip
    return plot(lines, alt)


def _sampling(entry: Component, params: Mapping[str, Any]) -> str:
    from builder.compiler.sampling import sampling
    from builder.ui import sampling_html

    found = sampling(entry, params)
    return "" if found is None else sampling_html.picture(found, theme.accent(entry.family), language())

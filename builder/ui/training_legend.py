"""The legend of the canvas that shows training: the optimizers in the order of a step, when they act, what they train."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.ui import numbers, theme
from builder.ui.canvas.cards import NO_END
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.markdown import plain
from builder.ui.text import t

if TYPE_CHECKING:
    from builder.compiler.ownership import Turn


def draw(desk: Desk, known: Checked) -> None:
    """Draws the legend; an optimizer's name goes to its node."""
    with st.container(key="training_legend", gap=None):
        if not known.turns:
            st.html(f'<div class="legend-none">{escape(t("training_none"))}</div>')
            return
        if len(known.turns) > 1:
            way = t(
                "updates_simultaneous"
                if desk.graph.training.get("updates") == "simultaneous"
                else "updates_alternating"
            )
            st.html(f'<div class="legend-title">{escape(t("training_step"))}<span>{escape(way)}</span></div>')
        for turn in known.turns:
            with st.container(key=f"legend_{turn.place}", horizontal=True, wrap=False, gap=None):
                st.html(f'<i class="legend-mark {theme.turn(turn.place)}">{turn.place}</i>', width="content")
                st.button(
                    plain(turn.path), key=f"legend_show_{turn.place}", type="tertiary", on_click=desk.show,
                    args=(turn.path.split("/"),), help=t("show_node", node=plain(turn.path)),
                )  # fmt: skip
                st.html(f'<div class="legend-words">{escape(" · ".join(_words(turn, known)))}</div>', width="content")


def _words(turn: Turn, known: Checked) -> list[str]:
    """When an optimizer acts, and how many weights it changes."""
    words = [t("training_every_n", n=turn.every) if turn.every > 1 else t("training_every_step")]
    if turn.epochs is not None:
        first, last = turn.epochs
        words.append(t("training_epochs", first=first, last=last if last < NO_END else "∞"))
    reports = known.report.nodes if known.report else {}
    count = sum(reports[path].parameters for path in turn.nodes if path in reports)
    words.append(t("training_weights", n=numbers.short(count)) if count else t("training_nothing"))
    return words

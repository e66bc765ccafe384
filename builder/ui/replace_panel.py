"""The dialog that puts another component in a node's place."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from builder.graph import BLOCK_PREFIX, GraphError, edit
from builder.ui import actions
from builder.ui.catalogue import Catalogue
from builder.ui.desk import Desk
from builder.ui.text import language, t, text
from builder.ui.warm import WARMUP
from components.glossary import family_label


def ask(desk: Desk) -> None:
    """Opens the dialog for the node that is selected."""
    if len(desk.selection) == 1:
        st.dialog(t("replace_title", node=desk.selection[0]))(_dialog)(desk, desk.selection[0])


def _dialog(desk: Desk, node: str) -> None:
    catalogue = WARMUP.wait_for_catalogue()
    chosen = st.selectbox(
        t("replace_by"), choices(desk, node, catalogue), index=None, key=f"replace-{node}",
        placeholder=t("replace_search"), format_func=lambda id: named(id, catalogue), label_visibility="collapsed",
    )  # fmt: skip
    st.caption(t("replace_help"))
    if chosen is not None:
        replace(desk, node, chosen, named(chosen, catalogue, "en"), named(chosen, catalogue, "zh"))
        st.rerun()


def choices(desk: Desk, node: str, catalogue: Catalogue) -> list[str]:
    """What can stand in a node's place: components of its family first, then the other ones, then blocks."""
    present = desk.open_graph.nodes[node]["component"]
    entry = catalogue.get(present)
    family = entry.family if entry else ""
    placed = sorted((e for e in catalogue.values() if e.placed), key=lambda e: (e.family != family, e.family))
    blocks = [BLOCK_PREFIX + name for name in desk.blocks if actions.may_hold(desk, name)]
    return [id for id in (*(e.id for e in placed), *blocks) if id != present]


def named(id: str, catalogue: Catalogue, lang: str | None = None) -> str:
    """A component or block by its label and family."""
    lang = lang or language()
    if id.startswith(BLOCK_PREFIX):
        return f"{id.removeprefix(BLOCK_PREFIX)} · {text('block', lang)}"
    return f"{catalogue[id].label(lang)} · {family_label(catalogue[id].family, lang)}"


def replace(desk: Desk, node: str, component: str, label: str, label_zh: str) -> None:
    """Puts a component in a node's place, as one step, and says what did not fit."""
    try:
        done = desk.edit(
            lambda graph: edit.replace_node(graph, node, component, desk.blocks, root=desk.graph), "replace"
        )
    except GraphError as error:
        desk.refuse(error)
        return
    desk.select((done.node,))
    if not done.complete:
        desk.tell(
            text("replace_lost", "en", node=done.node, label=label, lost=_lost(done, "en")),
            text("replace_lost", "zh", node=done.node, label=label_zh, lost=_lost(done, "zh")),
        )


def _lost(done: edit.Replaced, lang: str) -> str:
    """What did not fit, in words."""
    named: tuple[tuple[str, Sequence[object]], ...] = (
        ("replace_lost_params", done.params),
        ("replace_lost_settings", done.settings),
        ("replace_lost_wires", done.wires),
    )
    comma, semicolon = (", ", "; ") if lang == "en" else ("、", "；")
    return semicolon.join(text(key, lang, names=comma.join(map(str, items))) for key, items in named if items)

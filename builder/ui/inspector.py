"""The panel on the right: what is selected, with its parameters, ports, settings, help and problems; else the graph as a whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.graph import PORT_IN, PORT_OUT, GraphError
from builder.ui import actions, block_library, commands, numbers, theme
from builder.ui.catalogue import Catalogue
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.facts import Facts, plain_path
from builder.ui.form.blocks import open_block
from builder.ui.form.common import change
from builder.ui.form.node import node_form
from builder.ui.form.reports import by_hand, follow
from builder.ui.markdown import plain
from builder.ui.text import language, t
from builder.ui.warm import WARMUP
from components.glossary import family_label, kind_label

if TYPE_CHECKING:
    from builder.compiler.report import Fix, Problem

MAX_PROBLEMS = 40
LOOKING = 0.4  # seconds for finding repairs, each of which is tried on a copy of the graph
PLACING = (
    "align_left", "align_center", "align_right", "align_top", "align_middle", "align_bottom", "distribute_horizontal",
    "distribute_vertical", "arrange_selection",
)  # fmt: skip


def draw(desk: Desk, catalogue: Catalogue, known: Checked) -> None:
    """Draws the panel."""
    if len(desk.selection) == 1 and not desk.wires:
        _node(desk, desk.selection[0], catalogue, known)
    elif desk.selection:
        _many(desk)
    elif desk.wires:
        _wires(desk)
    else:
        _graph(desk, known)


# ------------------------------------------------------------------ one node


def _node(desk: Desk, node: str, catalogue: Catalogue, known: Checked) -> None:
    data = desk.open_graph.nodes[node]
    component = data["component"]
    entry = catalogue.get(component)
    family = entry.family if entry else "Block" if actions.is_block(desk.open_graph, node) else "Unknown"
    if component in (PORT_IN, PORT_OUT):
        label, about, family = t(component), t("block"), "Block"
    elif entry:
        label = entry.label(language())
        about = f"{kind_label(entry.kind, language())} · {family_label(entry.family, language())}"
    else:
        label, about = component.partition(":")[2] or component, t("block" if family == "Block" else "unknown")
    with st.container(key="node_head", horizontal=True, wrap=False, gap=None, vertical_alignment="center"):
        st.html(
            f'<div class="desk-head {theme.slug(family)}"><i></i><div><strong>{escape(label)}</strong>'
            f"<span>{escape(about)}</span></div><code>{escape(node)}</code></div>"
        )
        if component not in (PORT_IN, PORT_OUT):
            st.button(
                "", key="replace", type="tertiary", icon=f":material/{commands.COMMANDS['replace'].icon}:",
                help=commands.hint("replace", language()), on_click=commands.attempt, args=(desk, "replace"),
            )  # fmt: skip
    facts = known.facts.get(node) or Facts()
    problems(desk, facts.problems, known)
    if not WARMUP.ready:
        st.skeleton(height=220)
        return
    node_form(desk, node, facts, known)


def problems(desk: Desk, found: list[Problem], known: Checked, named: bool = False) -> None:
    """Problems as cards, each with the buttons that repair it, as far as there is a sure way."""
    offered = _offered(found, known)
    if named and sum(map(bool, offered)) > 1:
        st.button(
            t("repair_all"), key="repair_all", icon=":material/build:", width="stretch", help=t("repair_all_help"),
            on_click=_repair_all, args=(desk,),
        )  # fmt: skip
    for number, (problem, fixes) in enumerate(zip(found[:MAX_PROBLEMS], offered, strict=False)):
        soft = problem.code == "unconnected"
        path = plain_path(problem.node)
        with st.container(key=f"problem_{'soft' if soft else 'hard'}_{number}"):
            if named:
                st.button(
                    plain("/".join(path)), key=f"show_{number}", type="tertiary", icon=":material/my_location:",
                    help=t("show_node", node=plain("/".join(path))), on_click=desk.show, args=(path,),
                )  # fmt: skip
            st.markdown(plain(problem.text(language())))
            _fix_buttons(desk, fixes, str(number))


def _offered(found: list[Problem], known: Checked) -> list[tuple[Fix, ...]]:
    """The repairs for each problem, as far as there is time to look for them; the next time it goes on from there."""
    end = time.monotonic() + LOOKING
    return [known.offers.of(p) if known.offers and time.monotonic() < end else () for p in found]


def _completions(desk: Desk, known: Checked) -> None:
    """What a graph that fits still lacks to be trained."""
    missing = known.offers.missing() if known.offers else ()
    if missing:
        with st.container(key="problem_soft_training"):
            st.markdown(plain(t("training_missing")))
            _fix_buttons(desk, missing, "training")


def _fix_buttons(desk: Desk, fixes: Sequence[Fix], name: str) -> None:
    """A button for each way to repair something; the first has the key ``fix_<name>``."""
    for place, fix in enumerate(fixes):
        st.button(
            plain(fix.text(language())), key=f"fix_{name}_{place}" if place else f"fix_{name}",
            icon=":material/build:", width="stretch", on_click=_repair, args=(desk, fix),
        )  # fmt: skip


def _repair(desk: Desk, fix: Fix) -> None:
    from builder.compiler import apply_fix

    change(desk, lambda _: apply_fix(desk.graph, fix), "repair")


def _repair_all(desk: Desk) -> None:
    from builder.compiler import repair_all

    made: list[Fix] = []
    try:
        desk.edit(lambda _: made.extend(repair_all(desk.graph)), "repair")
    except GraphError as error:
        desk.refuse(error)
        return
    en = "; ".join(f"{'/'.join(plain_path(fix.node))}: {fix.label}" for fix in made)
    zh = "；".join(f"{'/'.join(plain_path(fix.node))}：{fix.label_zh}" for fix in made)
    desk.tell(f"Repaired. {en}.", f"已修复。{zh}。")


# ------------------------------------------------------------------ several nodes, or wires


def _many(desk: Desk) -> None:
    st.html(
        f'<div class="desk-head"><div><strong>{escape(t("selected_many", n=len(desk.selection)))}</strong></div></div>'
    )
    with st.container(key="many_actions"):
        for name in ("group", "duplicate", "mute", "bypass", "delete"):
            st.button(
                t(f"command_{name}"), key=f"many_{name}", icon=f":material/{commands.COMMANDS[name].icon}:", width="stretch",
                help=commands.hint(name, language()), on_click=commands.attempt, args=(desk, name),
            )  # fmt: skip
    with st.container(key="many_places", horizontal=True, gap=None):
        for name in PLACING:
            command = commands.COMMANDS[name]
            st.button(
                "", key=f"many_{name}", type="tertiary", icon=f":material/{command.icon}:",
                help=commands.hint(name, language()), disabled=not command.possible(desk), on_click=commands.attempt,
                args=(desk, name),
            )  # fmt: skip
    st.caption(plain(", ".join(desk.selection)))


def _wires(desk: Desk) -> None:
    title = t("selected_wire") if len(desk.wires) == 1 else t("selected_wires", n=len(desk.wires))
    st.html(f'<div class="desk-head"><div><strong>{escape(title)}</strong></div></div>')
    for wire in desk.wires[:20]:
        st.html(f'<div class="desk-wire"><code>{escape(f"{wire.source}.{wire.source_port}")}</code> → '
                f'<code>{escape(f"{wire.target}.{wire.target_port}")}</code></div>')  # fmt: skip
    st.button(
        t("delete_wire"), key="delete_wire", icon=":material/delete:", width="stretch", on_click=commands.attempt,
        args=(desk, "delete"),
    )  # fmt: skip


# ------------------------------------------------------------------ the graph


def _graph(desk: Desk, known: Checked) -> None:
    title = f"{t('block')} · {actions.block_name(desk)}" if desk.scope else t("graph_section")
    st.html(f'<div class="desk-head"><div><strong>{escape(title)}</strong></div></div>')
    if not WARMUP.ready:
        st.skeleton(height=220)
        return
    report = known.report
    if report is None:
        st.error(t("check_failed_help", reason=plain(known.failure)))
    elif not report.ok:
        problems(desk, report.problems, known, named=True)
    elif not known.trains and not desk.scope:
        _completions(desk, known)
    if desk.scope:
        open_block(desk)
    else:
        _words(desk)
        if len(known.turns) > 1 or "updates" in desk.graph.training:
            _updates(desk)
    if report is None:
        return
    rows = (
        (t("nodes_count"), str(len(desk.open_graph))),
        (t("parameters_row"), f"{sum(f.parameters for f in known.facts.values()):,}"),
        ("FLOPs", numbers.short(sum(f.flops for f in known.facts.values()))),
        (t("memory"), numbers.size(report.activation_bytes)),
    )
    cells = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows[: 3 if desk.scope else 4]
    )
    st.html(f'<dl class="desk-facts">{cells}</dl>')
    if block_library.kept() or block_library.deleted():
        st.button(
            t("my_blocks"), key="my_blocks", type="tertiary", icon=":material/bookmarks:",
            help=commands.hint("my_blocks", language()), on_click=commands.attempt, args=(desk, "my_blocks"),
        )  # fmt: skip


def _words(desk: Desk) -> None:
    """Title and description, in the language chosen."""
    meta = desk.graph.meta
    suffix = "_zh" if language() == "zh" else ""
    for name, widget in (("title", st.text_input), ("description", st.text_area)):
        key = f"meta_{name}{suffix}"
        follow(key, str(meta.get(f"{name}{suffix}") or meta.get(name) or ""))
        widget(
            t(name), key=key, max_chars=2000, on_change=by_hand(key, partial(_set_meta, desk, f"{name}{suffix}", key))
        )


def _set_meta(desk: Desk, name: str, key: str) -> None:
    value = str(st.session_state[key]).strip()
    desk.graph.meta[name] = value
    desk.record("meta")


def _updates(desk: Desk) -> None:
    """How the optimizers of a step follow each other."""
    key = "graph_updates"
    options = ("alternating", "simultaneous")
    now = desk.graph.training.get("updates", options[0])
    follow(key, now if now in options else options[0])
    with st.container(key="row_updates"):
        st.selectbox(
            t("updates"), options, key=key, format_func=lambda name: t(f"updates_{name}"), help=t("updates_help"),
            on_change=by_hand(key, partial(_set_updates, desk, key), options),
        )  # fmt: skip


def _set_updates(desk: Desk, key: str) -> None:
    if st.session_state[key] == "alternating":
        desk.graph.training.pop("updates", None)
    else:
        desk.graph.training["updates"] = st.session_state[key]
    desk.record("updates")

"""The comparison of the graph on the desk with an earlier one: choosing that, and what differs as a list."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape

import streamlit as st

from builder.gallery import graph_files
from builder.graph import Graph, GraphError, load, loads, to_document
from builder.graph.difference import BodyDifference, Difference
from builder.ui import differences, drawer, frame, run_store, saved_graphs, times, versions, workspace
from builder.ui.desk import Compared, Desk
from builder.ui.markdown import plain
from builder.ui.measures import measured_state
from builder.ui.text import language, t, text
from builder.ui.warm import WARMUP

MOST_RUNS = 30
MOST_ROWS = 120
MARKS = {"added": "+", "removed": "−", "changed": "~"}


# ------------------------------------------------------------------ with what


@frame.guarded
def choose(desk: Desk) -> None:
    """The dialog that asks with which graph."""
    st.caption(t("compare_hint"))
    earlier, gallery, saved, runs, upload = st.tabs(
        [t(f"compare_{name}") for name in ("earlier", "gallery", "saved", "runs", "upload")]
    )
    with earlier:
        _earlier(desk)
    with gallery:
        for path in graph_files(workspace.GALLERY):
            _offer(desk, f"gallery_{path.stem}", functools.partial(load, path), path.stem)
    with saved:
        found = saved_graphs.saved()
        for graph in found:
            _offer(desk, f"saved_{graph.name}", functools.partial(saved_graphs.read, graph.name), graph.name)
        _none_of(found)
    with runs:
        trained = run_store.every()[:MOST_RUNS]
        for run in trained:
            names = (f"{run.title(lang)} · {times.moment(run.created, lang)}" for lang in ("en", "zh"))
            _offer(desk, f"run_{run.name}", run.run.graph, *names)
        _none_of(trained)
    with upload:
        with frame.uploader():
            given = st.file_uploader(t("upload_label"), type=["json"], key="compare_file")
        if given is not None:
            begin(desk, lambda: loads(given.getvalue()), given.name)


def _earlier(desk: Desk) -> None:
    states = [("compare_as_opened", desk.history.states[0]), ("compare_as_saved", desk.saved)]
    known = [(key, state) for key, state in states if state is not None]
    for key, state in known:
        if st.button(t(key), key=key, type="tertiary", width="stretch", disabled=state is desk.state):
            desk.compared = Compared(state, text(key, "en"), text(key, "zh"))
            st.rerun()
    for version in versions.of(desk.file) if desk.file else ():
        names = (times.moment(version.time, lang) for lang in ("en", "zh"))
        _offer(desk, f"version_{version.digest}", version.graph, *names)


def _none_of(found: list) -> None:
    if not found:
        st.caption(t("compare_nothing"))


def _offer(desk: Desk, key: str, read: Callable[[], Graph], en: str, zh: str = "") -> None:
    name = zh or en if language() == "zh" else en
    if st.button(plain(name), key=f"compare_{key}", type="tertiary", width="stretch"):
        begin(desk, read, en, zh)


def begin(desk: Desk, read: Callable[[], Graph], en: str, zh: str = "") -> None:
    """Ends a dialog with the comparison with a graph of this name; where it cannot be read, the dialog says why."""
    try:
        state = to_document(read())
    except GraphError as error:
        st.error(plain(frame.said(error)))
        return
    desk.compared = Compared(state, en, zh or en)
    st.rerun()


# ------------------------------------------------------------------ what differs


@frame.guarded
def panel(desk: Desk, compared: Compared) -> None:
    """The comparison in the drawer."""
    found = differences.difference_of(compared.state, desk.state)
    with st.container(key="drawer_head", horizontal=True, wrap=False, gap=None):
        title = escape(t("compare_with", name=compared.name(language())))
        st.html(f'<div class="drawer-title">{title}{_words(found)}</div>')
        drawer.close_button(desk)
    with st.container(key="drawer_body"), st.container(key="compare_list", gap=None):
        if WARMUP.ready:
            _figures(desk, compared)
        if not found:
            st.html(f'<div class="drawer-empty">{escape(t("compare_equal"))} {escape(t("compare_equal_more"))}</div>')
        _list(found, desk)


def _figures(desk: Desk, compared: Compared) -> None:
    before, after = measured_state(compared.state), measured_state(desk.state)
    heads = ("", compared.name(language()), t("compare_figures"), "")
    rows = "".join(
        f"<tr><td>{escape(t(f'column_{kind}'))}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for kind, *cells in differences.figures(before, after)
    )
    head = "".join(f"<th>{escape(word)}</th>" for word in heads)
    st.html(f'<table class="compare-figures"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _words(found: Difference) -> str:
    """What differs in a few coloured words."""
    parts = (
        f'<i class="{kind if kind in MARKS else "plain"}" style="font-style:normal">{escape(word)}</i>'
        for kind, word in differences.words(found, language())
    )
    return f'<div class="compare-words">{"".join(parts)}</div>'


def _list(found: Difference, desk: Desk) -> None:
    """Lists a difference; the names of nodes that are there lead to them."""
    rows = _Rows(desk)
    for name, body in found.bodies.items():
        way = differences.way_into(desk.graph, name) if name else ()
        if name:
            _heading(t("compare_of_block", name=name))
        _body(rows, body, way)
    blocks = [
        *(("added", t("compare_block_added", name=name)) for name in found.blocks_added),
        *(("removed", t("compare_block_removed", name=name)) for name in found.blocks_removed),
        *(("changed", t("compare_block_renamed", before=a, after=b)) for a, b in found.blocks_renamed),
    ]
    for kind, words in blocks:
        rows.line(kind, escape(words))
    for title, changes in ((t("compare_training"), found.training), (t("compare_meta"), found.meta)):
        if changes:
            _heading(title)
            rows.line("changed", differences.changes_html(changes, language()))
    rows.end()


def _body(rows: _Rows, body: BodyDifference, way: tuple[str, ...] | None) -> None:
    catalogue = WARMUP.wait_for_catalogue()
    for node in body.added:
        rows.node("added", node, way)
    for node in body.removed:
        rows.node("removed", node, None)
    for node in body.nodes:
        rows.node("changed", node.after, way, differences.node_html(node, catalogue, language()))
    if body.params:
        rows.line(
            "changed", f"{escape(t('compare_block_params'))}: {differences.changes_html(body.params, language())}"
        )
    for edge in body.wires_added:
        rows.line("added", f"<code>{escape(str(edge))}</code>")
    for edge in body.wires_removed:
        rows.line("removed", f"<code>{escape(str(edge))}</code>")


def _heading(title: str) -> None:
    st.html(f'<div class="compare-part">{escape(title)}</div>')


class _Rows:
    """The lines of a list, as many as one can look through."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.count = desk, 0

    def node(self, kind: str, node: str, way: tuple[str, ...] | None, what: str = "") -> None:
        """A node; one with a way leads there, one without is gone."""
        if not self._fits():
            return
        with st.container(key=f"compare_row_{self.count}", horizontal=True, wrap=False, gap=None):
            st.html(_mark(kind), width="content")
            if way is None:
                gone = "compare-gone" if kind == "removed" else "compare-what"
                st.html(f'<span class="{gone}">{escape(node)}</span>', width="content")
            else:
                st.button(
                    plain(node), key=f"compare_show_{self.count}", type="tertiary", on_click=self.desk.show, args=((*way, node),),
                    width="content",
                )  # fmt: skip
            if what:
                st.html(f'<span class="compare-what">{what}</span>')

    def line(self, kind: str, html: str) -> None:
        """A line of escaped HTML."""
        if self._fits():
            st.html(f'<div class="compare-what">{_mark(kind)} {html}</div>')

    def _fits(self) -> bool:
        self.count += 1
        return self.count <= MOST_ROWS

    def end(self) -> None:
        """Says how many lines were left out."""
        if self.count > MOST_ROWS:
            st.caption(t("compare_more", n=self.count - MOST_ROWS))


def _mark(kind: str) -> str:
    return f'<i class="compare-mark {kind}" style="font-style:normal">{MARKS[kind]}</i>'

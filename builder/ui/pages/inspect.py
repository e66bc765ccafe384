"""The Inspect page: a model, a sample, a node, a view. Which views there are is for ``builder.inspect`` to say."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import (
    address,
    app_shell,
    compared_runs,
    computing,
    export_panel,
    frame,
    looking,
    numbers,
    picker,
    run_html,
    run_store,
    sample_panel,
    session,
    times,
    view_download,
    view_points,
)  # fmt: skip
from builder.ui.checking import checked
from builder.ui.desk import Desk
from builder.ui.looking import Source
from builder.ui.markdown import plain
from builder.ui.run_store import Summary
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

if TYPE_CHECKING:
    from builder.inspect import Option, Sample, ViewSpec

PARAMETER = "run"
UNTRAINED = ""
MOST_RUNS = 100


@frame.guarded
def page() -> None:
    """Draws the page."""
    desk = session.current()
    with st.container(key="page_inspect"):
        st.fragment(_page, run_every=None if WARMUP.ready else 0.5)(desk, WARMUP.ready)


@frame.guarded
def _page(desk: Desk, was_ready: bool) -> None:
    with st.container(key="inspect_main"):
        with st.container(key="panel_inspect"):
            source = _source(desk)
            if not WARMUP.ready:
                WARMUP.check_failure()
                st.skeleton(height=300)
            elif not was_ready:
                st.rerun()
            sample = _sample(source) if source is not None and WARMUP.ready else None
        with st.container(key="inspect_view"):
            if source is not None and WARMUP.ready:
                _look(source, sample)


# ------------------------------------------------------------------ which model


def _source(desk: Desk) -> Source | None:
    """The model that was chosen; None, with a word on it, where it cannot be looked into."""
    asked = st.session_state.pop("inspect_run", None) or st.query_params.get(PARAMETER)
    runs = {s.name: s for s in run_store.every()[:MOST_RUNS] if s.run.checkpoint() is not None}
    runs = compared_runs.of_address(asked or st.session_state.get("inspect_source")) | runs
    if "inspect_source" not in st.session_state or asked is not None:
        mine = next((s.name for s in run_store.of_graph(desk.graph) if s.name in runs), UNTRAINED)
        st.session_state["inspect_source"] = asked if asked in runs else mine
    if st.session_state["inspect_source"] not in (*runs, UNTRAINED):
        st.session_state["inspect_source"] = UNTRAINED
    st.query_params.pop(PARAMETER, None)
    chosen = st.selectbox(
        t("inspect_model"), (UNTRAINED, *runs), key="inspect_source", format_func=lambda name: _model(name, runs, desk),
        on_change=_keep_source,
    )  # fmt: skip
    if chosen in runs:
        summary = runs[chosen]
        st.query_params[PARAMETER] = chosen
        about = " · ".join(filter(None, (run_html.best(summary, language()), _when(summary))))
        st.html(f'<div class="inspect-about">{run_html.state(summary, language())} {escape(about)}</div>')
        _export(summary.run)
        return looking.of_run(summary.run)
    st.html(f'<div class="inspect-about">{escape(t("inspect_untrained_hint"))}</div>')
    known = checked(desk).report
    if known is not None and not (known.ok and known.nodes):
        st.warning(t("inspect_problems", n=len(known.problems)) if known.problems else t("empty_hint"))
        if st.button(t("to_build"), key="inspect_to_build", icon=":material/account_tree:"):
            app_shell.open_page("build")
        return None
    _export(desk.graph)
    return looking.of_graph(desk.graph)


def _keep_source() -> None:
    """Writes the choice into the address, which would else speak for the one before."""
    address.keep(**{PARAMETER: st.session_state["inspect_source"]})


def _model(name: str, runs: dict[str, Summary], desk: Desk) -> str:
    if name == UNTRAINED:
        return t("inspect_untrained", title=desk.titled(language()) or t("untitled"))
    return f"{runs[name].title(language())} · {_when(runs[name])}"


def _when(summary: Summary) -> str:
    return times.moment(summary.created, language())


def _export(source: Any) -> None:
    if st.button(t("export"), key="inspect_export", icon=":material/download:", width="stretch"):
        export_panel.open_dialog(source)


def _sample(source: Source) -> Sample | None:
    try:
        return sample_panel.draw(source)
    except Exception as error:  # a broken checkpoint, missing data, an unreadable upload
        if not hasattr(error, "message_zh"):
            raise
        st.error(plain(frame.said(error)))
        return None


# ------------------------------------------------------------------ which view


def _look(source: Source, sample: Sample | None) -> None:
    from builder.inspect import notice, options, views

    found = {view.id: view for view in views(looking.inspector(source))}
    with st.container(key="inspect_head", horizontal=True, horizontal_alignment="distribute"):
        topic = _topic(found)
        saving = st.container(key="inspect_save", width="content")
    view = _view(found, topic)
    if view.needs_sample and sample is None:
        frame.empty("image_search", t("inspect_no_sample"), t("inspect_no_sample_hint"))
        return
    shown = sample if view.needs_sample else None
    try:
        with st.container(key="inspect_choices", horizontal=True, vertical_alignment="bottom", gap="small"):
            node = _node(source, view)
            chosen = _options(options(looking.inspector(source), view.id, node, shown), view)
        with computing.shown():
            drawn, data = looking.figure(source, view.id, node, shown, chosen, language())
    except Exception as error:
        if not hasattr(error, "message_zh"):
            raise
        st.error(plain(frame.said(error)))
        return
    with saving:
        view_download.draw(source, view.id, node, shown, chosen, drawn)
    split, strip = view_points.strip(source, view.id, data)
    if warned := notice(data, language()):
        st.warning(plain(warned), icon=":material/science:")
    with st.container(key="panel_figure"):
        if any("picture" in item for item in strip):  # the figure would show the same pictures
            st.html(f'<div class="strip-title">{escape(view_points.invitation(view.id, data))}</div>')
        else:
            view_points.show(source, view.id, drawn, data, chosen)
            if strip:
                frame.section(view_points.invitation(view.id, data))
        if strip:
            picker.show(strip, f"{view.id}_strip", lambda index: _open(view.id, split, index), large=True)
    _about(view)


def _compiles(chosen: dict[str, Any]) -> bool:
    """Whether something is about to be compiled, once for each start of the app."""
    return chosen.get("method") == "umap" and "umap.umap_" not in sys.modules


def _topic(found: dict[str, ViewSpec]) -> str:
    """The topic that was chosen."""
    topics = {view.topic.id: view.topic for view in found.values()}
    last = st.session_state.get("inspect_kept_topic")
    if st.session_state.get("inspect_topic") not in topics:
        st.session_state["inspect_topic"] = last if last in topics else next(iter(topics))
    topic = st.segmented_control(
        t("inspect_topic"), tuple(topics), key="inspect_topic", required=True, label_visibility="collapsed",
        format_func=lambda id: topics[id].label(language()),
    )  # fmt: skip
    topic = st.session_state["inspect_kept_topic"] = topic or next(iter(topics))
    return topic


def _view(found: dict[str, ViewSpec], topic: str) -> ViewSpec:
    """The view of a topic that was chosen. Each topic keeps the view that it was left with."""
    kept: dict[str, str] = st.session_state.setdefault("inspect_kept_views", {})
    ids = [view.id for view in found.values() if view.topic.id == topic]
    if st.session_state.get("inspect_pick") not in ids:
        st.session_state["inspect_pick"] = kept[topic] if kept.get(topic) in ids else ids[0]
    name = st.pills(
        t("inspect_view"), ids, key="inspect_pick", required=True, label_visibility="collapsed",
        format_func=lambda id: plain(found[id].label(language())),
    )  # fmt: skip
    kept[topic] = name or ids[0]
    return found[kept[topic]]


def _node(source: Source, view: ViewSpec) -> str:
    """The node to look at. One that was chosen stays from view to view as far as they have it."""
    if not view.nodes:
        return ""
    key = f"inspect_node_{view.id}"
    wanted = st.session_state.get("inspect_node")
    if st.session_state.get(key) not in view.nodes:
        st.session_state[key] = wanted if wanted in view.nodes else view.node
    node = st.selectbox(
        t("inspect_node"), view.nodes, key=key, width=360, format_func=lambda path: _named(source, path),
        on_change=_keep_node, args=(key,),
    )  # fmt: skip
    if len(view.nodes) > 1:
        place = view.nodes.index(node)
        for name, icon, by in (("node_previous", "chevron_left", -1), ("node_next", "chevron_right", 1)):
            st.button(
                "",
                key=name,
                icon=f":material/{icon}:",
                help=t(name),
                disabled=not 0 <= place + by < len(view.nodes),
                on_click=_step,
                args=(key, view.nodes, by),
            )
    return node


def _step(key: str, nodes: tuple[str, ...], by: int) -> None:
    st.session_state[key] = nodes[min(max(nodes.index(st.session_state[key]) + by, 0), len(nodes) - 1)]
    _keep_node(key)


def _keep_node(key: str) -> None:
    st.session_state["inspect_node"] = st.session_state[key]


def _named(source: Source, path: str) -> str:
    """A node with its component and the shape of its first output."""
    compiled = looking.inspector(source).compiled
    node, reported = compiled.flat.find(path), compiled.report.nodes.get(path)
    if node is None:
        return path
    label = node.component.name_zh if language() == "zh" else node.component.name
    spec = next(iter(reported.outputs.values()), None) if reported else None
    shape = f"  {numbers.shape(spec.shape)}" if spec is not None else ""
    return f"{path} · {label}{shape}"


def _options(found: list[Option], view: ViewSpec) -> dict[str, Any]:
    """A widget for each option of the view; the values chosen. They stay while the view is not shown."""
    kept: dict[str, Any] = st.session_state.setdefault("inspect_kept_options", {})
    chosen: dict[str, Any] = {}
    for option in found:
        key = f"inspect_opt_{view.id}_{option.name}"
        label = plain(option.text(language()))
        present = st.session_state.get(key, kept.get(key, option.default))
        if option.kind == "choice":
            texts = {choice.value: choice.text(language()) for choice in option.choices}
            st.session_state[key] = present if present in texts else option.default
            chosen[option.name] = st.selectbox(label, list(texts), key=key, width=160, format_func=texts.__getitem__)
        else:
            st.session_state[key] = min(max(int(present), option.low), option.high)
            number = st.number_input(label, min_value=option.low, max_value=option.high, step=1, key=key, width=140)
            chosen[option.name] = int(number)
        kept[key] = chosen[option.name]
    return chosen


def _about(view: ViewSpec) -> None:
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(said)}</dd></div>" for name, said in view.about(language()).items()
    )
    st.html(f'<dl class="inspect-words">{cells}</dl>')


def _open(view: str, split: str, index: int) -> None:
    """Goes to a sample: from its mistake to its prediction, from a neighbour to the neighbours of that one."""
    sample_panel.go_to(split, index)
    if view == "mistakes":
        st.session_state["inspect_topic"], st.session_state["inspect_pick"] = "answer", "prediction"

"""The Train page: settings and data of the graph on the desk, and its run. Training is a process of its own."""

from __future__ import annotations

from html import escape

import streamlit as st

from builder.graph import Graph, GraphError, edit
from builder.train import Run, TrainError
from builder.ui import app_shell, data_panel, files, frame, numbers, rate_dialog, run_store, run_view, session, times
from builder.ui.checking import Checked, checked
from builder.ui.desk import Desk
from builder.ui.form.common import DEFAULT_BATCH
from builder.ui.markdown import plain
from builder.ui.run_store import Summary
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

PARAMETER = "run"
EPOCHS, SEED = 20, 0  # what holds where the graph says nothing


@frame.guarded
def page() -> None:
    """Draws the page."""
    desk = session.current()
    mine = run_store.of_graph(desk.graph)
    run = _run(desk, mine)
    with st.container(key="page_train"), st.container(key="train_main"):
        with st.container(key="panel_setup"):
            st.fragment(_setup, run_every=None if WARMUP.ready else 0.5)(desk, WARMUP.ready)
        with st.container(key="train_view"):
            _view(desk, run, mine)
    session.keep(desk)


def _run(desk: Desk, mine: list[Summary]) -> Run | None:
    """The run to show: the one in the address, the one last shown at this desk, or the latest one of this graph."""
    last = st.session_state.get("run")
    for name in (st.query_params.get(PARAMETER), last[1] if last and last[0] == desk.id else None):
        found = run_store.find(name)
        if found is not None:
            _choose(desk, found)
            return found
    st.query_params.pop(PARAMETER, None)
    return mine[0].run if mine else None


def _choose(desk: Desk, run: Run) -> None:
    st.session_state["run"] = (desk.id, run.name)
    if st.query_params.get(PARAMETER) != run.name:
        st.query_params[PARAMETER] = run.name


# ------------------------------------------------------------------ settings


@frame.guarded
def _setup(desk: Desk, was_ready: bool) -> None:
    title = desk.titled(language()) or desk.file or t("untitled")
    st.html(f'<div class="setup-title"><span>{escape(t("setup_graph"))}</span><h2>{escape(title)}</h2></div>')
    if not was_ready and WARMUP.ready:
        st.rerun()
    WARMUP.check_failure()
    known = checked(desk)
    _state(known)
    left, right = st.columns(2)
    with left:
        _number(desk, "epochs", EPOCHS, 1, 1_000_000)
    with right:
        _number(desk, "seed", SEED, 0, 2**31 - 1)
    for node in data_panel.data_nodes(desk):
        _batch_size(desk, node)
    rate_dialog.entry(desk, known)
    _health(desk)
    if st.button(
        t("start"),
        key="start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not known.trains,
        help=None if known.trains else t("start_not_ready"),
    ):
        _start(desk)
    if st.session_state.pop("train_changed", False):
        st.rerun()  # all of the page: the run may belong to another version of the graph now
    shown = st.session_state.get("run", ("", ""))[1]
    others = [s for s in run_store.every() if s.status.alive and s.name != shown]
    for other in others[:3]:
        _other(desk, other)


def _state(known: Checked) -> None:
    report = known.report
    if report is None:
        st.html(f'<div class="setup-state is-waiting"><i></i>{escape(t("check_warming_help"))}</div>')
    elif not report.nodes and not report.problems:
        st.html(f'<div class="setup-state is-waiting"><i></i>{escape(t("empty_hint"))}</div>')
    elif report.ok and not known.trains:
        st.html(f'<div class="setup-state is-waiting"><i></i>{escape(t("check_fits_help"))}</div>')
    elif report.ok:
        facts = escape(t("facts_parameters", n=numbers.short(report.parameters)))
        st.html(f'<div class="setup-state is-ok"><i></i>{escape(t("check_ok"))}<span>{facts}</span></div>')
    else:
        count = len(report.problems)
        label = t("check_problem") if count == 1 else t("check_problems", n=count)
        first = report.problems[0]
        st.html(
            f'<div class="setup-state is-bad"><i></i>{escape(label)}</div>'
            f'<div class="setup-problem"><code>{escape(first.node)}</code>{escape(first.text(language()))}</div>'
        )
        if st.button(t("to_build"), key="to_build_page", icon=":material/account_tree:", width="stretch"):
            app_shell.open_page("build")


def _number(desk: Desk, name: str, default: int, low: int, high: int) -> None:
    """A setting of the run, kept in the graph so that it is saved with it and can be undone."""
    value = desk.graph.training.get(name, default)
    value = min(max(value, low), high) if isinstance(value, int) and not isinstance(value, bool) else default
    key = f"train_{name}"
    st.session_state[key] = value  # at each run: a browser that missed the first one would show the minimum
    st.number_input(
        t(f"train_{name}"),
        min_value=low,
        max_value=high,
        step=1,
        key=key,
        on_change=_set_number,
        args=(desk, name, key),
    )


def _set_number(desk: Desk, name: str, key: str) -> None:
    desk.graph.training[name] = st.session_state[key]
    desk.record(name)
    st.session_state["train_changed"] = True


def _batch_size(desk: Desk, node: str) -> None:
    value = desk.graph.nodes[node]["settings"].get("batch_size")
    value = value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else DEFAULT_BATCH
    key = f"train_batch_{node}"
    st.session_state[key] = value  # at each run: a browser that missed the first one would show the minimum
    label = t("batch_size") if len(data_panel.data_nodes(desk)) == 1 else f"{t('batch_size')} · {plain(node)}"
    st.number_input(
        label, min_value=1, max_value=1_000_000, step=1, key=key, on_change=_set_batch_size, args=(desk, node, key)
    )


def _set_batch_size(desk: Desk, node: str, key: str) -> None:
    value = st.session_state[key]

    def change(_: Graph) -> None:
        edit.set_setting(desk.graph, node, "batch_size", value)

    desk.edit(change, "batch_size")
    st.session_state["train_changed"] = True


def _health(desk: Desk) -> None:
    """Whether runs look at their nodes while they train."""
    st.session_state["train_health"] = desk.graph.training.get("health", True) is not False
    st.toggle(t("train_health"), key="train_health", help=t("train_health_help"), on_change=_set_health, args=(desk,))


def _set_health(desk: Desk) -> None:
    if st.session_state["train_health"]:
        desk.graph.training.pop("health", None)
    else:
        desk.graph.training["health"] = False
    desk.record("health")
    st.session_state["train_changed"] = True


def _start(desk: Desk) -> None:
    try:
        run = run_store.begin(desk.graph)
    except (TrainError, GraphError) as error:
        st.error(plain(frame.said(error)))
        return
    _choose(desk, run)
    st.session_state["train_show"] = "run"
    st.rerun()


def _other(desk: Desk, summary: Summary) -> None:
    label = t("other_run", title=plain(summary.title(language())), share=f"{summary.status.progress:.0%}")
    if st.button(label, key=f"other_{summary.name}", type="tertiary", icon=":material/pending:", width="stretch"):
        _choose(desk, summary.run)
        st.rerun()


# ------------------------------------------------------------------ the run, or the data


def _view(desk: Desk, run: Run | None, mine: list[Summary]) -> None:
    if st.session_state.get("train_show") is None:
        st.session_state["train_show"] = "run" if run is not None else "data"
    with st.container(key="train_bar", horizontal=True, vertical_alignment="center"):
        shown = st.segmented_control(
            t("train_show"),
            ("run", "data"),
            key="train_show",
            format_func=lambda name: t(f"train_show_{name}"),
            label_visibility="collapsed",
            required=True,
            width="content",
        )
        if shown == "run" and run is not None:
            _switch(desk, run, mine)
    if shown == "data":
        data_panel.draw(desk)
    elif run is None:
        frame.empty("show_chart", t("train_none"), t("train_none_hint"))
    else:
        _foreign(run, mine)
        run_view.draw(desk, run)


def _switch(desk: Desk, run: Run, mine: list[Summary]) -> None:
    """Other runs of the same graph."""
    found = mine if any(s.name == run.name for s in mine) else [run_store.summary(run), *mine]
    if len(found) < 2:
        return
    by_name = {s.name: s for s in found}
    names = list(by_name)
    if st.session_state.get("train_switch") != run.name:
        st.session_state["train_switch"] = run.name
    st.selectbox(
        t("train_switch"),
        names,
        key="train_switch",
        label_visibility="collapsed",
        width=320,
        format_func=lambda name: _option(by_name[name]),
        on_change=_switched,
        args=(desk,),
    )


def _switched(desk: Desk) -> None:
    run = run_store.find(st.session_state["train_switch"])
    if run is not None:
        _choose(desk, run)


def _option(summary: Summary) -> str:
    return f"{times.moment(summary.created, language())} · {summary.title(language())} · {t('seed_n', n=summary.seed)}"


def _foreign(run: Run, mine: list[Summary]) -> None:
    """Says that the run trains another graph than the one on the desk."""
    if any(s.name == run.name for s in mine):
        return
    with st.container(key="run_foreign", horizontal=True, vertical_alignment="center"):
        st.markdown(t("run_of_other_graph"), width="content")
        st.button(
            t("open_run_graph"),
            key="open_run_graph",
            type="tertiary",
            icon=":material/open_in_new:",
            on_click=_open_graph,
            args=(run,),
        )


def _open_graph(run: Run) -> None:
    try:
        files.open_graph(run.graph())
    except GraphError as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")

"""A run as it goes: state, progress, what can be done, what went wrong, curves. All of it from the run folder."""

from __future__ import annotations

import time
from html import escape

import streamlit as st

from builder.train import Run, TrainError, kill, resume
from builder.train.plan import fingerprint
from builder.ui import app_shell, chart, files, frame, generated_panel, plots, run_html, run_store, times
from builder.ui.desk import Desk
from builder.ui.facts import plain_path
from builder.ui.markdown import plain
from builder.ui.run_store import Summary
from builder.ui.text import language, t

SECONDS = 1.0  # between two looks at a run that is alive
PATIENCE = 8.0  # seconds after which a worker that was asked to stop may be ended


def draw(desk: Desk, run: Run) -> None:
    """Draws the run; while a worker is at it, it is drawn again every second."""
    alive = run.status().alive
    st.fragment(_view, run_every=SECONDS if alive else None)(desk, run, alive)


@frame.guarded
def _view(desk: Desk, run: Run, was_alive: bool) -> None:
    summary = run_store.summary(run)
    history = run_store.history(run)
    _head(summary)
    _progress(summary)
    _notices(desk, summary)
    if history.steps or history.epochs:
        log = bool(st.session_state.get("log_loss"))
        found = plots.panels(history, summary.status.best, language(), log)
        with st.container(key="run_curves"):
            for panel in (p for p in found if not p.small):
                with st.container(key=f"panel_curve_{panel.key}"):
                    chart.show(panel.figure, f"curve_{run.name}_{panel.key}")
        generated_panel.draw(run)
        with st.container(key="run_instruments"):
            for panel in (p for p in found if p.small):
                with st.container(key=f"panel_curve_{panel.key}"):
                    chart.show(panel.figure, f"curve_{run.name}_{panel.key}")
        st.toggle(t("log_scale"), key="log_loss")
    elif summary.status.alive:
        st.skeleton(height=290)
    _log(summary)
    if summary.status.alive != was_alive:
        st.rerun()


def _head(summary: Summary) -> None:
    run, status = summary.run, summary.status
    with st.container(key="run_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="run-title"><h2>{escape(summary.title(language()))}</h2>{run_html.state(summary, language())}'
            f"<span>{escape(run.name)}</span></div>",
            width="stretch",
        )
        asked = run.requested() if status.alive else None
        if status.state in ("running", "starting") and asked != "stop":
            pausing = asked == "pause"
            st.button(
                t("pausing") if pausing else t("pause"),
                key="pause",
                icon=":material/pause:",
                on_click=run.request,
                args=("pause",),
                disabled=pausing or status.state == "starting",
            )
        if status.state == "paused" and asked != "stop":
            st.button(
                t("resume"),
                key="resume",
                type="primary",
                icon=":material/play_arrow:",
                on_click=run.request,
                args=("resume",),
                disabled=asked == "resume",
            )
        if status.alive:
            stopping = asked == "stop"
            st.button(
                t("stopping") if stopping else t("stop"),
                key="stop",
                icon=":material/stop:",
                on_click=run.request,
                args=("stop",),
                disabled=stopping,
                help=t("stop_help"),
            )
            if stopping and _asked_for(run) > PATIENCE:
                st.button(t("end_now"), key="end_now", on_click=kill, args=(run,), help=t("end_now_help"))
        else:
            _after(summary)


def _asked_for(run: Run) -> float:
    """Seconds since the last request."""
    try:
        return time.time() - run.file("control.json").stat().st_mtime
    except OSError:
        return 0.0


def _after(summary: Summary) -> None:
    """What can be done with a run that is not being trained."""
    run, status = summary.run, summary.status
    if status.state in ("stopped", "crashed", "failed", "unknown"):
        st.button(
            t("resume"), key="resume", type="primary", icon=":material/play_arrow:", on_click=_resume, args=(run,)
        )
    elif status.state == "finished" and not summary.ended_early:
        with st.popover(t("train_longer"), key="longer_menu", icon=":material/more_time:"):
            st.number_input(
                t("more_epochs"), min_value=1, max_value=100_000, value=max(status.epochs, 1), key="longer_epochs"
            )
            st.button(t("go_on"), key="longer", type="primary", on_click=_longer, args=(run, status.epochs))
    if run.checkpoint() is not None and st.button(
        t("runs_open_inspect"), key="to_inspect", icon=":material/search_insights:"
    ):
        st.session_state["inspect_run"] = run.name
        app_shell.open_page("inspect")


def _longer(run: Run, epochs: int) -> None:
    _resume(run, epochs + int(st.session_state["longer_epochs"]))


def _resume(run: Run, epochs: int | None = None) -> None:
    try:
        resume(run, epochs)
    except TrainError as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")


def _progress(summary: Summary) -> None:
    status = summary.status
    words = [t("epoch_of", n=min(status.epoch + (status.state == "running"), status.epochs), of=status.epochs)]
    if status.state == "starting":
        words = [(status.activity_zh if language() == "zh" else status.activity) or t("starting_process")]
    words.append(times.duration(status.seconds, language()))
    if status.eta is not None and status.alive:
        words.append(t("time_left", time=times.duration(status.eta, language())))
    if status.best is not None:
        found = f"{status.best.name} {status.best.value:.4g}"
        words.append(t("best_so_far", value=found, n=status.best.epoch))
    share = status.progress
    st.html(
        f'<div class="run-progress is-{escape(status.state)}" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><div style="width:{share * 100:.2f}%"></div></div>'
        f'<div class="run-words">{"".join(f"<span>{escape(word)}</span>" for word in words)}</div>'
    )


def _notices(desk: Desk, summary: Summary) -> None:
    status = summary.status
    if summary.ended_early:
        st.info(t("ended_early", n=status.epoch, of=status.epochs), icon=":material/flag:")
    if not status.error:
        return
    node = status.error.get("node") or ""
    message = status.error.get("message_zh" if language() == "zh" else "message") or ""
    with st.container(key="run_error"):
        st.error((f"**{plain(node)}**  " if node else "") + plain(message), icon=":material/error:")
        if node:
            st.button(
                t("show_on_build", node=plain(node)),
                key="show_error",
                icon=":material/my_location:",
                on_click=_show,
                args=(desk, summary.run, node),
            )
            if st.session_state.pop("to_build", False):
                app_shell.open_page("build")


def _show(desk: Desk, run: Run, node: str) -> None:
    """Goes to the node on the Build page; where another graph lies on the desk, the run's graph takes a new one."""
    graph = run.graph()
    if fingerprint(graph) != fingerprint(desk.graph):
        files.open_graph(graph)
        desk = st.session_state["desk"]
    desk.show(plain_path(node))
    st.session_state["to_build"] = True


def _log(summary: Summary) -> None:
    found = summary.run.log(200)
    if found and not summary.status.alive:
        with st.expander(t("worker_log"), key="run_log"):
            st.code(found, language=None, height=260)

"""The Runs page: all trainings. What is chosen is shown, compared, continued, renamed, deleted, exported."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from builder.graph import Graph, to_document
from builder.train import TrainError, resume
from builder.ui import (
    address,
    app_shell,
    chart,
    comparison_view,
    export_panel,
    frame,
    generated_panel,
    health_charts,
    plots,
    run_html,
    run_store,
    session,
    significance_panel,
)
from builder.ui.jobs import jobs
from builder.ui.markdown import plain
from builder.ui.run_store import Summary
from builder.ui.text import language, t

VIEWS = ("trainings", "comparisons")
SORTS = ("newest", "best", "title", "longest")
STEP = 25
MOST_CURVES = 4
MOST_COMPARED = len(plots.COLOURS)


@frame.guarded
def page() -> None:
    """Draws the page."""
    session.current()
    address.seed_one("runs_view", "view", VIEWS, VIEWS[0])
    with st.container(key="page_runs"):
        with st.container(key="runs_head", horizontal=True, wrap=False, vertical_alignment="center"):
            about = "runs_about" if st.session_state["runs_view"] == VIEWS[0] else "comparisons_about"
            frame.heading(t("page_runs"), t(about))
            view = st.segmented_control(
                t("runs_views"), VIEWS, format_func=lambda name: t(f"runs_view_{name}"), key="runs_view",
                label_visibility="collapsed", required=True, on_change=_switch,
            )  # fmt: skip
        address.keep(view="" if view == VIEWS[0] else view or "")
        if view == "comparisons":
            comparison_view.draw()
            return
        found = run_store.every()
        live = _live(found)
        st.fragment(_body, run_every=2.0 if live else None)(live)


def _switch() -> None:
    """The address of one list says nothing of the other."""
    address.keep(comparison="")


@frame.guarded
def _body(was_live: bool) -> None:
    found = run_store.every()
    _deleted()
    if not found:
        frame.empty("history", t("runs_none"), t("runs_none_hint"))
        if st.button(t("runs_to_train"), key="runs_to_train", type="primary"):
            app_shell.open_page("train")
        return
    shown = _filtered(found)
    with st.container(key="runs_main"):
        with st.container(key="panel_runs_list"):
            chosen = _list(shown)
        if chosen:
            with st.container(key="panel_runs_detail"):
                _one(chosen[0]) if len(chosen) == 1 else _several(chosen[:MOST_COMPARED])
    if _live(found) != was_live:
        st.rerun()


def _live(found: list[Summary]) -> bool:
    """Whether anything on the page goes on."""
    evaluated = any(jobs().running(_job(s)) for s in found)
    return evaluated or significance_panel.going() or any(s.status.alive for s in found)


def _pick_key(summary: Summary) -> str:
    return f"run_pick_{summary.name}"


def _job(summary: Summary) -> str:
    return f"evaluate {summary.run.path}"


# ------------------------------------------------------------------ the list


def _filtered(found: list[Summary]) -> list[Summary]:
    with st.container(key="runs_filters", horizontal=True, vertical_alignment="center"):
        query = st.text_input(
            t("runs_search"),
            key="runs_search",
            placeholder=t("runs_search"),
            label_visibility="collapsed",
            icon=":material/search:",
            width=260,
        )
        sort = st.selectbox(
            t("runs_sort"),
            SORTS,
            key="runs_sort",
            format_func=lambda name: t(f"runs_sort_{name}"),
            label_visibility="collapsed",
            width=190,
        )
    words = query.lower().split()
    shown = [s for s in found if all(w in f"{s.title('en')} {s.title('zh')} {s.name}".lower() for w in words)]
    if sort == "best":
        shown.sort(key=lambda s: (s.title("en"), s.status.best is None, -(s.status.best.value if s.status.best else 0)))
    elif sort == "title":
        shown.sort(key=lambda s: s.title(language()))
    elif sort == "longest":
        shown.sort(key=lambda s: -s.status.seconds)
    return shown


def _clear(chosen: list[Summary]) -> None:
    for summary in chosen:
        st.session_state[_pick_key(summary)] = False


def _list(shown: list[Summary]) -> list[Summary]:
    """Draws the list; the runs that are chosen."""
    if not shown:
        st.caption(t("runs_no_match"))
        return []
    most, chosen = st.session_state.setdefault("runs_most", STEP), []
    st.html(run_html.head(language()))
    for summary in shown[:most]:
        with st.container(key=f"run_row_{summary.name}"):
            if st.checkbox(plain(summary.name), key=_pick_key(summary), label_visibility="collapsed"):
                chosen.append(summary)
            st.html(run_html.row(summary, language()))
    if len(shown) > most:
        st.button(t("runs_more", n=len(shown) - most), key="runs_more", type="tertiary", on_click=_more)
    return chosen


def _more() -> None:
    st.session_state["runs_most"] += STEP


# ------------------------------------------------------------------ one run


def _one(summary: Summary) -> None:
    run, status = summary.run, summary.status
    st.html(
        f'<div class="run-title"><h2>{escape(summary.title(language()))}</h2>{run_html.state(summary, language())}'
        f"<span>{escape(summary.name)}</span></div>"
    )
    if status.error:
        node, message = status.error.get("node"), status.error.get("message_zh" if language() == "zh" else "message")
        st.error((f"**{plain(node)}**  " if node else "") + plain(str(message)))
    with st.container(key="run_actions", horizontal=True, gap="small"):
        if st.button(t("runs_open_train"), key="run_open_train", icon=":material/show_chart:"):
            st.session_state["run"] = (session.current().id, run.name)
            app_shell.open_page("train")
        ready = run.checkpoint() is not None
        help_ = None if ready else t("runs_no_checkpoint")
        if st.button(
            t("runs_open_inspect"),
            key="run_open_inspect",
            icon=":material/search_insights:",
            disabled=not ready,
            help=help_,
        ):
            st.session_state["inspect_run"] = run.name
            app_shell.open_page("inspect")
        if st.button(t("export"), key="run_export", icon=":material/download:", disabled=not ready, help=help_):
            export_panel.open_dialog(run)
        with st.popover(t("runs_rename"), key="run_rename_menu", icon=":material/edit:"):
            st.text_input(
                t("runs_new_name"),
                value=summary.title(language()),
                key=f"run_label_{run.name}",
                max_chars=run_store.MAX_LABEL,
                on_change=_rename,
                args=(summary,),
            )
        if status.state in ("stopped", "crashed", "failed"):
            st.button(t("resume"), key="run_resume", icon=":material/play_arrow:", on_click=_resume, args=(summary,))
        st.button(
            t("delete_run"),
            key="run_delete",
            icon=":material/delete:",
            on_click=_delete,
            args=([summary],),
            disabled=status.alive,
            help=t("runs_stop_first") if status.alive else None,
        )
    facts, curves = st.columns([0.26, 0.74], gap="large")
    with facts:
        st.html(run_html.details(summary, language()))
        _evaluation(summary, ready)
    with curves:
        history = run_store.history(run)
        if not history.epochs and not history.steps:
            st.caption(t("runs_no_curves"))
        else:
            with st.container(key="run_detail_curves"):
                for panel in [p for p in plots.panels(history, status.best, language()) if not p.small][:MOST_CURVES]:
                    chart.show(panel.figure, f"run_curve_{run.name}_{panel.key}")
        generated_panel.draw(run)
        health_charts.draw(run)


def _rename(summary: Summary) -> None:
    run_store.rename(summary.run, st.session_state[f"run_label_{summary.name}"])


def _resume(summary: Summary) -> None:
    try:
        resume(summary.run)
    except TrainError as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")


def _evaluation(summary: Summary, ready: bool) -> None:
    key = _job(summary)
    result = jobs().take(key)
    if result is not None and result.error:
        st.session_state[key] = (result.error, result.error_zh)
    st.html(f'<div class="page-section">{escape(t("runs_evaluation"))}</div>')
    found = run_html.evaluation(summary.run, language())
    if found:
        st.html(found)
    if jobs().running(key):
        st.caption(t("runs_evaluating"))
        return
    if st.session_state.get(key):
        st.error(plain(st.session_state[key][language() == "zh"]))
    if ready and st.button(
        t("runs_evaluate"), key="run_evaluate", icon=":material/fact_check:", help=t("runs_evaluate_help")
    ):
        st.session_state.pop(key, None)
        jobs().start(key, ["evaluate", str(summary.run.path), "--split", "test"])
        st.rerun()


# ------------------------------------------------------------------ several runs


def _several(chosen: list[Summary]) -> None:
    names = _distinct(chosen)
    histories = [run_store.history(s.run) for s in chosen]
    quantities = plots.quantities(histories)
    with st.container(key="runs_compare_bar", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="run-title"><h2>{escape(t("runs_compare", n=len(chosen)))}</h2></div>', width="stretch")
        st.button(t("runs_clear"), key="runs_clear", type="tertiary", on_click=_clear, args=(chosen,))
        st.button(
            t("runs_delete_many", n=len(chosen)),
            key="runs_delete_many",
            type="tertiary",
            icon=":material/delete:",
            on_click=_delete,
            args=(chosen,),
            disabled=any(s.status.alive for s in chosen),
        )
    if quantities:
        with st.container(horizontal=True, vertical_alignment="center"):
            quantity = st.selectbox(
                t("runs_quantity"),
                quantities,
                key="runs_quantity",
                format_func=lambda q: q.label(language()),
                label_visibility="collapsed",
                width=280,
            )
            by_time = st.toggle(t("runs_by_time"), key="runs_by_time")
        runs = [(name, history, s.status.best) for name, history, s in zip(names, histories, chosen, strict=True)]
        chart.show(plots.comparison(runs, quantity or quantities[0], language(), by_time), "runs_comparison")
    else:
        st.caption(t("runs_no_curves"))
    titles = [s.title(language()) for s in chosen]
    significance_panel.draw(
        chosen, {s.name: title if titles.count(title) == 1 else s.name for s, title in zip(chosen, titles, strict=True)}
    )
    rows = differences([run_store.graph_of(s.run) for s in chosen])
    rows = [(t("runs_seed"), [str(s.seed) for s in chosen]), *rows] if len({s.seed for s in chosen}) > 1 else rows
    rows.append((t("runs_best"), [run_html.best(s, language()) for s in chosen]))
    frame.section(t("runs_differences"))
    st.html(_table(names, rows))


def _distinct(chosen: list[Summary]) -> list[str]:
    """Titles; where two are the same, the names of the folders as well."""
    titles = [s.title(language()) for s in chosen]
    return [
        f"{title} · {s.name}" if titles.count(title) > 1 else title for title, s in zip(titles, chosen, strict=True)
    ]


def differences(graphs: list[Graph | None]) -> list[tuple[str, list[str]]]:
    """The settings in which graphs differ, with the value of each: ``("conv1.out_channels", ["6", "12"])``."""
    tables = [_settings(graph) for graph in graphs]
    names = dict.fromkeys(name for table in tables for name in table)
    rows = [(name, [table.get(name, "–") for table in tables]) for name in names]
    return [row for row in rows if len(set(row[1])) > 1]


def _settings(graph: Graph | None) -> dict[str, str]:
    if graph is None:
        return {}
    document = to_document(graph)
    found: dict[str, str] = {f"training.{k}": _shown(v) for k, v in document["training"].items() if k != "seed"}
    for prefix, body in [("", document), *((f"{name}/", block) for name, block in document["blocks"].items())]:
        for node in body["nodes"]:
            found[f"{prefix}{node['id']}"] = node["component"]
            for group in ("params", "settings"):
                for name, value in (node.get(group) or {}).items():
                    found[f"{prefix}{node['id']}.{name}"] = _shown(value)
    return found


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(names: list[str], rows: list[tuple[str, list[str]]]) -> str:
    marks = [f'<i style="background:light-dark({a},{b})"></i>' for a, b in plots.COLOURS]
    heads = "".join(f"<th>{marks[i]}{escape(name)}</th>" for i, name in enumerate(names))
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for name, values in rows
    )
    return f'<div class="page-table"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


# ------------------------------------------------------------------ deleting


def _delete(chosen: list[Summary]) -> None:
    gone = []
    for summary in chosen:
        try:
            run_store.delete(summary.run)
            gone.append((summary.name, summary.title(language())))
        except (TrainError, OSError) as error:
            st.toast(plain(frame.said(error)), icon=":material/error:")
    if gone:
        st.session_state["runs_deleted"] = gone


def _deleted() -> None:
    gone = st.session_state.get("runs_deleted")
    if not gone:
        return
    with st.container(key="runs_deleted", horizontal=True, vertical_alignment="center"):
        said = t("runs_deleted", name=plain(gone[0][1])) if len(gone) == 1 else t("runs_deleted_many", n=len(gone))
        st.markdown(said, width="content")
        st.button(t("runs_undo"), key="runs_undo", type="tertiary", icon=":material/undo:", on_click=_bring_back)
        st.button("", key="runs_forget", type="tertiary", icon=":material/close:", help=t("close"), on_click=_forget)


def _bring_back() -> None:
    for name, _ in st.session_state.pop("runs_deleted", ()):
        run_store.bring_back(name)


def _forget() -> None:
    st.session_state.pop("runs_deleted", None)

"""Comparisons on the Runs page: the list, and one of them as it goes and with what it found."""

from __future__ import annotations

import functools
from html import escape

import streamlit as st

from builder.comparison import Choice, Comparison, go_on
from builder.comparison import figure as picture
from builder.comparison.live import cells, seconds_left
from builder.comparison.variants import applied
from builder.graph import GraphError
from builder.train import TrainError
from builder.train.plan import fingerprint
from builder.ui import (
    address,
    app_shell,
    chart,
    compared_runs,
    comparison_dialog,
    comparison_html,
    comparison_store,
    files,
    frame,
    page_notice,
    plots,
    session,
    times,
)
from builder.ui.comparison_store import Entry
from builder.ui.facts import plain_path
from builder.ui.markdown import plain
from builder.ui.text import language, t, text
from builder.ui.warm import WARMUP

SECONDS = 1.0  # between two looks at a comparison that goes on
CHOSEN = "comparison_chosen"
PARAMETER = "comparison"


@frame.guarded
def draw() -> None:
    """Draws the list, and below it the comparison that is chosen."""
    if CHOSEN not in st.session_state or st.query_params.get(PARAMETER):
        st.session_state[CHOSEN] = st.query_params.get(PARAMETER, st.session_state.get(CHOSEN, ""))
    live = any(each.progress.alive for each in comparison_store.every())
    st.fragment(_body, run_every=SECONDS if live else None)(live)
    page_notice.draw()


@frame.guarded
def _body(was_live: bool) -> None:
    found = comparison_store.every()
    if not found:
        frame.empty("science", t("comparisons_empty"), t("comparisons_empty_hint"))
        return
    chosen = next((each for each in found if each.name == st.session_state[CHOSEN]), found[0])
    with st.container(key="panel_comparisons_list"):
        st.html(comparison_html.list_head(language()))
        for each in found:
            _list_row(each, each.name == chosen.name)
    with st.container(key="panel_comparison"):
        _one(chosen)
    if any(each.progress.alive for each in found) != was_live:
        st.rerun()


def _list_row(entry: Entry, chosen: bool) -> None:
    result = entry.folder.result()
    best = result.ranked[0] if result is not None else None
    said = f"{_label(entry, best.choice)}  {best.mean:.4f}" if best is not None else ""
    with st.container(key=f"comparison_row_{'on' if chosen else 'off'}_{entry.name}"):
        st.html(comparison_html.list_row(entry, said, language()))
        label = t("comparison_open", name=plain(entry.title(language())))
        st.button(label, key=f"comparison_pick_{entry.name}", type="tertiary", on_click=_pick, args=(entry.name,))


def _pick(name: str) -> None:
    st.session_state[CHOSEN] = name
    address.keep(**{PARAMETER: name})


def _label(entry: Entry, choice: str) -> str:
    """A choice as people read it."""
    return comparison_dialog.named(choice, entry.place, WARMUP.wait_for_catalogue(), language())


# ------------------------------------------------------------------ one comparison


def _one(entry: Entry) -> None:
    lang = language()
    with st.container(key="comparison_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="run-title"><h2>{escape(entry.title(lang))}</h2>{comparison_html.state(entry.progress.state, lang)}'
            f"<span>{escape(entry.name)}</span></div>", width="stretch",
        )  # fmt: skip
        _actions(entry)
    error = entry.progress.error
    if entry.error is not None:
        st.error(plain(t("comparison_unreadable", reason=frame.said(entry.error))))
        return
    if error:
        node = error.get("node") or ""
        message = error.get("message_zh" if lang == "zh" else "message") or ""
        st.error((f"**{plain(node)}**  " if node else "") + plain(message), icon=":material/error:")
    result = entry.folder.result()
    if result is None:
        _progress(entry)
    _table(entry, result)
    if result is not None:
        _found(entry, result)


def _actions(entry: Entry) -> None:
    folder, progress = entry.folder, entry.progress
    if progress.alive:
        stopping = folder.asked_to_stop()
        st.button(
            t("stopping") if stopping else t("stop"), key="comparison_stop", icon=":material/stop:", disabled=stopping,
            on_click=folder.ask_to_stop, help=t("stop_help"),
        )  # fmt: skip
    elif progress.state != "finished" and entry.plan is not None:
        st.button(
            t("comparison_go_on"), key="comparison_go_on", type="primary", icon=":material/play_arrow:",
            on_click=_go_on, args=(entry,),
        )  # fmt: skip
    result = folder.result()
    if result is not None:
        st.download_button(
            t("comparison_csv"), data="\ufeff" + result.csv(), file_name=f"{entry.name}.csv", mime="text/csv",
            key="comparison_csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.button(
        t("comparison_open_graph"),
        key="comparison_open_graph",
        icon=":material/account_tree:",
        on_click=_open,
        args=(entry,),
    )
    if st.session_state.pop("comparison_to_build", False):
        app_shell.open_page("build")
    st.button(
        "", key="comparison_delete", icon=":material/delete:", on_click=_delete, args=(entry,), disabled=progress.alive,
        help=t("runs_stop_first") if progress.alive else t("comparison_delete"),
    )  # fmt: skip


def _progress(entry: Entry) -> None:
    """How far it is: from the trainings' own folders, so that it moves within each of them."""
    plan, progress = entry.plan, entry.progress
    if plan is None:
        return
    graph = entry.folder.graph()
    grid = cells(entry.folder, plan, plan.numbers(graph))
    every = [cell for row in grid.values() for cell in row]
    share = sum(1.0 if cell.state in ("finished", "failed") else cell.share for cell in every) / len(every)
    done = sum(cell.state in ("finished", "failed") for cell in every)
    words = [t("comparison_done", n=done, of=len(every))]
    if progress.alive and progress.choice:
        words.append(t("comparison_now", choice=_label(entry, progress.choice), seed=progress.seed))
        left = seconds_left(entry.folder, plan, plan.numbers(graph))
        if left is not None:
            words.append(t("time_left", time=times.duration(left, language())))
    elif progress.state == "starting":
        words.append(t("starting_process"))
    st.html(comparison_html.bar(share, progress.state, words))


def _table(entry: Entry, result: Comparison | None) -> None:
    """The choices: in their order while they are trained, the best first at the end."""
    plan, lang = entry.plan, language()
    if plan is None:
        return
    seeds = result.seeds if result is not None else plan.numbers(entry.folder.graph())
    grid = {choice.name: (choice, row) for choice, row in cells(entry.folder, plan, seeds).items()}
    rows = {row.choice: row for row in result.ranked} if result is not None else {}
    order = [*rows, *(name for name in grid if name not in rows)]
    first = result.rows[0].choice if result is not None else plan.choices[0].name
    with st.container(key="comparison_table"):
        st.html(comparison_html.table_head(seeds, _label(entry, first), lang))
        for name in order:
            choice, found = grid[name] if name in grid else (Choice.parse(name), [])
            with st.container(key=f"comparison_line_{choice.folder}", horizontal=True, wrap=False, gap=None):
                st.html(
                    comparison_html.table_row(_label(entry, name), found, rows.get(name), result, lang), width="stretch"
                )
                st.button(
                    t("comparison_use"), key=f"comparison_use_{choice.folder}", type="tertiary", on_click=_use,
                    args=(entry, choice), help=t("comparison_use_help"),
                )  # fmt: skip
                _inspect(entry, choice, seeds)


def _inspect(entry: Entry, choice: Choice, seeds: tuple[int, ...]) -> None:
    """Opens the first training of a choice that has weights; the Inspect page lists the others."""
    trained = [seed for seed in seeds if entry.folder.run(choice, seed).checkpoint() is not None]
    if st.button(
        "", key=f"comparison_inspect_{choice.folder}", type="tertiary", icon=":material/search_insights:",
        help=t("comparison_inspect_help"), disabled=not trained,
    ):  # fmt: skip
        st.session_state["inspect_run"] = compared_runs.address(entry, choice, trained[0])
        app_shell.open_page("inspect")


def _found(entry: Entry, result: Comparison) -> None:
    lang = language()
    split = text("split_" + result.split, lang) if result.split in ("train", "valid", "test") else result.split
    sense = t("comparison_higher" if result.higher_is_better else "comparison_lower")
    st.caption(plain(t("comparison_note", figure=result.figure, split=split, sense=sense, n=len(result.seeds))))
    for failure in result.failures:
        message = failure.message_zh if lang == "zh" else failure.message
        where = t("comparison_now", choice=_label(entry, failure.choice), seed=failure.seed)
        st.warning(f"**{plain(where)}**  {plain(message)}")
    labels = {row.choice: _label(entry, row.choice) for row in result.rows}
    figure = picture(result, labels, plots.colour(0), plots.MUTED)
    figure["layout"] |= {
        "font": {"family": plots.FONT, "size": 12, "color": plots.INK}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "uirevision": "kept",
    }  # fmt: skip
    figure["layout"]["xaxis"]["gridcolor"] = plots.LINE
    chart.show(figure, f"comparison_plot_{entry.name}")


# ------------------------------------------------------------------ what can be done


def _go_on(entry: Entry) -> None:
    try:
        go_on(entry.folder)
    except (TrainError, GraphError) as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")


def _open(entry: Entry) -> None:
    try:
        files.open_graph(entry.folder.graph())
    except GraphError as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")
    else:
        st.session_state["comparison_to_build"] = True


def _use(entry: Entry, choice: Choice) -> None:
    """Puts a choice in its place on the desk, as one step."""
    WARMUP.wait()
    desk, plan = session.current(), entry.plan
    if plan is None:
        return
    try:
        other = fingerprint(desk.graph) != entry.info.get("fingerprint")
        changed, nodes = applied(desk.graph, plan.nodes, choice, entry.place)
    except GraphError as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")
        return
    desk.replace(changed, "use")
    desk.show(plain_path(nodes[0]))
    key, catalogue = "comparison_used_other" if other else "comparison_used", WARMUP.wait_for_catalogue()
    en, zh = (
        text(key, lang, name=comparison_dialog.named(choice.name, entry.place, catalogue, lang))
        for lang in ("en", "zh")
    )
    desk.tell(en, zh)
    st.session_state["comparison_to_build"] = True


def _delete(entry: Entry) -> None:
    try:
        comparison_store.delete(entry)
    except (TrainError, OSError) as error:
        st.toast(plain(frame.said(error)), icon=":material/error:")
        return
    address.keep(**{PARAMETER: ""})
    en, zh = (text("comparison_deleted", lang, name=entry.title(lang)) for lang in ("en", "zh"))
    page_notice.say(en, zh, functools.partial(comparison_store.bring_back, entry.name))

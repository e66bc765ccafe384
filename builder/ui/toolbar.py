"""The bar's tools of the Build page: file menu, history, state of the check, figures, Export, Train; and the tools over the canvas."""

from __future__ import annotations

from html import escape

import streamlit as st

from builder.ui import analysis_panel, app_shell, commands, export_panel, file_dialogs, file_menu, frame, numbers
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.markdown import plain
from builder.ui.text import language, t


def draw(desk: Desk, known: Checked) -> None:
    """Draws the tools."""
    with st.container(key="tools", horizontal=True, wrap=False, gap=None, vertical_alignment="center"):
        file_menu.draw(desk)
        _title(desk)
        _icon("undo", desk)
        _icon("redo", desk)
        _figures(known)
        _state(desk, known)
        _export(desk, known)
        if st.button(t("train"), key="train", type="primary", icon=":material/play_arrow:", help=t("train_help")):
            app_shell.open_page("train")
    with st.container(key="edit_tools", horizontal=True, wrap=False, gap=None):
        for name in ("duplicate", "delete", "group", "arrange", "table", "compare"):
            _icon(name, desk)
        analysis_panel.colour_menu(desk)
    analysis_panel.legend(desk, known)
    if desk.shown:
        _crumbs(desk)
    file_dialogs.draw(desk)


def _icon(name: str, desk: Desk) -> None:
    command = commands.COMMANDS[name]
    st.button(
        "", key=name, type="tertiary", icon=f":material/{command.icon}:", help=commands.hint(name, language()),
        disabled=not command.possible(desk), on_click=commands.attempt, args=(desk, name),
    )  # fmt: skip


def _title(desk: Desk) -> None:
    title = desk.titled(language()) or desk.file or t("untitled")
    where = f"{desk.file}.json" if desk.file else t("unsaved")
    mark = "<em>•</em>" if desk.dirty else ""
    st.html(
        f'<div class="desk-title" title="{escape(f"{title} · {where}")}">{escape(title)}{mark}</div>', width="content"
    )


def _figures(known: Checked) -> None:
    report = known.report
    if report is None:
        return
    figures = (
        (numbers.short(report.parameters), t("parameters"), t("parameters_help", exact=f"{report.parameters:,}")),
        (numbers.short(report.flops), "FLOPs", t("flops_help", exact=f"{report.flops:,}")),
    )
    spans = "".join(
        f'<span title="{escape(tip)}"><b>{escape(figure)}</b> {escape(unit)}</span>' for figure, unit, tip in figures
    )
    st.html(f'<div class="desk-figures">{spans}</div>', width="content")


def _state(desk: Desk, known: Checked) -> None:
    if known.failure:
        label, icon, kind = t("check_failed"), ":material/error:", "problems"
        help_ = plain(t("check_failed_help", reason=known.failure))
    elif known.report is None:
        label, icon, kind, help_ = t("check_warming"), "spinner", "warming", t("check_warming_help")
    elif not known.report.nodes and not known.report.problems:
        label, icon, kind, help_ = t("check_empty"), ":material/circle:", "empty", t("empty_hint")
    elif known.report.ok and not known.trains:
        label, icon, kind, help_ = t("check_fits"), ":material/check_circle:", "ok", t("check_fits_help")
    elif known.report.ok:
        label, icon, kind, help_ = t("check_ok"), ":material/check_circle:", "ok", t("check_ok_help")
    else:
        count = len(known.report.problems)
        label = t("check_problem") if count == 1 else t("check_problems", n=count)
        unfinished = all(p.code == "unconnected" for p in known.report.problems)
        icon, kind, help_ = ":material/error:", "open" if unfinished else "problems", t("check_problems_help")
    with st.container(key=f"state_{kind}", width="content"):
        st.button(
            label, key="check_state", type="tertiary", icon=icon, help=help_, on_click=_show_problems, args=(desk,)
        )


def _show_problems(desk: Desk) -> None:
    desk.select(())


@frame.guarded
def _export(desk: Desk, known: Checked) -> None:
    """What is exported here is the untrained model; a run's weights are taken from the pages of runs."""
    report = known.report
    whole = report is not None and report.ok and bool(report.nodes)
    help_ = t("build_export_help") if whole or report is None else t("build_export_not_ready")
    if st.button(
        t("export"), key="build_export", type="tertiary", icon=":material/download:", help=help_, disabled=not whole
    ):
        export_panel.open_dialog(desk.graph)


def _crumbs(desk: Desk) -> None:
    with st.container(key="crumbs", horizontal=True, wrap=False, gap=None):
        names = [t("top"), *desk.shown]
        for depth, name in enumerate(names):
            last = depth == len(names) - 1
            st.button(
                plain(name.replace("/", " · ")),
                key=f"crumb_{depth}",
                type="tertiary",
                disabled=last,
                on_click=desk.leave,
                args=(depth,),
            )

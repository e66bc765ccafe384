"""Whether the chosen runs differ: judged in a process of its own, shown as intervals, tests and words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from builder.significance import Findings, Measure, read
from builder.significance.findings import INTERVALS, MEASURES, TESTS, By, chance
from builder.significance.grouping import groups_of
from builder.ui import chart, frame, plots, workspace
from builder.ui.jobs import jobs
from builder.ui.markdown import plain
from builder.ui.run_store import Summary
from builder.ui.text import language, t, text

SPLITS = ("test", "valid")
KEPT = 20  # findings, that which is begun included


def draw(chosen: Sequence[Summary], names: Mapping[str, str]) -> None:
    """Draws the section.

    Args:
        chosen: two runs or more.
        names: what they are called, by the names of their folders.
    """
    frame.section(t("significance"))
    st.caption(t("significance_about"))
    if any(summary.status.alive for summary in chosen):
        st.caption(t("significance_wait"))
        return
    with st.container(key="significance_bar", horizontal=True, vertical_alignment="center", gap="small"):
        split = st.segmented_control(
            t("significance_split"), SPLITS, key="significance_split", default=SPLITS[0], required=True,
            format_func=lambda name: t(f"split_{name}"), label_visibility="collapsed",
        ) or SPLITS[0]  # fmt: skip
        by = _by(chosen)
        path = _file(chosen, split, by)
        job = job_of(path)
        ended = jobs().take(job)
        if ended is not None and ended.error:
            st.session_state[job] = (ended.error, ended.error_zh)
        found = read(path)
        if jobs().running(job):
            st.caption(t("significance_going"))
        else:
            st.button(
                t("significance_start") if found is None else t("significance_again"), key="significance_start",
                icon=":material/balance:", on_click=_start, args=(chosen, split, by, path),
            )  # fmt: skip
    if st.session_state.get(job):
        st.error(plain(st.session_state[job][language() == "zh"]))
    if found is not None:
        _show(found, names)


def going() -> bool:
    """Whether a comparison that was started here still goes on."""
    return jobs().running(st.session_state.get("significance_job", ""))


def job_of(path: Path) -> str:
    return f"significance {path}"


def _by(chosen: Sequence[Summary]) -> By:
    """Run by run, or over seeds where the choice allows it."""
    try:
        several = len(groups_of([s.run for s in chosen], "seeds")) > 1
    except ValueError:  # they are no groups, or a graph cannot be read: run by run says so
        several = False
    if not several:
        return "runs"
    options: tuple[By, ...] = ("seeds", "runs")
    return st.segmented_control(
        t("significance_by"), options, key="significance_by", default="seeds", required=True,
        format_func=lambda name: t(f"significance_by_{name}"), label_visibility="collapsed",
    ) or "seeds"  # fmt: skip


def _file(chosen: Sequence[Summary], split: str, by: By) -> Path:
    """Where the findings on these weights lie."""
    parts = []
    for summary in chosen:
        checkpoint = summary.run.checkpoint()
        parts.append(f"{summary.name} {checkpoint.stat().st_mtime_ns if checkpoint else 0}")
    told = hashlib.sha256("\n".join([*parts, split, by]).encode()).hexdigest()[:24]
    return workspace.root() / "significance" / f"{told}.json"


def _start(chosen: Sequence[Summary], split: str, by: By, path: Path) -> None:
    job = job_of(path)
    st.session_state.pop(job, None)
    st.session_state["significance_job"] = job
    if path.parent.is_dir():
        workspace.keep_latest(path.parent, KEPT - 1)
    runs = [str(summary.run.path) for summary in chosen]
    jobs().start(job, ["significance", *runs, "--split", split, "--by", by, "--out", str(path)])


# ------------------------------------------------------------------ what was found


def _show(found: Findings, names: Mapping[str, str]) -> None:
    lang = language()
    for measure in found.measures:
        what = MEASURES[measure.name][lang == "zh"]
        interval = INTERVALS[measure.interval][lang == "zh"]
        split = text("split_" + found.split, lang)
        note = t("significance_note", split=split, n=f"{found.samples:,}", interval=interval)
        st.html(
            f'<div class="significance-head"><strong>{escape(what)}</strong><span>{escape(note)}</span></div>'
            f'<div class="significance-tables">{sides_table(measure, names, lang)}{pairs_table(measure, names, lang)}</div>'
        )
        chart.show(picture(measure, names), f"significance_{measure.name}")
    words = "".join(f"<li>{escape(sentence)}</li>" for sentence in found.words(lang, dict(names)))
    st.html(f'<ul class="significance-words">{words}</ul>')


def sides_table(measure: Measure, names: Mapping[str, str], lang: str) -> str:
    """Each side with its interval."""
    rows = ""
    for index, side in enumerate(measure.sides):
        light, dark = plots.COLOURS[index % len(plots.COLOURS)]
        count = text("significance_seeds", lang, n=len(side.runs)) if len(side.runs) > 1 else ""
        rows += (
            f'<tr><th><i style="background:light-dark({light},{dark})"></i>{escape(names.get(side.name, side.name))} '
            f"<small>{escape(count)}</small></th><td>{side.mean:.4f}</td><td>{side.low:.4f} – {side.high:.4f}</td></tr>"
        )
    heads = (text("significance_side", lang), MEASURES[measure.name][lang == "zh"], text("significance_interval", lang))
    return _table(heads, rows)


def pairs_table(measure: Measure, names: Mapping[str, str], lang: str) -> str:
    """Each pair with its difference and its test; where one is better, it is marked."""
    rows = ""
    for pair in measure.pairs:
        one, two = (measure.sides[i] for i in (pair.first, pair.second))
        better = measure.better(pair)
        cells = [
            f"{escape(names.get(side.name, side.name))}{' ▲' if side is better else ''}" for side in (one, two)
        ]  # fmt: skip
        ends = "" if pair.low is None or pair.high is None else f" <small>[{pair.low:+.4f}, {pair.high:+.4f}]</small>"
        test = f"{TESTS[pair.test][lang == 'zh']}, {chance(pair.p)}"
        test += f" ({pair.only[0]} : {pair.only[1]})" if pair.only else ""
        if len(measure.pairs) > 1:
            test += "; " + text("significance_corrected", lang, p=chance(pair.adjusted))
        mark = "is-shown" if pair.shown else "is-open"
        rows += f'<tr class="{mark}"><th>{cells[0]} – {cells[1]}</th><td>{pair.difference:+.4f}{ends}</td><td>{escape(test)}</td></tr>'
    heads = [text(f"significance_{key}", lang) for key in ("pair", "difference", "test")]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f'<div class="page-table significance-table"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def picture(measure: Measure, names: Mapping[str, str]) -> dict[str, Any]:
    """The sides with their intervals, and each run of several as a dot."""
    called = [escape(names.get(side.name, side.name), quote=False) for side in measure.sides]
    data: list[dict[str, Any]] = []
    for index, (name, side) in enumerate(zip(called, measure.sides, strict=True)):
        ink = plots.colour(index)
        if len(side.values) > 1:
            data.append(
                {
                    "type": "scatter", "mode": "markers", "x": list(side.values), "y": [name] * len(side.values),
                    "marker": {"color": ink, "size": 7, "opacity": 0.4}, "hovertemplate": "%{x:.4f}<extra></extra>",
                }
            )  # fmt: skip
        ends = {
            "type": "data",
            "symmetric": False,
            "array": [side.high - side.mean],
            "arrayminus": [side.mean - side.low],
        }
        data.append(
            {
                "type": "scatter", "mode": "markers", "x": [side.mean], "y": [name], "marker": {"color": ink, "size": 10},
                "error_x": ends | {"color": ink, "thickness": 2, "width": 5}, "hovertemplate": "%{x:.4f}<extra></extra>",
            }
        )  # fmt: skip
    layout = {
        "template": "none", "height": 76 + 36 * len(called), "margin": {"l": 20, "r": 20, "t": 8, "b": 34}, "showlegend": False,
        "font": {"family": plots.FONT, "size": 12, "color": plots.INK}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "xaxis": {"gridcolor": plots.LINE, "zeroline": False},
        "yaxis": {"type": "category", "showgrid": False, "showline": False, "categoryorder": "array", "categoryarray": called[::-1], "automargin": True},
    }  # fmt: skip
    return {"data": data, "layout": layout}

"""The dialog that searches for a learning rate: in a process of its own, with a live plot, and the rate taken over at the end."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from builder.graph import Graph, GraphError, dumps, edit, write_atomic
from builder.train.rate_search import HIGH, LOW, STEPS, RateSearch, figure, key_of, read
from builder.ui import chart, frame, plots, workspace
from builder.ui.checking import Checked
from builder.ui.desk import Desk
from builder.ui.jobs import jobs
from builder.ui.markdown import plain
from builder.ui.text import language, t, text
from builder.ui.warm import WARMUP

SECONDS = 0.5  # between two looks at the search
KEPT = 20  # searches, those of other graphs included


def entry(desk: Desk, known: Checked) -> None:
    """The button that opens the dialog, where the graph can be trained."""
    if st.button(
        t("rate_find"), key="rate_find", icon=":material/search:", width="stretch", type="tertiary",
        disabled=not known.trains, help=t("rate_find_help") if known.trains else t("start_not_ready"),
    ):  # fmt: skip
        st.dialog(t("rate_find"), width="large")(_dialog)(desk)


def optimizers(graph: Graph) -> list[str]:
    """The optimizer nodes of the graph (not of its blocks), in their order."""
    catalogue = WARMUP.wait_for_catalogue()
    return [n for n, d in graph.nodes(data=True) if (e := catalogue.get(d["component"])) and e.kind == "optimizer"]


@frame.guarded
def _dialog(desk: Desk) -> None:
    st.caption(t("rate_about"))
    nodes = optimizers(desk.graph)
    node = nodes[0] if nodes else ""
    if len(nodes) > 1:
        node = st.selectbox(t("rate_optimizer"), nodes, key="rate_optimizer") or node
    if node:
        st.fragment(_search, run_every=SECONDS)(desk, node)  # always: a rerun of all of the page would close the dialog


@frame.guarded
def _search(desk: Desk, node: str) -> None:
    job, path = _job(desk, node), _file(desk, node)
    if (ended := jobs().take(job)) is not None and ended.error:
        st.session_state[job] = (ended.error, ended.error_zh)
    going = jobs().running(job)
    bounds = _bounds(going)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        found = read(path)
        if going:
            st.button(t("rate_cancel"), key="rate_cancel", icon=":material/stop:", on_click=jobs().stop, args=(job,))
        else:
            st.button(
                t("rate_start") if found is None else t("rate_again"), key="rate_start", icon=":material/play_arrow:",
                type="primary" if found is None else "secondary", disabled=bounds is None, on_click=_start,
                args=(desk, node, bounds),
            )  # fmt: skip
        st.caption(_word(found, going))
    if error := st.session_state.get(job):
        st.error(plain(error[language() == "zh"]))
    if found is not None and len(found.rates) > 1:
        _show(desk, node, found, going)


def _bounds(going: bool) -> tuple[float, float, int] | None:
    """The first and the last rate and the steps; None where they are not in order."""
    left, middle, right = st.columns(3)
    low = left.number_input(t("rate_low"), min_value=0.0, value=LOW, format="%.1e", key="rate_low", disabled=going)
    high = middle.number_input(t("rate_high"), min_value=0.0, value=HIGH, format="%g", key="rate_high", disabled=going)
    steps = right.number_input(t("rate_steps"), 20, 2000, value=STEPS, key="rate_steps", disabled=going)
    if not 0 < low < high:
        st.error(t("rate_bounds", low=f"{low:g}", high=f"{high:g}"))
        return None
    return low, high, int(steps)


def _word(found: RateSearch | None, going: bool) -> str:
    """How it stands, in a line."""
    if found is None or not found.rates:
        return t("rate_starting") if going else ""
    rate = f"{found.rates[-1]:.2g}"
    if going:
        return t("rate_going", n=len(found.rates), of=found.steps, rate=rate)
    if found.state != "finished":
        return t("rate_cut_short")
    return t("rate_diverged", rate=rate) if found.diverged else t("rate_whole", rate=rate)


def _show(desk: Desk, node: str, found: RateSearch, going: bool) -> None:
    drawn = figure(found, (t("loss"), t("rate_smoothed"), t("learning_rate"), t("rate_present")))
    drawn["layout"] |= {
        "font": {"family": plots.FONT, "size": 12, "color": plots.INK}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "uirevision": "kept",
    }  # fmt: skip
    drawn["layout"]["xaxis"]["gridcolor"] = drawn["layout"]["yaxis"]["gridcolor"] = plots.LINE
    drawn["data"][1]["line"]["color"] = plots.colour(0)
    chart.show(drawn, "rate_plot")
    if going:
        return
    if found.steepest is None or found.tenth is None:
        st.info(t("rate_none"))
        return
    with st.container(horizontal=True, gap="small"):
        for name, rate in (("steepest", found.steepest), ("tenth", found.tenth)):
            rounded = float(f"{rate:.2g}")
            if st.button(t(f"rate_use_{name}", rate=f"{rounded:g}"), key=f"rate_use_{name}", icon=":material/check:"):
                _use(desk, node, rounded)


def _use(desk: Desk, node: str, rate: float) -> None:
    """Writes the rate into the optimizer, as a step that can be undone."""

    def change(_: Graph) -> None:
        edit.set_param(desk.graph, node, "lr", rate)

    desk.edit(change, "lr")
    en, zh = (text("rate_used", lang, node=plain(node), rate=f"{rate:g}") for lang in ("en", "zh"))
    desk.tell(en, zh)
    st.toast(zh if language() == "zh" else en, icon=":material/check:")
    st.session_state["train_changed"] = True
    st.rerun()


# ------------------------------------------------------------------ the process


def _job(desk: Desk, node: str) -> str:
    return f"find-rate {_file(desk, node)}"


def _file(desk: Desk, node: str) -> Path:
    """Where the search for this graph lies, whatever its present rate."""
    return workspace.root() / "rates" / f"{key_of(desk.graph, node)}.json"


def _start(desk: Desk, node: str, bounds: tuple[float, float, int]) -> None:
    path, (low, high, steps) = _file(desk, node), bounds
    job = _job(desk, node)
    st.session_state.pop(job, None)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        write_atomic(path.with_suffix(".graph.json"), dumps(desk.graph))
        workspace.keep_latest(path.parent, KEPT)
    except GraphError as error:
        st.session_state[job] = (error.message, error.message_zh)
        return
    except OSError as error:
        st.session_state[job] = tuple(
            text("rate_unwritten", lang, reason=error.strerror or error) for lang in ("en", "zh")
        )
        return
    options = {"out": path, "optimizer": node, "low": low, "high": high, "steps": steps}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    jobs().start(job, ["find-rate", str(path.with_suffix(".graph.json")), *arguments])

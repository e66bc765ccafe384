"""The comparison of chosen runs on the Runs page."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder.significance import Findings, Measure, Pair, Side
from builder.significance.findings import write
from builder.train import train
from builder.train.run import Status
from builder.ui import run_store, significance_panel
from builder.ui.jobs import jobs
from builder.ui.text import TEXTS
from tests.train.graphs import classifier
from tests.ui.pages import component, open_page, run, said
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def choose(app: AppTest, *names: str) -> AppTest:
    for name in names:
        app.checkbox(key=f"run_pick_{name}").check()
    return run(app)


def findings(p: float) -> Findings:
    sides = tuple(Side(name, (name,), (v,), v, v - 0.05, v + 0.05) for name, v in (("one", 0.8), ("<b>two", 0.9)))
    pair = Pair(0, 1, -0.1, -0.15, -0.05, p, p, "mcnemar", (4, 19))
    return Findings("test", 200, "runs", (Measure("accuracy", True, "wilson", sides, (pair,)),))


def test_what_was_found_is_shown_with_intervals_a_test_and_words() -> None:
    for name in ("one", "two"):
        fake_run(name)
    chosen = [run_store.summary(found) for name in ("two", "one") if (found := run_store.find(name))]
    write(significance_panel._file(chosen, "test", "runs"), findings(0.003))
    app = choose(open_page("runs"), "one", "two")
    text = said(app)
    assert "0.8000" in text and "0.7500 – 0.8500" in text and "McNemar, p = 0.003 (4 : 19)" in text
    assert "is better than" in text and "not of their graphs" in text and "<b>two" not in text
    assert component(app, "significance_accuracy")
    assert app.button(key="significance_start").label == "Test again"


def test_a_pair_without_a_difference_is_not_marked() -> None:
    measure = findings(0.4).measures[0]
    table = significance_panel.pairs_table(measure, {}, "zh")
    assert "▲" not in table and "is-open" in table and "&lt;b&gt;two" in table and "检验" in table
    assert "▲" in significance_panel.pairs_table(findings(0.01).measures[0], {}, "en")


def test_runs_that_go_on_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        fake_run(name)
    monkeypatch.setattr(Status, "alive", True)
    assert "still being trained" in said(choose(open_page("runs"), "one", "two"))


def test_seeds_are_offered_where_each_graph_has_several() -> None:
    graphs = [classifier(), classifier(optimizer=("opt_sgd", {"lr": 0.3}))]
    for number, graph in enumerate(graphs):
        for seed in (0, 1):
            fake_run(f"r{number}{seed}", graph=graph, seed=seed)
    app = choose(open_page("runs"), "r00", "r01", "r10")
    assert "significance_by" not in app.session_state
    assert choose(app, "r11").session_state["significance_by"] == "seeds"


@pytest.mark.slow
def test_two_runs_are_judged_in_a_process_of_its_own() -> None:
    for name, rate in (("slow", 0.001), ("fast", 0.2)):
        train(classifier(optimizer=("opt_sgd", {"lr": rate})), run_store.folder() / name, epochs=3)
    app = choose(open_page("runs"), "slow", "fast")
    app.button(key="significance_start").click()
    run(app)
    end = time.monotonic() + 120
    while jobs().running(app.session_state["significance_job"]) and time.monotonic() < end:
        time.sleep(0.5)
        run(app)
    run(app)
    assert not app.error and "McNemar" in said(app)
    assert not jobs().running(app.session_state["significance_job"])


def test_every_text_is_in_both_languages() -> None:
    keys = [key for key in TEXTS if key.startswith(("significance", "rate_"))]
    assert len(keys) > 30 and all(all(TEXTS[key]) for key in keys)

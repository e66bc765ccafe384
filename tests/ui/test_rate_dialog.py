"""The search for a learning rate on the Train page: the process, the plot, and the rate taken over."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builder.graph import load
from builder.train.rate_search import RateSearch, Writer
from builder.ui import rate_dialog, session
from builder.ui import workspace as workspaces
from builder.ui.jobs import jobs
from builder.ui.warm import WARMUP
from tests.train.graphs import classifier
from tests.ui.pages import component, desk_of, open_page, run, said

SCRIPT = """
import streamlit as st
from builder.ui import rate_dialog
rate_dialog._dialog(st.session_state["desk"])
"""


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def dialog() -> AppTest:
    WARMUP.wait()
    app = AppTest.from_string(SCRIPT, default_timeout=60)
    app.session_state["desk"] = session.fresh(classifier())
    return app


def searched(app: AppTest) -> RateSearch:
    """A finished search for the graph on the desk."""
    rates = np.geomspace(1e-5, 1, 60)
    losses = np.concatenate((np.full(20, 2.0), np.linspace(2, 0.5, 25), np.linspace(0.5, 9, 15)))
    found = RateSearch("optimizer", tuple(rates.tolist()), tuple(losses.tolist()), 1e-5, 1.0, 60, 0.1, True, "finished")
    Writer(rate_dialog._file(desk_of(app), "optimizer")).end(found)
    return found


def test_the_train_page_offers_a_search_where_the_graph_can_be_trained() -> None:
    app = open_page("train", load(workspaces.GALLERY / "logistic_regression.json"))
    assert not app.button(key="rate_find").disabled
    app.button(key="rate_find").click()
    assert "thrown away" in said(run(app)) and app.button(key="rate_start").label == "Search"


def test_a_found_rate_is_written_into_the_optimizer_as_a_step_that_can_be_undone() -> None:
    app = dialog()
    found = searched(app)
    run(app)
    assert found.steepest is not None and "diverged at 1" in said(app)
    assert len(component(app, "rate_plot")["figure"]) > 1000
    app.button(key="rate_use_steepest").click()
    run(app)
    desk = desk_of(app)
    assert desk.graph.nodes["optimizer"]["params"]["lr"] == float(f"{found.steepest:.2g}")
    assert app.button(key="rate_use_tenth")  # what was found stays: it does not depend on the present rate
    desk.undo()
    assert desk.graph.nodes["optimizer"]["params"]["lr"] == 0.1


def test_a_search_runs_in_a_process_of_its_own_and_can_be_cancelled() -> None:
    app = run(dialog())
    app.number_input(key="rate_steps").set_value(2000)
    app.button(key="rate_start").click()
    run(app)
    job = rate_dialog._job(desk_of(app), "optimizer")
    assert jobs().running(job) and not [b for b in app.button if b.key == "rate_start"]
    app.button(key="rate_cancel").click()
    run(app)
    assert not jobs().running(job) and app.button(key="rate_start")
    assert desk_of(app).graph.nodes["optimizer"]["params"]["lr"] == 0.1


def test_bounds_that_do_not_rise_start_nothing() -> None:
    app = run(dialog())
    app.number_input(key="rate_low").set_value(20.0)
    assert "must rise" in said(run(app)) and app.button(key="rate_start").disabled


@pytest.mark.slow
def test_a_search_comes_to_its_end() -> None:
    app = run(dialog())
    app.number_input(key="rate_steps").set_value(40)
    app.button(key="rate_start").click()
    run(app)
    end = time.monotonic() + 120
    while jobs().running(rate_dialog._job(desk_of(app), "optimizer")) and time.monotonic() < end:
        time.sleep(0.5)
        run(app)
    assert not app.error and app.button(key="rate_start").label == "Search again"
    assert component(app, "rate_plot")

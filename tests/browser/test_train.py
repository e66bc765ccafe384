"""Training in Chromium: the curve grows in place, a refresh loses nothing, pause, resume and stop reach the worker."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builder.train import Run
from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

LOSS = "panel_curve_loss"
POINTS = "g => Math.max(...g.data.map(curve => curve.x.length))"


@pytest.fixture
def site(page: Page, app: str) -> Site:
    return Site(page, app)


def run_of(page: Page, workspace: Path) -> Run:
    found = re.search(r"run=([\w.-]+)", page.url)
    assert found, page.url
    return Run(workspace / "runs" / found[1])


def await_state(run: Run, state: str) -> None:
    deadline = time.monotonic() + 60
    while run.status().state != state:
        assert time.monotonic() < deadline, f"the run is {run.status().state}, not {state}"
        time.sleep(0.1)


def test_a_training_is_watched_refreshed_paused_resumed_and_stopped(site: Site, workspace: Path) -> None:
    """The main job of the page."""
    page = site.open("/train?graph=mlp").page
    expect(page.locator(".setup-state.is-ok")).to_be_visible(timeout=READY)
    site.number("train_epochs", 3000)
    expect(page.locator(".st-key-train_epochs input")).to_have_value("3000")
    site.button("start").click()
    site.wait_figure(LOSS, "g => g.data.length >= 3 && g.data[1].x.length >= 2")
    run = run_of(page, workspace)
    try:
        # it grows in place: the same element, and the zoom stays
        site.chart(LOSS).evaluate(
            "g => { g.marked = true; return window.Plotly.relayout(g, {'xaxis.range': [0.5, 1.5]}); }"
        )
        before = site.figure(LOSS, POINTS)
        site.wait_figure(LOSS, f"g => ({POINTS})(g) > {before}")
        assert site.figure(LOSS, "g => [g.marked === true, g._fullLayout.xaxis.range]") == [True, [0.5, 1.5]]
        expect(page.locator(".run-words")).to_contain_text("left")

        # a refresh in the middle goes on with the same run
        page.reload()
        site.wait()
        assert run_of(page, workspace).path == run.path
        seen = run.status().epoch
        site.wait_figure(LOSS, f"g => g.data[1].x.at(-1) > {seen}")

        site.button("pause").click()
        await_state(run, "paused")
        expect(page.locator(".run-state").first).to_contain_text("Paused", timeout=READY)
        paused = run.status().step
        time.sleep(1.5)
        assert run.status().step == paused
        site.button("resume").click()
        expect(page.locator(".run-state").first).to_contain_text("Training", timeout=READY)
        await_state(run, "running")

        site.button("stop").click()
        await_state(run, "stopped")
        expect(page.locator(".run-state").first).to_contain_text("Stopped", timeout=READY)
        expect(site.button("resume")).to_be_visible()
        assert paused < run.status().step < 3000 * run.status().steps_per_epoch
        assert run.checkpoint("last") is not None
    finally:
        run.request("stop")
        await_state(run, "stopped")


@pytest.mark.slow
def test_a_second_tab_sees_the_same_run(site: Site, workspace: Path) -> None:
    page = site.open("/train?graph=logistic_regression").page
    site.number("train_epochs", 40)
    expect(page.locator(".st-key-train_epochs input")).to_have_value("40")
    site.button("start").click()
    expect(page).to_have_url(re.compile("run="), timeout=READY)
    run = run_of(page, workspace)
    second = Site(page.context.new_page(), site.url).open(f"/train?run={run.name}")
    for tab in (site, second):
        expect(tab.page.locator(".run-state").first).to_contain_text("Finished", timeout=READY)
        tab.wait_figure(LOSS, "g => g.data[1].x.at(-1) === 40")
        tab.wait_figure("panel_curve_metric_accuracy", "g => g.data.some(curve => curve.marker.symbol === 'star')")
    expect(second.page.locator(".run-words")).to_contain_text("best accuracy")


def test_an_upload_takes_the_place_of_the_data_or_says_why_not(site: Site) -> None:
    page = site.open("/train?graph=logistic_regression").page
    site.pick("train_show", "Data")
    expect(page.locator(".st-key-panel_data .data-balance")).to_contain_text("setosa", timeout=READY)
    site.upload(".st-key-panel_own", "../broken.csv", b"a,b\n1,2\n3\n", "text/csv")
    expect(page.locator(".st-key-panel_own [role=alert]")).to_contain_text("broken.csv, line 3", timeout=READY)
    rows = "size,width,kind\n" + "".join(f"{i},{i % 5},{'abc'[i % 3]}\n" for i in range(90))
    site.upload(".st-key-panel_own", "plants.csv", rows.encode(), "text/csv")
    expect(page.locator(".st-key-panel_own .data-sizes").first).to_be_visible(timeout=READY)
    site.button("own_use").click()
    expect(page.locator(".st-key-panel_data .data-head")).to_contain_text("CSV", timeout=READY)
    expect(page.locator(".st-key-panel_data .page-table")).to_contain_text("width")
    expect(page.locator(".setup-state.is-ok")).to_be_visible()
    site.button("data_undo").click()
    expect(page.locator(".st-key-panel_data .data-balance")).to_contain_text("setosa", timeout=READY)

"""The list of runs in Chromium: choosing by a click on the row, comparing, opening, deleting and undoing."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import READY, Site
from tests.ui.runs import fake_run

pytestmark = pytest.mark.browser


def row(page: Page, name: str) -> None:
    page.locator(f".st-key-run_row_{name} .run-row .title").click(force=True, position={"x": 60, "y": 10})


def test_runs_are_compared_opened_and_deleted(
    page: Page, app: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(workspace))
    tag = secrets.token_hex(3)  # the workspace still holds the runs of an attempt that failed
    one, two = f"{tag}-one", f"{tag}-two"
    fake_run(one, values=[0.3, 0.5, 0.8])
    fake_run(two, values=[0.2, 0.6])
    site = Site(page, app).open("/runs")
    site.page.locator(".st-key-runs_search input").fill(tag)
    page.keyboard.press("Enter")
    row(page, one)
    expect(page.locator(".st-key-panel_runs_detail")).to_contain_text("accuracy 0.8", timeout=READY)
    site.wait_figure("run_detail_curves", "g => g.data.length >= 2")
    row(page, two)
    site.wait_figure("panel_runs_detail", "g => g.data.filter(curve => curve.mode.startsWith('lines')).length === 2")
    names = site.figure("panel_runs_detail", "g => g.data.map(curve => curve.y)")
    assert [0.3, 0.5, 0.8] in names
    assert [0.2, 0.6] in names

    row(page, two)
    site.button("run_delete").click()
    expect(page.locator(f".st-key-run_row_{one}")).to_have_count(0, timeout=READY)
    site.button("runs_undo").click()
    expect(page.locator(f".st-key-run_row_{one}")).to_be_visible(timeout=READY)
    row(page, one)
    site.button("run_open_train").click()
    expect(page.locator(".st-key-page_train .run-title")).to_contain_text(one, timeout=READY)
    assert f"run={one}" in page.url

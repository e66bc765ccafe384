"""Components compared in Chromium, as a person does it: from a node to the table, and back with the better one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_page import READY, DeskPage
from tests.browser.site import Site

pytestmark = pytest.mark.browser


def test_components_are_compared_at_a_node_and_one_is_used(page: Page, app: str) -> None:
    desk, site = DeskPage(page, app).open("/?graph=compare_scaling"), Site(page, app)
    desk.node("scale").click(button="right")
    page.locator('.menu [data-command="compare_here"]').click()
    dialog = page.locator('[data-testid="stDialog"]')
    expect(dialog).to_contain_text("25 trainings", timeout=READY)  # five choices, five seeds
    site.number("comparison_seeds_scaling", 2)
    site.number("comparison_epochs_scaling", 3)
    expect(dialog).to_contain_text("10 trainings")
    site.button("comparison_start").click()

    panel = page.locator(".st-key-panel_comparison")
    expect(panel).to_contain_text("of 10 trainings", timeout=READY)
    page.reload()
    expect(panel.locator(".run-state.is-finished")).to_be_visible(timeout=3 * READY)
    expect(panel.locator(".mean")).to_have_count(5)
    expect(panel.locator(".is-first")).to_have_text("baseline")
    site.wait_figure("panel_comparison", "g => g.data[1].y.length === 5")

    site.button("comparison_use_dnorm_min_max").click()
    desk.wait()
    expect(desk.node("scale")).to_contain_text("Min-max", timeout=READY)
    expect(desk.notice).to_contain_text(re.compile("is in its place"))
    desk.button("undo").click()
    expect(desk.node("scale")).not_to_contain_text("Min-max")

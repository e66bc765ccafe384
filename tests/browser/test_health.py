"""The health of nodes at the desk: a run is trained, the canvas wears its colours, with badges on nodes that are ill."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from builder.graph import load
from builder.train import train
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GALLERY = Path(__file__).parents[2] / "graphs"


def test_a_run_that_fares_badly_shows_it_on_the_canvas(desk: DeskPage, workspace: Path) -> None:
    graph = load(GALLERY / "mlp.json")
    train(graph, workspace / "runs" / "ill", epochs=3, overrides=["optimizer.lr=0.5"])
    desk.open("?graph=mlp")
    page, badge = desk.page, "n => getComputedStyle(n, '::after').content"
    before = desk.viewport()
    desk.button("colour_menu").click()
    desk.button("colour_choice_dead").click()
    expect(page.locator(".st-key-heat_legend .heat-steps")).to_be_visible()
    expect(desk.node("relu2")).to_have_css(
        "background-color", "rgb(234, 144, 76)", timeout=60_000
    )  # the last step but one
    assert "†" in desk.node("relu2").evaluate(badge)
    assert desk.node("fc1").evaluate(badge) == "none"
    words = "n => getComputedStyle(n.querySelector('.markdown-node'), '::after').display"
    assert desk.node("relu2").evaluate(words) == "none"
    desk.node("relu2").hover()
    assert desk.node("relu2").evaluate(words) == "block"
    assert desk.viewport() == before

"""The training graph as a person builds it: a second optimizer, what it trains, a block as a parameter, what was generated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from builder.graph import load, save
from builder.train import train
from tests.browser.desk_page import DeskPage
from tests.browser.site import READY, Site
from tests.ui.training_graphs import adversarial

pytestmark = pytest.mark.browser
GRAPHS = Path(__file__).resolve().parents[2] / "graphs"


def choose(desk: DeskPage, row: str, text: str) -> None:
    """Chooses from a list of the inspector."""
    field = desk.page.locator(f'.st-key-inspector [class*="st-key-{row}"] input').first
    field.click()
    desk.page.locator('[role="option"]', has_text=text).first.click()


def show_more(desk: DeskPage) -> Locator:
    """Unfolds the settings that few need."""
    fold = desk.page.locator('[class*="st-key-more_"]')
    fold.locator("summary").click()
    return fold


def opened(page: Page, app: str, workspace: Path) -> DeskPage:
    """The Build page with a small adversarial graph that was saved before."""
    (workspace / "graphs").mkdir(exist_ok=True)
    save(adversarial(), workspace / "graphs" / "adversarial.json")
    desk = DeskPage(page, app).open()
    desk.file("open")
    page.locator("[role=dialog]").get_by_role("tab", name="Saved").click()
    page.locator(".st-key-open_saved_adversarial button").click()
    expect(desk.node("penalty")).to_be_visible()
    expect(desk.button("check_state")).to_contain_text("Ready")
    return desk


def test_a_second_optimizer_trains_what_is_chosen_and_the_canvas_shows_it(desk: DeskPage) -> None:
    """LeNet-5, with its last layer trained by an optimizer of its own."""
    new = desk.drop("opt_adam", 0.4, 0.9)
    desk.connect("loss.loss", f"{new}.loss")
    desk.node(new).click(position={"x": 60, "y": 12})
    choose(desk, "row_parameters", "fc3")
    desk.page.keyboard.press("Escape")
    desk.colour_by("optimizer")
    legend = desk.page.locator(".st-key-training_legend")
    expect(legend).to_contain_text("one after the other")
    expect(legend.locator(".legend-mark")).to_have_text(["1", "2"])
    expect(desk.node("fc3")).to_have_class(re.compile(r"is-trained"))
    expect(desk.node("fc3").locator(".pill.by")).to_have_text(["1", "2"])  # the first one still trains everything
    expect(desk.node("conv1").locator(".pill.by")).to_have_text(["1"])
    expect(desk.node("pool1")).to_have_class(re.compile(r"is-untrained"))
    expect(desk.node(new).locator(".pill.turn")).to_have_text("2")

    fold = show_more(desk)
    order = fold.locator('[class*="st-key-row_order"] input')
    order.fill("-1")
    order.press("Enter")
    expect(desk.node(new).locator(".pill.turn")).to_have_text("1")
    expect(fold.locator('[class*="st-key-row_every"] input')).to_be_visible()  # it stays open
    every = fold.locator('[class*="st-key-row_every"] input')
    every.fill("5")
    every.press("Enter")
    expect(desk.node(new)).to_contain_text("1/5")
    expect(legend).to_contain_text("every 5 steps")
    before = desk.viewport()
    desk.colour_by("family")
    expect(legend).to_have_count(0)
    expect(desk.node("pool1")).not_to_have_class(re.compile(r"is-untrained"))
    assert desk.viewport() == before


def test_a_block_is_picked_for_a_gradient_penalty_and_opened(page: Page, app: str, workspace: Path) -> None:
    desk = opened(page, app, workspace)
    name = desk.node("penalty").locator(".call b")
    expect(name).to_have_text("real")
    desk.node("penalty").click(position={"x": 60, "y": 12})
    choose(desk, "param_critic", "critic · own weights")
    expect(name).to_have_text("critic")
    expect(desk.node("penalty").locator(".pill")).to_contain_text(["5"])  # its own four weights and a bias
    name.click()
    expect(desk.node("fc")).to_be_visible()
    expect(page.locator(".st-key-crumbs")).to_contain_text("penalty · critic")
    expect(desk.node("fc").locator(".pill")).to_have_text("5")
    desk.press("Escape")
    expect(desk.node("penalty")).to_have_class(re.compile("selected"))
    expect(page.locator(".desk-notice.error")).to_have_count(0)

    choose(desk, "param_critic", "New block")
    expect(desk.node("score")).to_be_visible()
    expect(desk.node("x")).to_be_visible()
    page.locator(".st-key-crumb_0 button").click()
    expect(desk.node("penalty")).to_have_class(re.compile("is-error"))
    desk.button("undo").click()
    expect(desk.node("penalty")).not_to_have_class(re.compile("is-error"))
    expect(name).to_have_text("critic")


def test_a_generated_grid_is_shown_by_epoch(page: Page, app: str, workspace: Path) -> None:
    graph = load(GRAPHS / "gan.json")
    for _, data in graph.nodes(data=True):
        if data["component"] == "view_images":
            data["params"] = {**data["params"], "every": 1, "count": 9}
        if data["component"].startswith("data_"):
            data["settings"] = {**data["settings"], "batch_size": 32, "subset": {"count": 64}}
    train(graph, workspace / "runs" / "tiny-gan", epochs=2)
    site = Site(page, app).open("/train?run=tiny-gan")
    grid = page.locator(".generated-images").first
    expect(grid).to_be_visible(timeout=READY)
    assert grid.evaluate("i => i.complete && i.naturalWidth > 0")
    panel = page.locator('[class*="st-key-panel_generated_"]').first
    expect(panel).to_contain_text("epoch 2")
    latest = grid.get_attribute("src")
    panel.get_by_role("slider").first.press("ArrowLeft")
    expect(panel).to_contain_text("epoch 1")
    expect(grid).not_to_have_attribute("src", latest or "")
    site.go("runs")
    page.locator(".st-key-run_pick_tiny-gan label").click()
    expect(page.locator(".generated-images").first).to_be_visible(timeout=READY)

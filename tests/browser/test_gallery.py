"""The gallery in Chromium: search, cards, links, and that unsaved changes are kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_page import DeskPage
from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser


def test_a_graph_is_found_and_opened(page: Page, app: str) -> None:
    site = Site(page, app).open("/gallery")
    cards = page.locator('[class*="st-key-gallery_card_"]')
    expect(page.locator(".st-key-gallery_card_vit")).to_be_visible()
    assert cards.count() >= 10
    expect(page.locator(".st-key-gallery_card_lenet5")).to_contain_text("61.7 K parameters", timeout=READY)
    picture = page.locator(".st-key-gallery_card_lenet5 img.on-light")
    assert picture.evaluate("i => i.complete && i.naturalWidth > 0")
    page.locator(".st-key-gallery_search input").fill("patches attention")
    page.keyboard.press("Enter")
    expect(cards).to_have_count(1, timeout=READY)
    page.locator(".st-key-gallery_card_vit h3").click(force=True)  # all of the card opens it
    DeskPage(page, app).wait()
    expect(page.locator(".desk-title")).to_contain_text("Vision Transformer")
    assert site.url in page.url


def test_unsaved_changes_are_kept_and_their_place_is_told(page: Page, app: str) -> None:
    desk = DeskPage(page, app).open()
    desk.node("fc3").click()
    desk.press("Delete")
    expect(desk.node("fc3")).to_have_count(0)
    before = desk.desk_id()
    Site(page, app).go("gallery").button("gallery_open_mlp").click()
    desk.wait()
    expect(page.locator(".desk-title")).to_contain_text("perceptron")
    expect(desk.notice).to_contain_text("“LeNet-5 on MNIST” is kept")
    desk.file("open")
    page.get_by_role("tab", name="Recent work").click()
    page.locator(f".st-key-open_recent_{before} button").click()
    expect(desk.node("fc2")).to_have_count(1)
    expect(desk.node("fc3")).to_have_count(0)


def test_a_link_opens_a_graph(page: Page, app: str) -> None:
    desk = DeskPage(page, app).open("/?graph=logistic_regression")
    expect(page.locator(".desk-title")).to_contain_text("Logistic regression")
    assert set(desk.node_ids()) == {"data", "standardize", "linear", "loss", "accuracy", "optimizer"}
    page.reload()
    desk.wait()
    expect(page.locator(".desk-title")).to_contain_text("Logistic regression")


def test_a_link_opens_a_graph_on_the_very_first_start(page: Page, new_app: str) -> None:
    page.goto(f"{new_app}/?graph=vit")
    expect(page.locator(".st-key-starting")).to_contain_text("Loading the components")
    assert "graph=vit" in page.url
    page.reload()  # whoever grows impatient loses nothing
    DeskPage(page, new_app).wait()
    expect(page.locator(".desk-title")).to_contain_text("Vision Transformer")
    assert "graph=" not in page.url

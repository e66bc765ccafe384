"""The table of all nodes, colours by figures and the comparison of graphs, in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def rows(desk: DeskPage) -> Locator:
    return desk.page.locator(".node-table tbody tr")


def background(desk: DeskPage, node: str) -> str:
    return desk.node(node).evaluate("e => getComputedStyle(e).backgroundColor")


def test_the_table_sorts_and_leads_to_a_node(desk: DeskPage) -> None:
    before = desk.viewport()
    desk.press("t")
    expect(rows(desk)).to_have_count(18)
    assert desk.viewport() == before
    conv2 = desk.page.locator('.node-table tr[data-path="conv2"]')
    expect(conv2).to_contain_text("14×14")
    desk.page.locator('.node-table th[data-column="flops"] button').click()
    expect(rows(desk).first).to_have_attribute("data-path", "conv2")
    expect(desk.page.locator(".node-table tfoot")).to_contain_text("61.7 K")
    desk.page.locator('.node-table tr[data-path="fc2"]').click()
    expect(desk.node("fc2")).to_have_class(re.compile("selected"))
    expect(desk.page.locator('.node-table tr[data-path="fc2"]')).to_have_attribute("aria-selected", "true")
    expect(desk.inspector.locator(".desk-head code")).to_have_text("fc2")
    expect(desk.node("fc2")).to_be_in_viewport()
    desk.button("drawer_close").click()
    expect(rows(desk)).to_have_count(0)


@pytest.mark.slow
def test_colours_by_parameters(desk: DeskPage) -> None:
    plain, before = background(desk, "fc1"), desk.viewport()
    desk.colour_by("parameters")
    expect(desk.page.locator(".heat-steps span")).to_have_count(7)
    expect(desk.node("fc1")).not_to_have_css("background-color", plain)
    expect(desk.node("tanh1")).to_have_css("background-color", plain)
    assert background(desk, "fc1") != background(desk, "conv1")
    desk.colour_by("family")
    expect(desk.node("fc1")).to_have_css("background-color", plain)
    assert desk.viewport() == before


def test_a_changed_copy_is_compared_with_the_gallery(desk: DeskPage) -> None:
    desk.node("tanh4").click(position={"x": 60, "y": 12})
    desk.press("Delete")
    expect(desk.node("tanh4")).to_have_count(0)
    desk.node("fc2").click(position={"x": 60, "y": 12})
    desk.parameter("out_features").fill("50")
    desk.parameter("out_features").press("Enter")
    expect(desk.shape("fc2")).to_contain_text("50)")
    plain = background(desk, "conv1")
    desk.button("compare").click()
    desk.page.get_by_role("tab", name="Gallery").click()
    desk.button("compare_gallery_lenet5").click()
    words = desk.page.locator(".compare-words")
    expect(words).to_contain_text("−1 node")
    expect(words).to_contain_text("1 changed")
    listed = desk.page.locator(".st-key-compare_list")
    expect(listed).to_contain_text("tanh4")
    expect(listed.locator("ins").first).to_have_text("50")
    expect(desk.node("fc2")).not_to_have_css("background-color", plain)
    listed.get_by_role("button", name="fc2").click()
    expect(desk.node("fc2")).to_have_class(re.compile("selected"))
    desk.button("drawer_close").click()
    expect(desk.node("fc2")).to_have_css("background-color", plain)

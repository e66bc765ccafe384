"""Blocks as a person works with them: expanded in place, changed for all uses at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser

RESIDUAL = "?graph=resnet_small"


def test_a_block_is_expanded_changed_and_collapsed(desk: DeskPage) -> None:
    """The chevron draws the block open; a change within reaches every use; the neighbours come back with the collapse."""
    desk.open("/" + RESIDUAL)
    before, view = desk.node("res3").bounding_box(), desk.viewport()
    desk.node("res2").locator(".fold").click()
    expect(desk.node("res2/conv1")).to_be_visible()
    expect(desk.shape("res2/conv1")).to_contain_text("32,7,7)")
    expect(desk.wire("res2/x.y", "res2/conv1.x")).to_be_attached()
    expect(desk.node("res2")).to_have_class(re.compile("is-expanded"))
    after = desk.node("res3").bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"] + 100
    assert desk.viewport() == view

    desk.node("res2/relu1").click()
    expect(desk.inspector).to_contain_text("relu1")
    desk.press("Delete")
    expect(desk.node("res2/relu1")).to_have_count(0)
    expect(desk.node("res1")).to_have_class(re.compile("is-(error|waiting)"))
    expect(desk.node("res3")).to_have_class(re.compile("is-(error|waiting)"))
    desk.button("undo").click()
    expect(desk.node("res2/relu1")).to_be_visible()
    expect(desk.node("res1")).not_to_have_class(re.compile("is-(error|waiting)"))

    desk.node("res2").locator(".name").click()
    expect(desk.node("res2")).to_have_class(re.compile("selected"))
    desk.press("e")
    expect(desk.node("res2/conv1")).to_have_count(0)
    expect(desk.node("res2")).not_to_have_class(re.compile("is-expanded"))
    desk.settled()
    assert desk.node("res3").bounding_box() == before


@pytest.mark.slow
def test_inner_cards_are_dragged_and_come_back_after_a_reload(desk: DeskPage) -> None:
    desk.open("/" + RESIDUAL)
    desk.node("res2").locator(".fold").click()
    card = desk.node("res2/conv1")
    expect(card).to_be_visible()
    x, y = desk.centre(card.locator(".label"))
    desk.drag((x, y), (x - 40, y + 30))
    expect(desk.button("undo")).to_be_enabled()
    desk.settled()
    box = card.bounding_box()
    desk.page.reload()
    desk.wait()
    expect(card).to_be_visible()
    again = card.bounding_box()
    assert box is not None
    assert again is not None
    assert again["x"] == pytest.approx(box["x"], abs=2)
    assert again["y"] == pytest.approx(box["y"], abs=2)


def test_a_made_block_is_kept_and_placed_in_a_new_graph(desk: DeskPage) -> None:
    """Group, keep under a name, and drag it from the palette into another graph; delete it and bring it back."""
    for name in ("conv1", "tanh1"):
        desk.node(name).locator(".label").click(modifiers=["Control"])
    expect(desk.button("group")).to_be_enabled()
    new = desk.new_node_of(lambda: desk.press("Control+g"))
    expect(desk.node(new)).to_have_class(re.compile("selected"))
    desk.button("block_keep_block").click()
    field = desk.page.locator(".st-key-keep_block_name input")
    field.fill("Stem")
    desk.page.locator(".st-key-keep_block_confirm button").click()
    card = desk.card("library:Stem")
    expect(card).to_be_visible()

    desk.file("new")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(0)
    placed = desk.new_node(lambda: desk.drag(desk.centre(card), desk.at(0.3, 0.3)))
    expect(desk.node(placed)).to_have_class(re.compile("is-block"))
    expect(desk.port(f"{placed}.x")).to_be_attached()


@pytest.mark.slow
def test_what_gives_way_is_not_taken_for_a_drag(desk: DeskPage) -> None:
    """While the canvas still draws an expanded block, the old places of its neighbours are no news."""
    desk.open("/" + RESIDUAL)
    desk.canvas.locator("body").evaluate(
        "body => setInterval(() => body.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true})), 20)"
    )
    for _ in range(3):
        desk.node("res1").locator(".fold").click()
        expect(desk.node("res1/conv1")).to_be_visible()
        desk.node("res1").locator(".fold").click()
        expect(desk.node("res1/conv1")).to_have_count(0)
    desk.settled()
    expect(desk.button("undo")).to_be_disabled()

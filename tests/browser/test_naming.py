"""A new block is named where it is made."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def test_what_is_typed_after_a_block_is_made_names_it(desk: DeskPage) -> None:
    """Its letters are no commands, though the field is not drawn yet; one undo takes name and block back."""
    before = sorted(desk.node_ids())
    field = desk.page.locator(".st-key-row_block_name input")
    desk.node("conv1").locator(".label").click()
    desk.node("tanh1").locator(".label").click(modifiers=["Control"])
    expect(desk.button("many_group")).to_be_visible()
    desk.press("Control+g")
    desk.page.keyboard.type("steam")  # e expands, m mutes
    for key in ("Backspace", "Backspace", "m", "Enter"):
        desk.page.keyboard.press(key)
    expect(desk.node("stem")).to_have_count(1)
    expect(desk.inspector.locator(".desk-head code")).to_have_text("stem")
    expect(desk.page.locator(".st-key-canvas iframe")).to_be_focused()
    desk.settled()
    desk.page.keyboard.press("Control+z")
    expect(desk.node("conv1")).to_have_count(1)
    assert sorted(desk.node_ids()) == before

    desk.node("conv1").locator(".label").click()
    desk.node("tanh1").locator(".label").click(modifiers=["Control"])
    desk.button("many_group").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("block1")
    selected = "() => document.activeElement.selectionStart === 0 && document.activeElement.selectionEnd === 6"
    desk.page.wait_for_function(selected)

"""Muting, bypassing, duplicating with wires, and replacing, as a person does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def test_bypass_and_mute_with_keys(desk: DeskPage) -> None:
    desk.node("tanh3").click()
    desk.press("Control+b")
    expect(desk.node("tanh3")).to_have_class(re.compile("is-bypass"))
    expect(desk.button("check_state")).to_contain_text("Ready")
    desk.press("Control+b")
    expect(desk.node("tanh3")).not_to_have_class(re.compile("is-bypass"))
    desk.press("Control+m")
    expect(desk.node("tanh3")).to_have_class(re.compile("is-mute"))
    expect(desk.button("check_state")).to_contain_text("1 problem")
    desk.press("Control+z")
    expect(desk.node("tanh3")).not_to_have_class(re.compile("is-mute"))
    expect(desk.button("check_state")).to_contain_text("Ready")


@pytest.mark.slow
def test_duplicate_with_the_wires_from_outside(desk: DeskPage) -> None:
    desk.node("tanh3").click()
    copy = desk.new_node(lambda: desk.press("Control+Shift+d"))
    expect(desk.wire("fc1.y", f"{copy}.x")).to_have_count(1)


def test_replace_by_key(desk: DeskPage) -> None:
    desk.node("tanh3").click()
    expect(desk.inspector).to_contain_text("tanh3")
    desk.press("r")
    dialog = desk.page.get_by_role("dialog")
    dialog.locator("input").click()
    dialog.locator("input").fill("ReLU")
    desk.page.get_by_role("option").filter(has_text=re.compile("^ReLU ·")).first.click()
    expect(desk.node("relu1")).to_have_class(re.compile("selected"))
    expect(desk.wire("fc1.y", "relu1.x")).to_have_count(1)
    expect(desk.node("tanh3")).to_have_count(0)
    expect(desk.button("check_state")).to_contain_text("Ready")
    desk.button("undo").click()
    expect(desk.node("tanh3")).to_have_count(1)


@pytest.mark.slow
def test_shift_and_ctrl_select_right_after_writing_elsewhere(desk: DeskPage) -> None:
    """The keys count though the canvas does not have the focus when they are pressed."""
    before = desk.viewport()
    desk.search.click()
    desk.page.keyboard.down("Shift")
    desk.drag(desk.at(0.02, 0.75), desk.at(0.7, 0.2))
    desk.page.keyboard.up("Shift")
    expect(desk.node("fc1")).to_have_class(re.compile("selected"))
    assert desk.viewport() == before
    desk.node("conv1").click()
    desk.search.click()
    desk.page.keyboard.down("Control")
    desk.node("conv2").click()
    desk.page.keyboard.up("Control")
    expect(desk.canvas.locator(".react-flow__node.body.selected")).to_have_count(2)

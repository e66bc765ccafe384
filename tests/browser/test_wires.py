"""Wires in Chromium: what fits at a loose end, shapes at wires, wires taken up and put elsewhere, nodes put into wires."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def middle(desk: DeskPage, source: str, target: str) -> tuple[float, float]:
    """The middle of a straight wire."""
    start, end = desk.centre(desk.port(source)), desk.centre(desk.port(target))
    return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


def test_a_wire_dropped_on_the_canvas_offers_what_fits(desk: DeskPage) -> None:
    box = desk.page.locator(".chooser")
    desk.drag(desk.centre(desk.port("conv1.y")), desk.at(0.4, 0.9))
    expect(box).to_be_visible()
    expect(box.locator(".chooser-row").first).to_contain_text("(B,6,28,28)")
    expect(box.locator('[data-choice="conv_standard"]')).to_have_count(1)
    expect(box.locator('[data-choice="embedding"]')).to_have_count(0)
    lies = box.bounding_box()
    assert lies is not None
    assert lies["y"] + lies["height"] <= 900, "the whole list is in view"
    desk.page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(desk.button("undo")).to_be_disabled()

    point = desk.at(0.4, 0.9)
    desk.drag(desk.centre(desk.port("conv1.y")), point)
    box.locator("input").fill("max pool")
    expect(box.locator(".chooser-row").first).to_have_attribute("data-choice", "pool_max")
    new = desk.new_node(lambda: desk.page.keyboard.press("Enter"))
    expect(desk.wire("conv1.y", f"{new}.x")).to_have_count(1)
    expect(desk.shape(new)).to_contain_text("(B,6,14,14)")
    assert desk.centre(desk.port(f"{new}.x")) == pytest.approx(point, abs=12)
    desk.press("Control+z")
    expect(desk.node(new)).to_have_count(0)


@pytest.mark.slow
def test_a_wire_from_an_input_offers_what_could_feed_it(desk: DeskPage) -> None:
    new = desk.drop("linear", 0.5, 0.85)
    desk.drag(desk.centre(desk.port(f"{new}.x")), desk.at(0.3, 0.93))
    first = desk.page.locator(".chooser-row").first
    expect(first).to_be_visible()
    source = desk.new_node(lambda: desk.page.locator('.chooser [data-choice="op_flatten"]').click())
    expect(desk.wire(f"{source}.y", f"{new}.x")).to_have_count(1)


def test_a_wire_says_what_it_carries(desk: DeskPage) -> None:
    tip = desk.canvas.locator(".wire-tip")
    desk.page.mouse.move(*middle(desk, "conv1.y", "tanh1.x"))
    expect(tip).to_have_text("conv1.y → tanh1.xB×6×28×28float32")
    desk.page.mouse.move(*desk.at(0.5, 0.95))
    expect(tip).to_be_hidden()
    desk.node("conv1").click()
    expect(desk.canvas.locator(".wire-labels span")).to_have_text(["B×1×28×28", "B×6×28×28"])


def test_a_wire_is_taken_up_and_put_elsewhere(desk: DeskPage) -> None:
    new = desk.drop("act_relu", 0.5, 0.9)
    start = desk.centre(desk.port("tanh1.x"))
    desk.page.mouse.click(*start)
    desk.drag(start, desk.centre(desk.port(f"{new}.x")))
    expect(desk.wire("conv1.y", f"{new}.x")).to_have_count(1)
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(0)
    desk.press("Control+z")
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(1)

    desk.drag(start, desk.at(0.3, 0.95))
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(0)
    expect(desk.page.locator(".chooser")).to_have_count(0)
    desk.press("Control+z")
    desk.drag(start, desk.centre(desk.port(f"{new}.y")))
    expect(desk.wire(f"{new}.y", "tanh1.x")).to_have_count(1)


@pytest.mark.slow
def test_a_lone_node_dropped_on_a_wire_goes_in_between(desk: DeskPage) -> None:
    new = desk.drop("drop_dropout", 0.5, 0.9)
    box = desk.node(new).bounding_box()
    assert box is not None
    desk.drag((box["x"] + 40, box["y"] + 14), middle(desk, "conv1.y", "tanh1.x"))
    expect(desk.wire("conv1.y", f"{new}.x")).to_have_count(1)
    expect(desk.wire(f"{new}.y", "tanh1.x")).to_have_count(1)
    expect(desk.shape(new)).to_contain_text("(B,6,28,28)")
    desk.press("Control+z")
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(1)
    expect(desk.node(new)).not_to_have_class(re.compile("is-error"))


def test_nodes_are_copied_in_one_tab_and_pasted_in_another(desk: DeskPage) -> None:
    desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.node("fc1").click()
    desk.node("tanh3").click(modifiers=["Control"])
    desk.press("Control+c")
    read = "() => navigator.clipboard.readText()"
    for _ in range(100):
        if "layerloom-graph" in desk.page.evaluate(read):
            break
        desk.page.wait_for_timeout(50)
    assert '"fc1.y"' in desk.page.evaluate(read)

    other = DeskPage(desk.page.context.new_page(), desk.url).open()
    other.file("new")
    expect(other.canvas.locator(".react-flow__node.body")).to_have_count(0)
    point = other.at(0.5, 0.88)  # below the first steps that an empty canvas offers
    other.page.mouse.click(*point)
    other.press("Control+v")
    expect(other.wire("fc1.y", "tanh3.x")).to_have_count(1)
    boxes = [other.node(node).bounding_box() for node in ("fc1", "tanh3")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] < point[0] < boxes[1]["x"] + boxes[1]["width"]
    other.press("Control+v")
    expect(other.canvas.locator(".react-flow__node.body")).to_have_count(4)

    other.page.evaluate("() => navigator.clipboard.writeText('import os')")
    other.press("Control+v")
    expect(other.notice).to_contain_text("not a graph")
    expect(other.canvas.locator(".react-flow__node.body")).to_have_count(4)


def test_the_right_mouse_button_offers_what_fits_a_node_a_wire_and_the_canvas(desk: DeskPage) -> None:
    menu = desk.page.locator(".menu")
    desk.node("cosine").click(button="right")
    expect(menu).to_be_visible()
    expect(desk.node("cosine")).to_have_class(re.compile("selected"))
    expect(menu.locator('[data-command="arrange"]')).to_have_count(0)
    desk.page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(desk.node("cosine")).to_have_class(re.compile("selected"))

    desk.page.mouse.click(*middle(desk, "conv1.y", "tanh1.x"), button="right")
    expect(menu.locator("button").first).to_have_attribute("data-command", "delete")
    desk.page.keyboard.press("Enter")
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(0)
    expect(desk.node("cosine")).to_have_count(1)

    desk.page.mouse.click(*desk.at(0.5, 0.95), button="right")
    expect(menu.locator('[data-command="redo"]')).to_have_attribute("aria-disabled", "true")
    menu.locator('[data-command="undo"]').click()
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(1)

    desk.node("tanh1").click(button="right")
    desk.page.keyboard.press("End")
    desk.page.mouse.click(*desk.at(0.5, 0.95))
    expect(menu).to_have_count(0)
    expect(desk.node("tanh1")).to_have_count(1)

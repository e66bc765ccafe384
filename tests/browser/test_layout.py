"""Where nodes lie, as a person sees it: aligning by key, room for what comes in, and a map that follows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def place(desk: DeskPage, node: str) -> tuple[float, float]:
    found = re.search(r"translate\(([-\d.e]+)px,\s*([-\d.e]+)px\)", str(desk.node(node).get_attribute("style")))
    assert found
    return float(found[1]), float(found[2])


def move(desk: DeskPage, node: str, x: float, y: float) -> None:
    start = desk.centre(desk.node(node).locator(".label"))
    desk.drag(start, (start[0] + x, start[1] + y))
    desk.settled()


def test_selected_nodes_are_aligned_by_key_and_by_button_and_arranged(desk: DeskPage) -> None:
    move(desk, "tanh1", 12, 60)
    assert place(desk, "tanh1")[1] != place(desk, "conv1")[1]
    desk.node("conv1").locator(".label").click()
    desk.node("tanh1").locator(".label").click(modifiers=["Control"])
    expect(desk.page.locator(".st-key-many_align_top")).to_be_visible()
    desk.press("Alt+w")
    desk.page.wait_for_function(
        "() => { const doc = document.querySelector('.st-key-canvas iframe').contentDocument;"
        " const top = id => doc.querySelector(`[data-id='${id}']`).style.transform.split(',')[1];"
        " return top('conv1') === top('tanh1'); }"
    )
    expect(desk.button("many_distribute_horizontal")).to_be_disabled()
    before = place(desk, "conv1"), place(desk, "tanh1")
    desk.button("many_align_left").click()
    desk.page.wait_for_function(
        "() => { const doc = document.querySelector('.st-key-canvas iframe').contentDocument;"
        " const left = id => doc.querySelector(`[data-id='${id}']`).style.transform.split(',')[0];"
        " return left('conv1') === left('tanh1'); }"
    )
    assert place(desk, "conv1")[1] != place(desk, "tanh1")[1], "neither lies on the other"
    assert sorted(desk.selected()) == ["conv1", "tanh1"]
    desk.press("Control+z")
    expect(desk.node("tanh1")).to_have_attribute(
        "style", re.compile(rf"translate\({before[1][0]:g}px, {before[1][1]:g}px\)")
    )
    assert (place(desk, "conv1"), place(desk, "tanh1")) == before


@pytest.mark.slow
def test_a_dragged_card_snaps_to_others_unless_alt_is_held(desk: DeskPage) -> None:
    start = desk.centre(desk.node("tanh1").locator(".label"))
    zoom = desk.viewport()[2]
    level = place(desk, "tanh1")[1]
    mouse = desk.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(start[0] + 8, start[1] + 90 * zoom, steps=4)
    mouse.move(start[0] + 8, start[1] + 3, steps=4)
    mouse.up()
    desk.settled()
    assert place(desk, "tanh1")[1] == pytest.approx(level, abs=0.2), "its wire runs straight again"
    start = desk.centre(desk.node("tanh1").locator(".label"))
    desk.page.keyboard.down("Alt")
    desk.drag(start, (start[0], start[1] + 3))
    desk.page.keyboard.up("Alt")
    desk.settled()
    assert place(desk, "tanh1")[1] == pytest.approx(level + 3 / zoom, abs=0.5)


def test_a_card_on_a_wire_makes_room_in_one_step(desk: DeskPage) -> None:
    before = {node: place(desk, node) for node in desk.node_ids()}
    path = desk.wire("conv1.y", "tanh1.x").locator("path").first.bounding_box()
    assert path is not None
    card = desk.centre(desk.show_card("drop_dropout", "dropout"))
    target = (path["x"] + path["width"] / 2, path["y"] + path["height"] / 2)
    new = desk.new_node(lambda: desk.drag(card, target))
    expect(desk.wire(f"{new}.y", "tanh1.x")).to_have_count(1)
    assert place(desk, "conv1") == before["conv1"]
    assert place(desk, "tanh1")[0] > place(desk, new)[0] > place(desk, "conv1")[0] + 200
    desk.press("Control+z")
    expect(desk.node(new)).to_have_count(0)
    assert {node: place(desk, node) for node in desk.node_ids()} == before


@pytest.mark.slow
def test_the_map_shows_the_selected_node_and_takes_the_view_along(desk: DeskPage) -> None:
    chosen = desk.page.locator(".desk-map .node.chosen")
    expect(desk.page.locator(".desk-map .node")).to_have_count(len(desk.node_ids()))
    expect(chosen).to_have_count(0)
    desk.node("conv1").locator(".label").click()
    expect(chosen).to_have_count(1)
    seen = desk.page.locator(".desk-map .seen")
    before, view = seen.get_attribute("x"), desk.viewport()
    box = desk.page.locator(".desk-map").bounding_box()
    assert box is not None
    desk.page.mouse.click(box["x"] + 20, box["y"] + 20)
    expect(seen).not_to_have_attribute("x", str(before))
    assert desk.viewport()[2] == pytest.approx(view[2], rel=1e-3)
    assert desk.viewport()[:2] != view[:2]


@pytest.mark.slow
def test_the_canvas_stays_in_the_hand_that_drags_it(desk: DeskPage) -> None:
    """What would move the canvas meanwhile does not; a press ends what moves it already."""
    mouse, (x, y) = desk.page.mouse, desk.at(0.03, 0.8)
    desk.press("-")
    desk.page.wait_for_timeout(400)
    before = desk.viewport()
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 20, y - 20, steps=3)
    desk.page.keyboard.press("0")
    desk.page.wait_for_timeout(300)
    mouse.move(x + 50, y - 40, steps=3)
    mouse.up()
    assert desk.viewport() == pytest.approx((before[0] + 50, before[1] - 40, before[2]), abs=2)

    desk.canvas.locator("body").evaluate(
        """body => body.ownerDocument.addEventListener("wheel", () => setTimeout(() => {
          body.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, button: 2 }));
        }), { capture: true, once: true })"""
    )
    desk.press("0")
    desk.page.wait_for_timeout(400)
    assert desk.viewport()[2] < 0.99

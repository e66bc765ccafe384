"""The Build page without a mouse: commands, finding, walking, moving, wiring, setting values."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def chooser(desk: DeskPage) -> Locator:
    return desk.page.locator(".chooser")


def ask(desk: DeskPage, keys: str, query: str, first: str) -> None:
    """Opens a list by key, types, and takes the first row, which must be this one."""
    desk.page.keyboard.press(keys)
    desk.page.keyboard.type(query)
    expect(desk.page.locator('.chooser-row[aria-selected="true"]')).to_have_attribute("data-choice", first)
    desk.page.keyboard.press("Enter")
    expect(chooser(desk)).to_have_count(0)


def new_graph(desk: DeskPage) -> None:
    desk.file("new")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(0)
    desk.settled()


def select(desk: DeskPage, node: str) -> None:
    """Finds a node of the open part by its name."""
    ask(desk, "Control+f", node, node)
    expect(desk.node(node)).to_have_class(re.compile("selected"))


def test_the_main_job_by_keys_alone(desk: DeskPage) -> None:
    """Data, convolution, flatten, linear, loss: added, wired, set and read."""
    new_graph(desk)
    names = {}
    for component in ("data_digits", "conv_standard", "op_flatten", "linear", "loss_cross_entropy"):
        query = component.replace("_", " ")
        names[component] = desk.new_node(lambda c=component, q=query: ask(desk, "Control+k", q, c))
    data, convolution, flatten, linear, loss = names.values()
    wires = [
        (convolution, f"{data}.x", f"{convolution}.x"),
        (flatten, f"{convolution}.y", f"{flatten}.x"),
        (linear, f"{flatten}.y", f"{linear}.x"),
        (loss, f"{linear}.y", f"{loss}.logits"),
        (loss, f"{data}.y", f"{loss}.target"),
    ]
    for node, source, target in wires:
        select(desk, node)
        ask(desk, "c", source, f"{source}->{target}")
        expect(desk.wire(source, target)).to_have_count(1)
    select(desk, linear)
    desk.page.keyboard.press("Tab")
    expect(desk.inspector.locator("input:focus")).to_have_count(1)
    while not desk.parameter("out_features").evaluate("e => e === document.activeElement"):
        desk.settled()
        desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Control+a")
    desk.page.keyboard.type("10")
    desk.page.keyboard.press("Enter")
    expect(desk.shape(linear)).to_contain_text("10)")
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".st-key-canvas iframe")).to_be_focused()
    expect(desk.node(linear)).to_be_focused()


def test_a_wire_is_selected_and_deleted_by_keys(desk: DeskPage) -> None:
    select(desk, "conv2")
    ask(desk, "w", "pool1", "pool1.y->conv2.x")
    desk.page.keyboard.press("Delete")
    expect(desk.wire("pool1.y", "conv2.x")).to_have_count(0)
    ask(desk, "Control+k", "undo", "undo")
    expect(desk.wire("pool1.y", "conv2.x")).to_have_count(1)


@pytest.mark.slow
def test_what_is_impossible_cannot_be_chosen(desk: DeskPage) -> None:
    desk.page.keyboard.press("Control+Shift+p")
    row = desk.page.locator('[data-choice="undo"]')
    expect(row).to_have_attribute("aria-disabled", "true")
    row.click(force=True)
    expect(chooser(desk)).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(chooser(desk)).to_have_count(0)


@pytest.mark.slow
def test_the_list_opens_from_a_field_and_the_focus_comes_back(desk: DeskPage) -> None:
    desk.search.focus()
    desk.page.keyboard.press("Control+k")
    expect(desk.page.get_by_role("combobox", name="Search commands, components and nodes")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(desk.search).to_be_focused()
    desk.page.keyboard.type("c?")
    expect(desk.search).to_have_value("c?")


def test_find_goes_into_a_block(desk: DeskPage) -> None:
    desk.node("conv2").click()
    desk.node("tanh2").click(modifiers=["Control"])
    block = desk.new_node_of(lambda: desk.press("Control+g"))
    expect(desk.page.locator(".st-key-row_block_name input")).to_be_focused()
    desk.page.keyboard.press("Escape")
    ask(desk, "Control+f", "conv2", f"{block}/conv2")
    expect(desk.button("crumb_0")).to_be_visible()
    expect(desk.node("conv2")).to_have_class(re.compile("selected"))
    desk.settled()
    ask(desk, "Control+f", "optimizer", "optimizer")
    expect(desk.node("optimizer")).to_have_class(re.compile("selected"))
    expect(desk.button("crumb_0")).to_have_count(0)


@pytest.mark.slow
def test_walking_among_nodes(desk: DeskPage) -> None:
    press = desk.page.keyboard.press
    press("ArrowRight")
    expect(desk.node("data")).to_be_focused()
    press("ArrowRight")
    expect(desk.node("augment")).to_be_focused()
    press("ArrowDown")
    expect(desk.node("conv2")).to_be_focused()
    assert desk.selected() == ["conv2"]
    press("PageDown")
    expect(desk.node("tanh2")).to_be_focused()
    press("PageUp")
    press("PageUp")
    expect(desk.node("pool1")).to_be_focused()
    assert desk.selected() == ["pool1"]
    expect(desk.inspector.locator(".desk-head code")).to_have_text("pool1")


def test_a_burst_of_keys_arrives_whole_and_is_one_step(desk: DeskPage) -> None:
    select(desk, "cosine")
    desk.settled()
    start = desk.node("cosine").bounding_box()
    zoom = desk.viewport()[2]
    assert start is not None
    for _ in range(20):
        desk.page.keyboard.press("Shift+ArrowRight")
    desk.page.keyboard.press("Control+ArrowDown")
    expect(desk.button("undo")).to_be_enabled()
    desk.settled()
    end = desk.node("cosine").bounding_box()
    assert end is not None
    assert (end["x"] - start["x"]) / zoom == pytest.approx(400, abs=3)
    assert (end["y"] - start["y"]) / zoom == pytest.approx(5, abs=3)
    desk.page.keyboard.press("Control+z")
    expect(desk.button("undo")).to_be_disabled()
    for _ in range(5):
        desk.page.keyboard.press("Control+d")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(23)


@pytest.mark.slow
def test_what_is_typed_before_the_inspector_is_there_arrives(desk: DeskPage) -> None:
    select(desk, "fc1")
    for key in ("PageUp", "Tab", "4", "Enter"):
        desk.page.keyboard.press(key)
    expect(desk.inspector.locator(".desk-head code")).to_have_text("flatten")
    desk.settled()
    expect(desk.node("flatten")).to_contain_text("4")
    expect(desk.button("undo")).to_be_enabled()


@pytest.mark.slow
def test_round_the_page_and_zoom(desk: DeskPage) -> None:
    select(desk, "fc3")
    before = desk.viewport()[2]
    desk.page.keyboard.press("Shift+F")
    desk.page.wait_for_function(
        "k => document.querySelector('.st-key-canvas iframe').contentDocument"
        ".querySelector('.react-flow__renderer').__zoom.k > k",
        arg=before,
    )
    desk.page.keyboard.press("0")
    expect(desk.page.locator('[data-key="zoom_reset"]')).to_have_text("100%")
    desk.page.keyboard.press("Shift+F6")
    expect(desk.inspector.locator("input:focus")).to_have_count(1)
    desk.page.keyboard.press("Shift+F6")
    expect(desk.search).to_be_focused()
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("?")
    shortcuts = desk.page.get_by_role("region", name="Shortcuts")
    expect(shortcuts).to_be_visible()
    assert shortcuts.evaluate("e => e.scrollWidth <= e.clientWidth"), "a part of the list lies beside it"
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("region", name="Shortcuts")).to_be_hidden()

"""The Build page in Chromium, with mouse and keys, as a person works at it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser


def empty(desk: DeskPage) -> DeskPage:
    """A new graph."""
    desk.file("new")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(0)
    return desk


def test_first_visit_shows_a_graph_that_is_ready_to_train(desk: DeskPage) -> None:
    expect(desk.page.locator(".desk-title")).to_contain_text("LeNet-5")
    expect(desk.button("check_state")).to_contain_text("Ready")
    expect(desk.shape("fc3")).to_contain_text("10)")
    expect(desk.page.locator(".desk-figures")).to_contain_text("61.7 K")
    boxes = {key: desk.page.locator(f".st-key-{key}").bounding_box() for key in ("palette", "canvas", "inspector")}
    assert boxes["palette"] is not None
    assert boxes["canvas"] is not None
    assert boxes["inspector"] is not None
    assert boxes["palette"]["width"] == pytest.approx(260, abs=12)
    assert boxes["inspector"]["width"] == pytest.approx(320, abs=12)
    assert boxes["canvas"]["width"] >= 720
    assert boxes["canvas"]["height"] > 840


def test_four_cards_become_a_network_that_is_broken_and_repaired(desk: DeskPage) -> None:
    """The main job: drag, wire, set a parameter, read the message, repair, undo, redo."""
    empty(desk)
    data = desk.drop("data_digits", 0.08, 0.3)
    expect(desk.shape(data).first).to_contain_text("1,8,8)")
    convolution = desk.drop("conv_standard", 0.36, 0.3)
    flatten = desk.drop("op_flatten", 0.64, 0.3)
    linear = desk.drop("linear", 0.36, 0.6)
    before = desk.viewport()
    desk.connect(f"{data}.x", f"{convolution}.x")
    desk.connect(f"{convolution}.y", f"{flatten}.x")
    desk.connect(f"{flatten}.y", f"{linear}.x")
    expect(desk.shape(linear)).to_contain_text("64)")
    expect(desk.shape(flatten)).to_contain_text("1152)")
    assert desk.viewport() == before

    desk.node(linear).click()
    expect(desk.parameter("in_features")).to_have_attribute("placeholder", "auto (1152)")
    desk.parameter("in_features").fill("100")
    desk.parameter("in_features").press("Enter")
    expect(desk.node(linear)).to_have_class(re.compile("is-error"))
    expect(desk.node(linear).locator(".issue")).to_contain_text("1152")
    expect(desk.inspector.locator('[class*="st-key-problem_hard"]')).to_contain_text("1152")
    expect(desk.button("check_state")).to_contain_text("1 problem")

    desk.button("fix_0").click()
    expect(desk.node(linear)).not_to_have_class(re.compile("is-error"))
    expect(desk.shape(linear)).to_contain_text("64)")
    desk.button("undo").click()
    expect(desk.node(linear)).to_have_class(re.compile("is-error"))
    desk.press("Control+Shift+z")
    expect(desk.node(linear)).not_to_have_class(re.compile("is-error"))
    desk.press("Control+z")
    expect(desk.node(linear)).to_have_class(re.compile("is-error"))
    desk.button("redo").click()
    expect(desk.node(linear)).not_to_have_class(re.compile("is-error"))


def test_a_card_lands_under_the_pointer_after_pan_and_zoom(desk: DeskPage) -> None:
    desk.page.mouse.move(*desk.at(0.5, 0.9))
    desk.page.mouse.wheel(0, 300)
    desk.drag(desk.at(0.03, 0.92), desk.at(0.2, 0.8))
    before = desk.viewport()
    where = desk.at(0.75, 0.9)
    new = desk.new_node(lambda: desk.drag(desk.centre(desk.show_card("linear")), where))
    box = desk.node(new).bounding_box()
    assert box is not None
    assert box["x"] - 2 <= where[0] <= box["x"] + 30
    assert box["y"] - 2 <= where[1] <= box["y"] + 30
    assert desk.viewport() == before
    assert desk.selected() == [new]


def test_a_card_on_a_wire_goes_in_between(desk: DeskPage) -> None:
    start, end = desk.centre(desk.port("conv1.y")), desk.centre(desk.port("tanh1.x"))
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    new = desk.new_node(lambda: desk.drag(desk.centre(desk.show_card("drop_dropout")), middle))
    expect(desk.wire("conv1.y", f"{new}.x")).to_have_count(1)
    expect(desk.wire(f"{new}.y", "tanh1.x")).to_have_count(1)
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(0)
    expect(desk.shape(new)).to_contain_text("6,28,28)")


def test_cards_are_added_by_click_and_by_key(desk: DeskPage) -> None:
    empty(desk)
    first = desk.new_node(lambda: desk.show_card("act_relu").click())

    def by_key() -> None:
        desk.search.fill("linear")
        desk.search.press("ArrowDown")
        desk.page.keyboard.press("Enter")

    second = desk.new_node(by_key)
    assert first.startswith("relu")
    assert second.startswith("linear")
    boxes = [desk.node(n).bounding_box() for n in (first, second)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"] or boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]


def test_search_finds_by_name_keyword_chinese_and_slip(desk: DeskPage) -> None:
    for query, component in (
        ("convolution", "conv_standard"),
        ("卷积", "conv_standard"),
        ("dense", "linear"),
        ("lstm", "rnn_lstm"),
        ("convlution", "conv_standard"),
    ):
        desk.search.fill(query)
        expect(desk.card(component)).to_be_visible()
    desk.search.fill("zzzz")
    expect(desk.page.locator(".desk-none")).to_contain_text("zzzz")
    desk.search.fill("")
    family = desk.page.locator('[data-key="family_fam-pooling"]')
    family.click()
    expect(desk.card("pool_max")).to_be_visible()
    family.click()
    expect(desk.card("pool_max")).to_have_count(0)


def test_a_refused_wire_disappears_and_says_why(desk: DeskPage) -> None:
    desk.connect("fc3.y", "conv1.x")
    expect(desk.notice).to_contain_text("cycle")
    expect(desk.wire("fc3.y", "conv1.x")).to_have_count(0)
    expect(desk.canvas.locator('[data-testid^="rf__edge-st-flow"]')).to_have_count(0)
    expect(desk.button("undo")).to_be_disabled()
    new = desk.drop("linear", 0.5, 0.9)
    desk.connect(f"{new}.x", "fc2.x")
    expect(desk.notice).to_contain_text("from an output to an input")
    desk.button("language").click()
    desk.connect("fc3.y", "conv1.x")
    expect(desk.notice).to_contain_text("环")


def test_a_wire_dropped_on_a_node_finds_the_port(desk: DeskPage) -> None:
    new = desk.drop("loss_cross_entropy", 0.05, 0.9)
    desk.drag(desk.centre(desk.port("fc3.y")), desk.centre(desk.node(new)))
    expect(desk.wire("fc3.y", f"{new}.logits")).to_have_count(1)


def test_another_page_and_back(desk: DeskPage) -> None:
    desk.node("conv2").click()
    expect(desk.inspector).to_contain_text("conv2")
    desk.page.locator('[data-key="zoom_in"]').click()
    desk.page.wait_for_timeout(500)
    view, id = desk.viewport(), desk.desk_id()
    desk.page.locator('[class*="st-key-nav_gallery"] a').click()
    expect(desk.page.locator(".st-key-canvas")).to_have_count(0)
    desk.page.locator('[class*="st-key-nav_build"] a').click()
    desk.wait()
    assert desk.desk_id() == id
    expect(desk.node("conv2")).to_have_class(re.compile("selected"))
    assert desk.viewport() == pytest.approx(view, abs=1)


def test_copy_and_paste_into_another_graph(desk: DeskPage) -> None:
    desk.node("fc1").click()
    desk.node("tanh3").click(modifiers=["Control"])
    desk.press("Control+c")
    empty(desk)
    desk.press("Control+v")
    expect(desk.node("fc1")).to_have_count(1)
    expect(desk.wire("fc1.y", "tanh3.x")).to_have_count(1)
    desk.press("Control+v")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(4)


def test_delete_duplicate_and_move_with_keys_and_mouse(desk: DeskPage) -> None:
    desk.node("cosine").click()
    copy = desk.new_node(lambda: desk.press("Control+d"))
    expect(desk.node(copy)).to_have_class(re.compile("selected"))
    desk.press("Delete")
    expect(desk.node(copy)).to_have_count(0)
    desk.button("undo").click()
    expect(desk.node(copy)).to_have_count(1)

    start = desk.node("cosine").bounding_box()
    assert start is not None
    corner = (start["x"] + 30, start["y"] + 12)
    desk.drag(corner, (corner[0] - 200, corner[1] + 20))
    expect(desk.button("undo")).to_be_enabled()
    moved = desk.node("cosine").bounding_box()
    assert moved is not None
    assert moved["x"] - start["x"] == pytest.approx(-200, abs=8)
    desk.page.wait_for_timeout(600)
    assert desk.node("cosine").bounding_box() == moved, "an answer of the app moved the node"
    desk.press("Control+z")
    desk.page.wait_for_timeout(600)
    back = desk.node("cosine").bounding_box()
    assert back is not None
    assert back["x"] == pytest.approx(start["x"], abs=1)


def test_a_change_out_of_sight_is_brought_into_view(desk: DeskPage) -> None:
    desk.node("optimizer").click()
    desk.parameter("lr").fill("0.01")
    desk.parameter("lr").press("Enter")
    expect(desk.node("optimizer")).to_contain_text("0.01")
    desk.page.keyboard.press("Escape")
    for _ in range(3):
        desk.drag(desk.at(0.55, 0.03), desk.at(0.02, 0.03))
    canvas = desk.page.locator(".st-key-canvas").bounding_box()
    hidden = desk.node("optimizer").bounding_box()
    assert canvas is not None
    assert hidden is not None
    assert hidden["x"] + hidden["width"] < canvas["x"]
    desk.button("undo").click()
    expect(desk.node("optimizer")).to_contain_text("0.003")
    desk.page.wait_for_timeout(700)
    seen = desk.node("optimizer").bounding_box()
    assert seen is not None
    assert canvas["x"] <= seen["x"] <= canvas["x"] + canvas["width"] - seen["width"]


def test_a_wire_is_selected_and_deleted(desk: DeskPage) -> None:
    start, end = desk.centre(desk.port("conv1.y")), desk.centre(desk.port("tanh1.x"))
    desk.page.mouse.click((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    expect(desk.inspector).to_contain_text("conv1.y")
    desk.press("Backspace")
    expect(desk.wire("conv1.y", "tanh1.x")).to_have_count(0)
    expect(desk.node("conv1")).to_have_count(1)


def test_a_refresh_keeps_work_selection_place_and_history(desk: DeskPage) -> None:
    desk.node("conv2").click()
    desk.parameter("out_channels").fill("12")
    desk.parameter("out_channels").press("Enter")
    expect(desk.shape("conv2")).to_contain_text("12,10,10)")
    desk.page.locator('[data-key="zoom_in"]').click()
    desk.page.wait_for_timeout(500)
    view, id = desk.viewport(), desk.desk_id()
    desk.page.reload()
    desk.wait()
    assert desk.desk_id() == id
    expect(desk.shape("conv2")).to_contain_text("12,10,10)")
    assert desk.selected() == ["conv2"]
    expect(desk.parameter("out_channels")).to_have_value("12")
    assert desk.viewport() == pytest.approx(view, abs=1)
    desk.press("Control+z")
    expect(desk.shape("conv2")).to_contain_text("16,10,10)")


def test_a_second_tab_at_the_same_address_works_on_a_copy(desk: DeskPage) -> None:
    desk.node("conv2").click()
    desk.press("Delete")
    expect(desk.node("conv2")).to_have_count(0)
    other = DeskPage(desk.page.context.new_page(), desk.url).open(f"/?desk={desk.desk_id()}")
    expect(other.notice).to_contain_text("copy")
    assert other.desk_id() != desk.desk_id()
    expect(other.node("conv2")).to_have_count(0)
    other.press("Control+a")
    other.press("Delete")
    expect(other.canvas.locator(".react-flow__node.body")).to_have_count(0)
    desk.press("Control+z")
    expect(desk.node("conv2")).to_have_count(1)


def test_a_broken_file_gives_one_message_and_loses_nothing(desk: DeskPage, tmp_path: Path) -> None:
    id = desk.desk_id()
    bad_node = {
        "format": "layerloom-graph",
        "version": 1,
        "nodes": [{"id": "../x", "component": "linear"}],
        "edges": [],
    }
    files = {
        "pickle": b"\x80\x04K\x01.",
        "half": b"{",
        "other": b'{"format": "other"}',
        "node": json.dumps(bad_node).encode(),
    }
    says = {"pickle": "UTF-8", "half": "JSON", "other": "layerloom-graph", "node": "nodes/0"}
    desk.file("upload")
    for name, content in files.items():
        path = tmp_path / f"{name}.json"
        path.write_bytes(content)
        desk.page.locator('.st-key-upload_file input[type="file"]').set_input_files(path)
        alert = desk.page.locator('[data-testid="stDialog"] [data-testid="stAlert"]')
        expect(alert).to_contain_text(says[name])
        expect(alert).to_have_count(1)
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator('[data-testid="stDialog"]')).to_have_count(0)
    assert desk.desk_id() == id
    expect(desk.node("conv1")).to_have_count(1)


def test_names_in_a_file_cannot_run(desk: DeskPage, tmp_path: Path) -> None:
    evil = '<img src=x onerror="window.top.hacked=1">'
    graph = {
        "format": "layerloom-graph", "version": 1, "meta": {"title": evil, "description": evil},
        "nodes": [
            {"id": "a", "component": "linear", "params": {evil: evil}, "settings": {"name": evil}},
            {"id": "b", "component": "from_the_future", "params": {"x": evil}},
        ],
        "edges": [{"from": "a.y", "to": "b.x"}],
    }  # fmt: skip
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(graph))
    desk.file("upload")
    desk.page.locator('.st-key-upload_file input[type="file"]').set_input_files(path)
    desk.node("a").click()
    expect(desk.node("a").locator(".name")).to_have_text(evil)
    desk.node("b").click()
    expect(desk.node("b")).to_have_class(re.compile("is-error"))
    expect(desk.wire("a.y", "b.x")).to_have_count(1)
    assert desk.page.evaluate("() => window.hacked") is None
    assert desk.canvas.locator("img").count() == 0


def test_saving_and_opening(desk: DeskPage, workspace: Path) -> None:
    desk.node("cosine").click()
    desk.press("Delete")
    expect(desk.node("cosine")).to_have_count(0)
    desk.press("Control+s")
    name = desk.page.locator(".st-key-save_name input")
    name.fill("../evil")
    desk.page.locator(".st-key-save_confirm button").first.click()
    expect(desk.page.locator('[data-testid="stDialog"] [data-testid="stAlert"]')).to_contain_text("name")
    name.fill("Without schedule")
    desk.page.locator(".st-key-save_confirm button").first.click()
    expect(desk.notice).to_contain_text("Without schedule.json")
    saved = workspace / "graphs" / "Without schedule.json"
    assert "cosine" not in saved.read_text()
    desk.file("new")
    expect(desk.canvas.locator(".react-flow__node.body")).to_have_count(0)
    desk.file("open")
    desk.page.get_by_role("tab", name="Saved").click()
    desk.page.locator('[data-testid="stDialog"]').get_by_role("button", name=re.compile("Without schedule")).click()
    expect(desk.node("optimizer")).to_have_count(1)
    expect(desk.node("cosine")).to_have_count(0)


def test_download_gives_the_graph_file(desk: DeskPage) -> None:
    with desk.page.expect_download() as waiting:
        desk.file("download")
    assert json.loads(Path(waiting.value.path()).read_text())["meta"]["title"] == "LeNet-5 on MNIST"


def test_blocks_are_made_opened_repeated_and_left(desk: DeskPage) -> None:
    desk.node("conv2").click()
    desk.node("tanh2").click(modifiers=["Control"])
    assert sorted(desk.selected()) == ["conv2", "tanh2"]
    block = desk.new_node_of(lambda: desk.press("Control+g"))
    expect(desk.shape(block)).to_contain_text("16,10,10)")
    desk.node(block).dblclick()
    expect(desk.node("conv2")).to_have_count(1)
    expect(desk.shape("conv2")).to_contain_text("16,10,10)")
    expect(desk.button("crumb_0")).to_be_visible()
    desk.button("crumb_0").click()
    expect(desk.node("conv1")).to_have_count(1)
    desk.node(block).click()
    repeat = desk.page.locator(".st-key-row_repeat input")
    repeat.fill("2")
    repeat.press("Enter")
    expect(desk.node(block)).to_contain_text("×2")
    desk.button("undo").click()
    expect(desk.node(block)).not_to_contain_text("×2")
    desk.button("detach_block").click()
    expect(desk.node("conv2")).to_have_count(1)


def test_arranging_brings_all_into_view(desk: DeskPage) -> None:
    start = desk.node("optimizer").bounding_box()
    assert start is not None
    corner = (start["x"] + 20, start["y"] + 10)
    desk.drag(corner, (corner[0] - 300, corner[1] - 260))
    expect(desk.button("undo")).to_be_enabled()
    desk.button("arrange").click()
    desk.page.wait_for_timeout(900)
    after = desk.node("optimizer").bounding_box()
    assert after is not None
    assert after["x"] == pytest.approx(start["x"], abs=3)


def test_both_themes_and_both_languages_hold_together(desk: DeskPage) -> None:
    desk.button("theme").click()
    expect(desk.page.locator("html")).to_have_attribute("data-desk", "dark")
    background = "e => getComputedStyle(e).backgroundColor"
    dark = desk.node("conv1").evaluate(background)
    desk.button("theme").click()
    expect(desk.page.locator("html")).to_have_attribute("data-desk", "light")
    expect_change(desk.node("conv1"), background, dark)
    desk.button("language").click()
    expect(desk.node("conv1")).to_contain_text("标准卷积")
    expect(desk.button("check_state")).to_contain_text("可以训练")
    expect(desk.search).to_have_attribute("placeholder", "搜索组件")


def expect_change(locator: Locator, script: str, old: str) -> None:
    for _ in range(40):
        if locator.evaluate(script) != old:
            return
        locator.page.wait_for_timeout(50)
    raise AssertionError(f"{script} is still {old}")


def test_usable_at_1280_by_720(browser: Browser, app: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN")
    page: Page = context.new_page()
    desk = DeskPage(page, app).open()
    expect(desk.button("check_state")).to_contain_text("可以训练")
    boxes = []
    for key in ("nav", "file_menu", "undo", "redo", "check_state", "train", "language", "theme"):
        box = page.locator(f".st-key-{key}").first.bounding_box()
        assert box is not None, key
        boxes.append((key, box))
    for (left, a), (right, b) in itertools.pairwise(boxes):
        assert a["x"] + a["width"] <= b["x"] + 1, f"{left} lies over {right}"
    canvas = page.locator(".st-key-canvas").bounding_box()
    assert canvas is not None
    assert canvas["width"] >= 640
    context.close()

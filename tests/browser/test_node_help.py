"""Help at the node in Chromium: formulas, links, and repairs, one by one and all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builder.graph import save
from components import all_components
from tests.browser.conftest import served
from tests.browser.desk_page import READY, DeskPage
from tests.compiler.build import Node, graph

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_every_formula_is_set(page: Page, tmp_path: Path) -> None:
    with_formula = [c.id for c in all_components().values() if "$" in c.doc.body]
    with served(tmp_path / "workspace", tmp_path / "app.txt", "tests/browser/formulas.py") as url:
        page.goto(url)
        page.wait_for_selector("#all-set", state="attached", timeout=READY)
        page.wait_for_function(
            "n => [...document.querySelectorAll('[class*=st-key-body_]')].filter(e => e.querySelector('.katex')).length >= n",
            arg=len(with_formula),
        )
        assert page.locator(".katex-error").evaluate_all("all => all.map(e => e.title || e.textContent)") == []
        assert page.locator(".katex-display").count() > 150
        assert "$$" not in page.locator("body").inner_text()


def test_the_help_on_a_component(desk: DeskPage) -> None:
    desk.node("conv1").click()
    about = desk.page.locator(".st-key-about")
    about.locator("summary").click()
    expect(about.locator(".katex-display")).to_be_visible()
    expect(about.locator(".about-port").nth(1)).to_contain_text("6,28,28)")
    paper = about.locator("a", has_text="arXiv")
    expect(paper).to_have_attribute("href", "https://arxiv.org/abs/1603.07285")
    expect(paper).to_have_attribute("target", "_blank")
    expect(about.locator("code", has_text="components.create")).to_contain_text('"conv_standard", in_channels=1')
    box = about.bounding_box()
    assert box is not None
    assert box["width"] <= 320
    with desk.page.context.expect_page() as opened:
        about.locator("a", has_text="LeNet-5").click()
    other = DeskPage(opened.value, desk.url).wait()
    expect(other.page.locator(".desk-title")).to_contain_text("LeNet-5")
    other.page.close()


@pytest.mark.slow
def test_what_a_node_costs(desk: DeskPage) -> None:
    cost = desk.node("conv2").locator(".cost")
    expect(cost).to_have_text("480K FLOPs")
    expect(cost).to_have_attribute("title", re.compile("480,000 .* one sample"))
    expect(desk.node("tanh1").locator(".cost")).to_have_count(0)


def broken(path: Path) -> Path:
    """A file with a residual connection that does not fit, a wrong size beside it, and no optimizer."""
    conv: Node = ("conv_standard", {"out_channels": 4, "padding": 1})
    made = graph(
        {
            "data": "data_digits", "a": conv, "b": ("conv_standard", {"out_channels": 6, "padding": 1}), "add": "op_add",
            "gap": ("pool_global_avg", {"keepdim": False}), "out": ("linear", {"out_features": 10}),
            "loss": "loss_cross_entropy", "side": ("linear", {"in_features": 99}),
        },
        ["data.x a.x side.x", "a.y b.x add.xs", "b.y add.xs", "add.y gap.x", "gap.y out.x", "out.y loss.logits", "data.y loss.target"],
    )  # fmt: skip
    save(made, path)
    return path


def test_repairs_to_choose_from_and_all_at_once(desk: DeskPage, tmp_path: Path) -> None:
    desk.file("upload")
    desk.page.locator('.st-key-upload_file input[type="file"]').set_input_files(broken(tmp_path / "broken.json"))
    expect(desk.node("add")).to_have_class(re.compile("is-error"))

    desk.node("add").click()
    expect(desk.button("fix_0")).to_contain_text("Project what comes from a: 1 x 1 convolution, 6 channels")
    expect(desk.button("fix_0_1")).to_contain_text("Project what comes from b")
    desk.button("fix_0_1").click()
    expect(desk.node("add")).not_to_have_class(re.compile("is-error"))
    expect(desk.shape("add")).to_contain_text("4,8,8)")
    desk.button("undo").click()
    expect(desk.node("add")).to_have_class(re.compile("is-error"))

    desk.press("Escape")
    expect(desk.button("check_state")).to_contain_text("2 problems")
    desk.button("repair_all").click()
    expect(desk.button("check_state")).to_contain_text("Fits")
    expect(desk.notice).to_contain_text("Repaired. add: Project what comes from a")
    desk.button("fix_training").click()
    expect(desk.button("check_state")).to_contain_text("Ready")
    expect(desk.node("adam1")).to_be_visible()
    desk.button("undo").click()
    desk.button("undo").click()
    expect(desk.button("check_state")).to_contain_text("2 problems")

"""The searchable list, run by the browser it is written for, without the app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from builder.ui.canvas.component import bundle

pytestmark = pytest.mark.browser

ITEMS = [
    {"id": "undo", "title": "Undo", "group": "Commands", "keys": "Ctrl+Z", "also": "撤销"},
    {"id": "paste", "title": "Paste", "group": "Commands", "impossible": True},
    {"id": "conv", "title": "Convolution", "group": "Components", "about": "Filters slide over the input", "also": "标准卷积"},
    {"id": "late", "title": "Convolution that does not fit", "group": "Components", "later": True},
    {"id": "wide", "title": "Wide convolution <b>", "group": "Components"},
]  # fmt: skip


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with a button that has the focus and an open list; ``done`` is what was chosen."""
    page = browser.new_page()
    page.set_content("<button id=before>before</button><div id=root></div>")
    page.evaluate(
        """async ([source, items]) => {
          const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
          const { Chooser, pieces } = await import(url);
          window.pieces = pieces;
          window.done = [];
          document.querySelector("#before").focus();
          window.chooser = new Chooser(document.querySelector("#root"));
          window.show = (at) => chooser.open({
            items, at, placeholder: "Search", empty: "Nothing for {query}",
            onChoose: (item) => done.push(item.id, document.activeElement.id), onClose: () => done.push("closed"),
          });
          show();
        }""",
        [bundle("dom", "search", "chooser") + "\nexport { Chooser, pieces };", ITEMS],
    )
    yield page
    page.close()


def titles(page: Page) -> list[str]:
    return page.locator(".chooser-row .title").all_text_contents()


def marked(page: Page) -> str:
    return page.locator('.chooser-row[aria-selected="true"]').get_attribute("data-choice") or ""


def test_without_a_query_all_stand_in_groups_and_what_comes_later_last(page: Page) -> None:
    assert page.locator(".chooser-group").all_text_contents() == ["Commands", "Components"]
    assert titles(page)[-1] == "Convolution that does not fit"
    assert page.locator("#root b").count() == 0


def test_arrows_pass_what_cannot_be_chosen_and_go_round(page: Page) -> None:
    visited = [marked(page)]
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        visited.append(marked(page))
    assert visited == ["undo", "conv", "wide", "late", "undo", "late"]
    active = page.get_by_role("combobox").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("data-choice") == "late"


@pytest.mark.parametrize(
    ("query", "first"), [("undo", "undo"), ("convolutoin", "conv"), ("卷积", "conv"), ("撤", "undo")]
)
def test_it_finds_with_slips_and_in_both_languages(page: Page, query: str, first: str) -> None:
    page.keyboard.insert_text(query)
    assert marked(page) == first


def test_enter_chooses_and_the_focus_is_back_before(page: Page) -> None:
    page.keyboard.type("conv")
    page.keyboard.press("Enter")
    assert page.evaluate("done") == ["conv", "before"]
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_escape_and_a_press_beside_it_close(page: Page) -> None:
    page.keyboard.press("Escape")
    assert page.evaluate("[done, document.activeElement.id]") == [["closed"], "before"]
    page.evaluate("show({ x: 5000, y: 5000 })")
    assert page.evaluate("chooser.box.style.left !== ''")
    page.evaluate("chooser.back.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))")
    assert page.evaluate("[done, chooser.shown]") == [["closed", "closed"], False]


def test_nothing_found_is_said_and_enter_does_nothing(page: Page) -> None:
    page.keyboard.type("zzzz")
    expect(page.locator(".chooser-none")).to_have_text("Nothing for zzzz")
    page.keyboard.press("Enter")
    assert page.evaluate("[done, chooser.shown]") == [[], True]


def test_what_was_searched_is_marked(page: Page) -> None:
    assert page.evaluate("pieces('Dilated convolution', 'conv')") == [
        ["Dilated ", False],
        ["conv", True],
        ["olution", False],
    ]
    assert page.evaluate("pieces('Dropout', 'zz')") == [["Dropout", False]]

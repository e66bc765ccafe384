"""Every page by the rules of WCAG 2 A and AA (contrast, names of controls, structure), in both themes; and in a small window."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.desk_page import DeskPage
from tests.browser.site import READY

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa"], "iframes": False}
PAGES = {"": "canvas", "train": "page_train", "inspect": "page_inspect", "runs": "page_runs", "gallery": "page_gallery"}


@pytest.fixture(params=["light", "dark"])
def themed(browser: Browser, request: pytest.FixtureRequest) -> Any:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US", color_scheme=request.param)
    context.set_default_timeout(40_000)
    yield context.new_page()
    context.close()


def violations(place: Page | Frame) -> list[str]:
    """What breaks a rule, with the elements and, of contrasts, the figure."""
    place.evaluate(Axe().axe_script)
    found = place.evaluate("rules => axe.run(document, rules).then(r => r.violations)", RULES)
    return [
        f"{rule['id']} {' '.join(map(str, node['target']))[-90:]} {[(c['data'] or {}).get('contrastRatio') for c in node['any'] if isinstance(c['data'], dict)]}"
        for rule in found
        for node in rule["nodes"]
    ]


def test_pages_follow_the_rules(themed: Page, app: str) -> None:
    found = {}
    for name, place in PAGES.items():
        if name:
            themed.goto(f"{app}/{name}")
        else:
            DeskPage(themed, app).open()
        expect(themed.locator(f".st-key-{place}")).to_be_visible(timeout=READY)
        themed.wait_for_load_state("networkidle")
        found[name or "build"] = violations(themed)
        if not name:
            expect(themed.get_by_role("button", name=re.compile("^Activation"))).to_have_count(
                1
            )  # as it is written there
            found["canvas"] = violations(next(frame for frame in themed.frames if "streamlit_flow" in frame.url))
        wide = themed.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} must be scrolled sideways at 1280x720"
    assert not {name: broken for name, broken in found.items() if broken}

"""What a view gives to a person in Chromium: files to take away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

FIGURE = "panel_figure"


@pytest.fixture
def site(page: Page, app: str) -> Site:
    return Site(page, app)


def test_a_view_is_taken_away_as_picture_page_and_numbers(site: Site, tmp_path: Path) -> None:
    site.open("/inspect?graph=lenet5")
    site.choose("inspect_source", "untrained")
    site.pick("inspect_pick", "Output of a node")
    site.wait_figure(FIGURE, "g => g.layout.title && g.layout.title.text.includes('conv1')")
    page = site.page
    site.button("view_save").click()
    files = {}
    for format in ("json", "html", "png"):
        with page.expect_download(timeout=READY) as waiting:
            page.locator(f".st-key-view_save_{format} button").click()
        assert waiting.value.suggested_filename == f"output-conv1-valid-sample-0.{format}"
        files[format] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[format])
    assert json.loads(files["json"].read_text())["statement"]["node"] == "conv1"
    assert "Feature maps" in files["html"].read_text()
    with Image.open(files["png"]) as picture:
        assert picture.width == 2000
        assert len(picture.convert("RGB").getcolors(2**20) or []) > 20

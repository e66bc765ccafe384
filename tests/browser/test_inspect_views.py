"""What a view gives to a person in Chromium: files to take away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

FIGURE = "panel_figure"


@pytest.fixture
def site(page: Page, app: str) -> Site:
    return Site(page, app)


def test_a_view_is_taken_away_as_picture_page_and_numbers(site: Site, tmp_path: Path) -> None:
    site.open("/inspect?graph=lenet5")
    site.choose("inspect_source", "untrained")
    site.pick("inspect_topic", "Inside")
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


def test_a_point_of_a_projection_shows_its_sample_and_leads_to_it(site: Site) -> None:
    site.open("/inspect?graph=lenet5")
    site.choose("inspect_source", "untrained")
    site.pick("inspect_topic", "Representation")
    site.pick("inspect_pick", "Projection")
    site.wait_figure(FIGURE, "g => g._fullData.some(t => t.customdata && t.x.length > 3)")
    page = site.page
    chart = site.chart(FIGURE)
    chart.scroll_into_view_if_needed()
    place = site.figure(
        FIGURE,
        "g => { const t = g._fullData.find(t => t.customdata && t.x.length > 3), l = g._fullLayout;"
        " const r = g.querySelector('.nsewdrag').getBoundingClientRect();"
        " const i = [...t.customdata].findIndex((item, i) => item > 0 && t.x[i] === Math.max(...[...t.x].slice(1)));"
        " return { item: t.customdata[i], x: r.left + l.xaxis.d2p(t.x[i]), y: r.top + l.yaxis.d2p(t.y[i]) }; }",
    )
    page.mouse.move(place["x"] - 2, place["y"])
    page.mouse.move(place["x"], place["y"])
    expect(page.locator(".chart-thumbnail")).to_be_visible(timeout=READY)
    page.mouse.click(place["x"], place["y"])
    expect(page.locator(".st-key-sample_index input")).to_have_value(str(place["item"]), timeout=READY)


def test_a_cell_of_the_confusion_matrix_leads_to_its_samples(site: Site) -> None:
    site.open("/inspect?graph=lenet5")
    site.choose("inspect_source", "untrained")
    site.pick("inspect_topic", "Whole split")
    site.pick("inspect_pick", "Confusion matrix")
    site.wait_figure(FIGURE, "g => g.layout.title.text.includes('Confusion')")
    page = site.page
    site.chart(FIGURE).scroll_into_view_if_needed()
    place = site.figure(
        FIGURE,
        "g => { const c = g.data[0].customdata, l = g._fullLayout;"
        " const i = c.findIndex(r => r.some(d => d[1] > 0)), j = c[i].findIndex(d => d[1] > 0);"
        " const r = g.querySelector('.nsewdrag').getBoundingClientRect();"
        " return { count: c[i][j][1], x: r.left + l.xaxis.d2p(j), y: r.top + l.yaxis.d2p(i) }; }",
    )
    page.mouse.move(place["x"] - 3, place["y"])
    page.mouse.click(place["x"], place["y"])
    cards = page.locator(".st-key-mistakes_strip .sample-card")
    expect(cards).to_have_count(min(place["count"], 12), timeout=READY)

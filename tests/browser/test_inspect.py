"""Looking inside in Chromium: feature maps, attention, mistakes, an image of one's own, light and dark."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

FIGURE = "panel_figure"


@pytest.fixture
def site(page: Page, app: str) -> Site:
    return Site(page, app)


def open_model(site: Site, name: str) -> Page:
    site.open(f"/inspect?graph={name}")
    expect(site.chart(FIGURE)).to_be_visible(timeout=READY)
    site.choose("inspect_source", "untrained")
    return site.page


def title(part: str) -> str:
    return f"g => g.layout.title && g.layout.title.text.includes({part!r})"


def test_feature_maps_of_a_convolution(site: Site) -> None:
    page = open_model(site, "lenet5")
    site.pick("inspect_topic", "Inside")
    site.pick("inspect_pick", "Output of a node")
    site.wait_figure(FIGURE, title("conv1"))
    site.choose("inspect_node_output", "conv2")
    site.wait_figure(FIGURE, title("conv2"))
    expect(page.locator(f".st-key-{FIGURE}")).to_contain_text("16 × 10 × 10")
    page.locator('.st-key-sample_strip [data-item="5"]').click()
    expect(page.locator('.st-key-sample_strip [data-item="5"]')).to_have_attribute(
        "aria-pressed", "true", timeout=READY
    )
    expect(page.locator(".st-key-sample_index input")).to_have_value("5")
    expect(page.locator(".inspect-words")).to_contain_text("Method")


def test_an_attention_map(site: Site) -> None:
    page = open_model(site, "vit")
    site.pick("inspect_topic", "Attention")
    site.wait_figure(FIGURE, title("attention"))
    expect(page.locator(f".st-key-{FIGURE}")).to_contain_text("head 3")
    ink = site.figure(FIGURE, "g => g._fullLayout.title.font.color")
    site.button("theme").click()
    site.page.wait_for_function("document.documentElement.dataset.desk === 'dark'")
    site.wait_figure(FIGURE, f"g => g._fullLayout.title.font.color !== {ink!r}")


@pytest.mark.slow
def test_a_mistake_leads_to_its_sample(site: Site) -> None:
    page = open_model(site, "logistic_regression")
    site.pick("inspect_topic", "Whole split")
    site.pick("inspect_pick", "Confusion matrix")
    site.wait_figure(FIGURE, title("Confusion"))
    page = open_model(site, "lenet5")
    site.pick("inspect_topic", "Whole split")
    site.pick("inspect_pick", "Worst mistakes")
    worst = page.locator(".st-key-mistakes_strip .sample-card").first
    expect(worst).to_be_visible(timeout=READY)
    number = worst.get_attribute("data-item")
    worst.click()
    site.wait_figure(FIGURE, title("Prediction"))
    expect(page.locator(".st-key-sample_index input")).to_have_value(str(number))


def seen(site: Site) -> str:
    """The address of the picture that the model is given."""
    return site.page.locator(".pad-seen-picture").get_attribute("src") or ""


def stroke(site: Site, *points: tuple[float, float]) -> None:
    """Draws a line on the sheet, through shares of its width and height."""
    sheet = site.page.locator(".pad-sheet")
    expect(sheet).to_be_visible(timeout=READY)
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    mouse = site.page.mouse
    for place, (x, y) in enumerate(points):
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if place == 0:
            mouse.down()
    mouse.up()


def test_an_image_of_ones_own_drawn_or_from_a_file(site: Site) -> None:
    page = open_model(site, "lenet5")
    site.pick("sample_way", "My own")
    expect(page.locator(".page-empty")).to_be_visible(timeout=READY)
    stroke(site, (0.3, 0.25), (0.7, 0.25), (0.45, 0.8))
    expect(page.locator(".pad-seen-picture")).to_be_visible(timeout=READY)
    site.pick("inspect_topic", "Sample and answer")
    site.pick("inspect_pick", "Prediction")
    site.wait_figure(FIGURE, title("Prediction"))
    before = site.figure(FIGURE, "g => JSON.stringify(g.data[0].x)")
    first = seen(site)
    stroke(site, (0.3, 0.8), (0.7, 0.8))
    site.wait_figure(FIGURE, f"g => JSON.stringify(g.data[0].x) !== {before!r}")
    assert seen(site) != first
    page.locator(".pad-sheet").press("Control+z")
    site.wait_figure(FIGURE, f"g => JSON.stringify(g.data[0].x) === {before!r}")
    site.pick("own_image_way", "File")
    expect(page.locator(".page-empty")).to_be_visible(timeout=READY)
    drawn = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(drawn).line((60, 40, 140, 40, 90, 260), fill="black", width=20)
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    site.upload(".st-key-panel_inspect", "seven.png", buffer.getvalue(), "image/png")
    site.wait_figure(FIGURE, title("Prediction"))

"""A walk through every view of the Inspect page, as a person clicks: what is looked for in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import expect

from builder.inspect import ViewSpec
from tests.browser.site import READY, Site

PANEL = ".st-key-inspect_view"
FIGURE = ".st-key-panel_figure"
COMPUTED = 240_000  # ms: a view of a whole split, on a machine that does other work

# What a figure draws: every number in it is finite or left out, something is there, and no word is cut off at its edge.
DRAWN = """g => {
  const flat = v => ArrayBuffer.isView(v) ? [...v] : Array.isArray(v) ? v.flatMap(flat) : [v];
  const shown = g._fullData.filter(t => t.visible === true);
  const values = shown.flatMap(t => ['x', 'y', 'z', 'values'].flatMap(axis => t[axis] === undefined ? [] : flat(t[axis])));
  const numbers = values.filter(v => typeof v === 'number' && !Number.isNaN(v));
  const pictures = shown.filter(t => t.type === 'image').length + (g.layout.images || []).length;
  const table = shown.filter(t => t.type === 'table').length;
  const box = g.getBoundingClientRect();
  const cut = [...g.querySelectorAll('.main-svg text')]
    .filter(text => !text.closest('.hoverlayer') && text.textContent.trim() && getComputedStyle(text).opacity > 0)
    .map(text => [text.textContent, text.getBoundingClientRect()])
    .filter(([, r]) => r.width && (r.left < box.left - 4 || r.right > box.right + 4 || r.top < box.top - 4 || r.bottom > box.bottom + 4))
    .map(([text]) => text);
  return { numbers: numbers.length, infinite: numbers.filter(v => !Number.isFinite(v)).length, pictures, table, cut };
}"""


def firsts_of(views: Sequence[ViewSpec]) -> list[str]:
    """The first view of each topic."""
    return list({view.topic.id: view.id for view in reversed(views)}.values())[::-1]


def look_at_all(
    site: Site, views: Sequence[ViewSpec], language: str, folder: Path, firsts: bool = False
) -> Iterator[str]:
    """Opens view after view, topic by topic, looks at each, and saves a picture of it; the names, as they are done.

    Args:
        firsts: only the first view of each topic.
    """
    for topic, name in {view.topic.id: view.topic.label(language) for view in views}.items():
        listed = [view for view in views if view.topic.id == topic]
        site.page.locator(".st-key-inspect_topic button").get_by_text(name, exact=True).click()
        pills = site.page.locator(".st-key-inspect_pick button")
        expect(pills).to_have_text([view.label(language) for view in listed], timeout=READY)
        for view in listed[:1] if firsts else listed:
            pills.get_by_text(view.label(language), exact=True).click()
            look_at(site, view, language)
            site.page.locator(PANEL).screenshot(path=folder / f"{topic}-{view.id}.png")
            yield view.id


def look_at(site: Site, view: ViewSpec, language: str) -> None:
    """Waits for a view, then asserts that it is whole: drawn, explained, to be saved, and without a complaint."""
    page = site.page
    words = page.locator(".inspect-words")
    failed = page.locator(f"{PANEL} [data-testid='stAlertContentError'], {PANEL} [data-testid='stException']")
    expect(words.filter(has_text=view.about(language).popitem()[1]).or_(failed).first).to_be_visible(timeout=COMPUTED)
    assert not failed.count(), f"{view.id}: {failed.first.inner_text()}"
    expect(page.locator(f"{PANEL} [data-testid='stSpinner']")).to_have_count(0, timeout=COMPUTED)
    for heading, said in view.about(language).items():
        expect(words).to_contain_text(heading)
        expect(words).to_contain_text(said)
    drawn(site, view)
    site.button("view_save").click()
    for format in ("png", "html", "json"):
        expect(site.button(f"view_save_{format}")).to_be_visible(timeout=READY)
    page.keyboard.press("Escape")
    expect(site.button("view_save_png")).to_be_hidden(timeout=READY)


def drawn(site: Site, view: ViewSpec) -> None:
    """Asserts that a view's figure, or its strip of pictures, is there and not empty."""
    page = site.page
    chart = page.locator(f".st-key-inspect_{view.id} .js-plotly-plot")
    strip = page.locator(f".st-key-{view.id}_strip .sample-card")
    expect(chart.or_(strip).first).to_be_visible(timeout=READY)
    if not chart.count():
        assert strip.first.locator("img").count() or strip.first.inner_text().strip(), view.id
        return
    site.wait_figure(f"inspect_{view.id}", "g => g._fullData && g.querySelector('.main-svg')")
    found = site.figure(f"inspect_{view.id}", DRAWN)
    assert found["numbers"] or found["pictures"] or found["table"], (view.id, found)
    assert not found["infinite"], (view.id, found)
    assert not found["cut"], f"{view.id}: cut off at the edge of the figure: {found['cut']}"

"""Saved graphs in Chromium: versions, renaming, the bin, imports, the gallery's filters and links, first steps."""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from builder.graph import load, save
from tests.browser.desk_page import DeskPage
from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

GALLERY = Path(__file__).resolve().parents[2] / "graphs"


def save_as(desk: DeskPage, name: str) -> None:
    desk.press("Control+Shift+s")
    desk.page.locator(".st-key-save_name input").fill(name)
    desk.page.locator(".st-key-save_confirm button").first.click()
    expect(desk.notice).to_contain_text(f"Saved as {name}.json")


def menu_of(site: Site, name: str) -> None:
    """Opens the menu of a card of my graphs."""
    site.page.locator(f".st-key-mine_more_{name} button").first.click()


def test_the_first_of_two_saves_is_restored(desk: DeskPage, workspace: Path) -> None:
    name = f"two states {secrets.token_hex(3)}"  # the workspace still holds the file of an attempt that failed
    save_as(desk, name)
    desk.node("cosine").click()
    desk.press("Delete")
    expect(desk.node("cosine")).to_have_count(0)
    desk.press("Control+s")
    expect(desk.page.locator(".desk-title em")).to_have_count(0)
    (version,) = (workspace / "graphs" / ".versions" / name).iterdir()
    assert "cosine" in version.read_text()
    desk.file("versions")
    row = desk.page.locator('[class*="st-key-version_row_now"]')
    expect(row).to_contain_text("−1 node")
    desk.page.locator('[class*="st-key-version_restore_"] button').first.click()
    expect(desk.node("cosine")).to_have_count(1)
    expect(desk.page.locator(".desk-title em")).to_have_count(1)
    assert "cosine" not in (workspace / "graphs" / f"{name}.json").read_text()
    desk.button("undo").click()
    expect(desk.node("cosine")).to_have_count(0)


def test_a_graph_is_renamed_duplicated_deleted_and_brought_back(page: Page, app: str, workspace: Path) -> None:
    desk = DeskPage(page, app).open()
    save_as(desk, "alpha")
    site = Site(page, app).go("gallery")
    site.pick("gallery_view", "My graphs")
    card = page.locator('[class*="st-key-gallery_card_saved_"]')
    expect(card.filter(has_text="alpha.json")).to_contain_text("open")

    menu_of(site, "alpha")
    page.locator(".st-key-mine_rename_alpha button").click()
    page.locator(".st-key-rename_name input").fill("beta")
    page.locator(".st-key-rename_confirm button").click()
    expect(card.filter(has_text="beta.json")).to_contain_text("open")
    expect(card.filter(has_text="alpha.json")).to_have_count(0)

    menu_of(site, "beta")
    page.locator(".st-key-mine_duplicate_beta button").click()
    expect(card.filter(has_text="beta 2.json")).to_have_count(1)

    menu_of(site, "beta")
    page.locator(".st-key-mine_delete_beta button").click()
    expect(card.filter(has_text="beta.json")).to_have_count(0)
    assert not (workspace / "graphs" / "beta.json").exists()
    site.button("notice_undo").click()
    expect(card.filter(has_text="beta.json")).to_contain_text("open")
    assert (workspace / "graphs" / "beta.json").exists()

    page.locator('[class*="st-key-nav_build"] a').click()
    desk.wait()
    expect(page.locator(".desk-title")).to_have_attribute("title", re.compile("beta.json"))


@pytest.mark.slow
def test_two_files_come_in_at_once_and_a_name_that_is_taken_is_asked_about(
    page: Page, app: str, workspace: Path
) -> None:
    save(load(GALLERY / "mlp.json"), workspace / "graphs" / "taken.json")
    site = Site(page, app).open("/gallery?view=mine")
    site.button("mine_import").click()
    graph = (GALLERY / "vit.json").read_bytes()
    page.locator('.st-key-import_files input[type="file"]').set_input_files(
        [{"name": name, "mimeType": "application/json", "buffer": graph} for name in ("taken.json", "fresh.json")]
    )
    expect(page.locator("[role=dialog]")).to_contain_text("1 of them")
    page.locator(".st-key-import_confirm button").click()
    expect(page.locator('[class*="st-key-gallery_card_saved_fresh"]')).to_contain_text("Vision Transformer")
    expect(page.locator('[class*="st-key-gallery_card_saved_taken"]')).to_have_count(2)
    assert json.loads((workspace / "graphs" / "taken 2.json").read_text())["meta"]["year"] == 2020


@pytest.mark.slow
def test_graph_files_are_dropped_on_the_desk(desk: DeskPage, workspace: Path) -> None:
    """One on the canvas is opened; a zip, dropped beside it, is asked about and saved."""
    graph = (GALLERY / "mlp.json").read_bytes()
    drop_file(desk.canvas.locator(".react-flow__pane"), "net.json", graph)
    expect(desk.page.locator(".desk-title")).to_contain_text("Multi-layer perceptron")
    desk.settled()
    name, stream = f"dropped {secrets.token_hex(3)}", io.BytesIO()
    with zipfile.ZipFile(stream, "w") as pack:
        pack.writestr(f"../{name}.json", graph)
    drop_file(desk.page.locator(".st-key-palette"), "graphs.zip", stream.getvalue())
    desk.page.locator(".st-key-import_confirm button").click()
    expect(desk.page.locator(f'[class*="st-key-gallery_card_saved_{name.replace(" ", "-")}"]')).to_have_count(1)
    assert (workspace / "graphs" / f"{name}.json").exists()


def drop_file(target: Locator, name: str, content: bytes) -> None:
    """Drops a file from outside of the browser; the browser itself must not open it."""
    script = """(element, [name, content]) => {
      const win = element.ownerDocument.defaultView, dataTransfer = new win.DataTransfer();
      dataTransfer.items.add(new win.File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
      const send = (type) => element.dispatchEvent(new win.DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
      return [send("dragover"), send("drop")];
    }"""
    assert target.evaluate(script, [name, base64.b64encode(content).decode()]) == [False, False]


def test_the_gallery_is_filtered_and_the_address_keeps_it(page: Page, app: str) -> None:
    site = Site(page, app).open("/gallery")
    cards = page.locator('[class*="st-key-gallery_card_"]')
    expect(page.locator(".st-key-gallery_card_ddpm")).to_be_visible()
    site.pick("gallery_task", "Generation")
    expect(page.locator(".st-key-gallery_card_lenet5")).to_have_count(0, timeout=READY)
    site.pick("gallery_era", "since 2020")
    expect(cards).to_have_count(1, timeout=READY)
    expect(page).to_have_url(re.compile(r"task=generation.*era=since-2020|era=since-2020.*task=generation"))
    page.reload()
    site.wait()
    expect(page.locator(".st-key-gallery_card_ddpm")).to_contain_text("2020")
    expect(cards).to_have_count(1)


@pytest.mark.slow
def test_a_copied_link_opens_the_graph_in_a_new_tab(page: Page, app: str, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    Site(page, app).open("/gallery?q=lecun")
    card = page.locator(".st-key-gallery_card_lenet5")
    card.hover()
    card.locator("a.card-link").click()
    expect(card.locator("a.card-link")).to_have_class(re.compile("copied"))
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == f"{app}/?graph=lenet5"
    other = context.new_page()
    other.goto(link)
    DeskPage(other, app).wait()
    expect(other.locator(".desk-title")).to_contain_text("LeNet-5")
    other.goto(f"{app}/?graph=no-such")
    DeskPage(other, app).wait()
    expect(other.locator('[data-testid="stToast"]')).to_contain_text("no graph “no-such”")


def test_an_empty_desk_offers_first_steps(desk: DeskPage) -> None:
    desk.file("new")
    starters = desk.page.locator(".desk-starter:visible")
    expect(starters).to_have_count(3)
    desk.page.locator('.desk-starter[data-key="start_table"]').click()
    expect(desk.node("hidden")).to_have_count(1)
    expect(desk.button("check_state")).to_contain_text("Ready")
    expect(starters).to_have_count(0)
    desk.button("undo").click()
    desk.page.locator('.desk-starter[data-key="start_gallery"]').click()
    expect(desk.page.locator(".st-key-gallery_card_lenet5")).to_be_visible(timeout=READY)

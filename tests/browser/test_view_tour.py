"""Every view of seven models in Chromium: each is drawn, explained and to be saved, in both languages and themes.

With LAYERLOOM_PICTURES naming a folder, the pictures of all views stay there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from builder.inspect import Inspector, views
from tests.browser.conftest import ROOT
from tests.browser.site import READY, Site
from tests.browser.view_tour import firsts_of, look_at_all

pytestmark = pytest.mark.browser

SMALL = ("data.valid_share=0.05", "data.test_share=0.45")
TOURS = (
    ("lenet5", "en", "light", SMALL),
    ("vit", "en", "dark", ()),
    ("sentiment_transformer", "zh", "light", SMALL),
    ("seq2seq_attention", "en", "light", ("data.samples=1000",)),
    ("vae", "zh", "dark", SMALL),
    ("ddpm", "en", "dark", ()),
    ("gcn", "en", "light", ()),
)  # the rest of the gallery is looked at without a browser: tests/inspect/test_gallery.py


def briefly_trained(graph: str, workspace: Path, changes: tuple[str, ...]) -> Path:
    """The folder of a run of one epoch, made by the command line."""
    out = workspace / "runs" / f"{graph}-brief"
    command = [
        sys.executable,
        "-m",
        "builder",
        "train",
        f"graphs/{graph}.json",
        "--out",
        str(out),
        "--epochs",
        "1",
        "--json",
    ]
    for change in changes:
        command += ["--set", change]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def tour(
    browser: Browser, app: str, workspace: Path, folder: Path, graph: str, language: str, theme: str,
    changes: tuple[str, ...], firsts: bool = False,
) -> None:  # fmt: skip
    run = briefly_trained(graph, workspace, changes)
    found = views(Inspector(run))
    folder = Path(os.environ.get("LAYERLOOM_PICTURES", folder)) / graph
    folder.mkdir(parents=True, exist_ok=True)
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale, color_scheme=theme)  # type: ignore[arg-type]
    try:
        context.set_default_timeout(READY)
        site = Site(context.new_page(), app).open(f"/inspect?run={run.name}")
        expect(site.page.locator(".st-key-inspect_source")).to_be_visible(timeout=READY)
        site.page.wait_for_function(f"document.documentElement.dataset.desk === {theme!r}", timeout=READY)
        seen = list(look_at_all(site, found, language, folder, firsts))
        assert seen == ([view.id for view in found] if not firsts else firsts_of(found))
    finally:
        context.close()


def test_the_first_view_of_each_topic(browser: Browser, app: str, workspace: Path, tmp_path: Path) -> None:
    tour(browser, app, workspace, tmp_path, "gcn", "en", "light", (), firsts=True)


@pytest.mark.slow
@pytest.mark.parametrize(("graph", "language", "theme", "changes"), TOURS, ids=lambda given: str(given))
def test_every_view(
    browser: Browser, app: str, workspace: Path, tmp_path: Path, graph: str, language: str, theme: str,
    changes: tuple[str, ...],
) -> None:  # fmt: skip
    tour(browser, app, workspace, tmp_path, graph, language, theme, changes)

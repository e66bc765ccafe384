"""Taking a model away in Chromium: the exported file runs on its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk_page import DeskPage
from tests.browser.site import READY, Site

pytestmark = pytest.mark.browser

SCRIPT = """
import importlib.util, inspect, torch
spec = importlib.util.spec_from_file_location("model", "model.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, torch.nn.Module) and c.__module__ == "model"]
model = classes[-1]().eval()
print(tuple(model(torch.rand(5, 1, 8, 8)).shape), any(m.startswith("builder") for m in __import__("sys").modules))
"""


def test_exported_python_runs_on_its_own(page: Page, app: str, tmp_path: Path) -> None:
    site = Site(page, app).open("/inspect?graph=vit")
    expect(site.button("inspect_export")).to_be_visible(timeout=READY)
    site.button("inspect_export").click()
    dialog = page.locator("[role=dialog]")
    expect(dialog.locator(".export-state.is-ok")).to_contain_text("maximal difference 0.", timeout=120_000)
    expect(dialog.locator("code").first).to_contain_text("import torch")
    with page.expect_download() as waiting:
        site.button("export_download_python").click()
    assert waiting.value.suggested_filename == "model.py"
    waiting.value.save_as(tmp_path / "model.py")
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(5, 10) False"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.slow
def test_the_build_page_takes_away_a_graph_that_fits(page: Page, app: str) -> None:
    desk = DeskPage(page, app).open("/?graph=logistic_regression")
    expect(desk.button("build_export")).to_contain_text("Export")
    desk.button("language").click()
    expect(desk.button("build_export")).to_contain_text("导出")
    desk.button("build_export").click()
    dialog = page.locator("[role=dialog]")
    expect(dialog.locator(".export-state.is-ok")).to_contain_text("最大差异为 0。", timeout=120_000)
    with page.expect_download() as waiting:
        desk.button("export_download_python").click()
    assert b"nn.Linear(4, 3)" in Path(waiting.value.path()).read_bytes()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    desk.node("linear").click()
    desk.press("Delete")
    expect(desk.button("build_export")).to_be_disabled()

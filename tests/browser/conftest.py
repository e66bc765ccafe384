"""Runs the app on a free port with a workspace of its own, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.desk_page import DeskPage

expect.set_options(timeout=40_000)

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace folder of the app under test."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="session")
def app(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running app."""
    with served(workspace, tmp_path_factory.mktemp("log") / "app.txt") as url:
        yield url


@pytest.fixture
def new_app(tmp_path: Path) -> Iterator[str]:
    """The address of an app that has never run before: its workspace is empty."""
    with served(tmp_path / "workspace", tmp_path / "app.txt") as url:
        yield url


@contextlib.contextmanager
def served(workspace: Path, log: Path, script: str = "app.py") -> Iterator[str]:
    """The address at which a script of Streamlit runs, from here to the end; it must leave no traceback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), "--server.address", "127.0.0.1",
        "--server.headless", "true",
    ]  # fmt: skip
    environment = {**os.environ, "LAYERLOOM_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # a busy machine: nothing of the server is needed any more
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text(), log.read_text()[-4000:]


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"The app ended with status {process.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not answer within 30 seconds: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
    yield started
    started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with no memory of earlier tests, in English."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    opened.set_default_timeout(40_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def desk(page: Page, app: str) -> DeskPage:
    """The Build page, ready, with the first gallery graph on it."""
    return DeskPage(page, app).open()

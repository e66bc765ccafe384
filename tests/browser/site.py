"""The pages beside the canvas as a person uses them: what to find where."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

READY = 60_000  # ms: torch is loading, a worker is starting


class Site:
    """One browser tab at one of the pages Train, Runs, Inspect or Gallery."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str) -> Site:
        """Goes to a page and waits until it is drawn."""
        self.page.goto(self.url + path)
        return self.wait()

    def wait(self) -> Site:
        expect(self.page.locator('[class*="st-key-page_"]').first).to_be_visible(timeout=READY)
        return self

    def go(self, name: str) -> Site:
        """Follows a link of the bar."""
        self.page.locator(f'[class*="st-key-nav_{name}"] a').click()
        expect(self.page.locator(f".st-key-page_{name}")).to_be_visible(timeout=READY)
        return self

    def button(self, key: str) -> Locator:
        """A button; one with a tooltip stands twice in the page."""
        return self.page.locator(f".st-key-{key} button").first

    def pick(self, key: str, text: str) -> None:
        """One of several pills or segments."""
        self.page.locator(f".st-key-{key} button", has_text=text).first.click()

    def number(self, key: str, value: int) -> None:
        """Types a number into a field."""
        field = self.page.locator(f".st-key-{key} input").first
        field.fill(str(value))
        field.press("Enter")

    def choose(self, key: str, text: str) -> None:
        """Chooses from a list by typing."""
        field = self.page.locator(f".st-key-{key} input").first
        field.click()
        field.fill(text)
        self.page.locator('[role="option"]', has_text=text).first.click()

    def upload(self, place: str, name: str, content: bytes, kind: str = "application/octet-stream") -> None:
        """Uploads a file."""
        field = self.page.locator(f"{place} input[type=file]").first
        field.set_input_files({"name": name, "mimeType": kind, "buffer": content})

    def chart(self, panel: str) -> Locator:
        """The Plotly figure in a panel."""
        return self.page.locator(f".st-key-{panel} .js-plotly-plot").first

    def figure(self, panel: str, script: str) -> Any:
        """What a script says of the figure in a panel: ``g => g.data.length``."""
        return self.chart(panel).evaluate(script)

    def wait_figure(self, panel: str, condition: str, timeout: float = READY) -> None:
        """Waits until a condition holds for the figure in a panel: ``g => g.data[0].x.length > 3``."""
        self.page.wait_for_function(
            f"(() => {{ const g = document.querySelector('.st-key-{panel} .js-plotly-plot');"
            f" return Boolean(g && g.data && g._fullLayout && ({condition})(g)); }})()",
            timeout=timeout,
        )

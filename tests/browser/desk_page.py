"""The Build page as a person uses it: what to find where, and the gestures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

READY = 60_000  # ms; the very first start reads every component


class DeskPage:
    """One browser tab with the Build page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    # ---------------------------------------------------------------- places

    def open(self, path: str = "") -> DeskPage:
        """Goes to the app and waits until the canvas is drawn and the components are loaded."""
        self.page.goto(self.url + path)
        return self.wait()

    def wait(self) -> DeskPage:
        self.page.wait_for_selector("html.desk-ready", state="attached", timeout=READY)
        expect(self.page.locator(".st-key-state_warming")).to_have_count(0, timeout=READY)
        return self

    @property
    def canvas(self) -> FrameLocator:
        return self.page.frame_locator(".st-key-canvas iframe")

    def node(self, id: str) -> Locator:
        return self.canvas.locator(f'.react-flow__node.body[data-id="{id}"]')

    def port(self, end: str) -> Locator:
        return self.canvas.locator(f'.react-flow__node[data-id="{end}"]')

    def wire(self, source: str, target: str) -> Locator:
        return self.canvas.locator(f'[data-testid="rf__edge-{source}->{target}"]')

    def card(self, component: str) -> Locator:
        return self.page.locator(f'[data-component="{component}"]')

    def button(self, key: str) -> Locator:
        return self.page.locator(f".st-key-{key} button").first

    def parameter(self, name: str) -> Locator:
        """The field of a parameter in the inspector."""
        return self.page.locator(f'[class*="st-key-param_{name}"] input')

    @property
    def inspector(self) -> Locator:
        return self.page.locator(".st-key-inspector")

    @property
    def notice(self) -> Locator:
        return self.page.locator(".desk-notice").last

    @property
    def search(self) -> Locator:
        return self.page.locator(".desk-search input")

    def node_ids(self) -> list[str]:
        return self.canvas.locator(".react-flow__node.body").evaluate_all("all => all.map(n => n.dataset.id)")

    def selected(self) -> list[str]:
        return self.canvas.locator(".react-flow__node.body.selected").evaluate_all("all => all.map(n => n.dataset.id)")

    def shape(self, id: str) -> Locator:
        return self.node(id).locator("code.shape")

    def viewport(self) -> tuple[float, float, float]:
        """Shift and zoom of the canvas."""
        script = "z => { const {x, y, k} = z.__zoom; return [x, y, k]; }"
        x, y, k = self.canvas.locator(".react-flow__renderer").evaluate(script)
        return x, y, k

    # ---------------------------------------------------------------- gestures

    def show_card(self, component: str, query: str | None = None) -> Locator:
        """Brings a card into view by searching for it."""
        self.search.fill(query or component.replace("_", " "))
        card = self.card(component)
        card.wait_for()
        return card

    def centre(self, locator: Locator) -> tuple[float, float]:
        box = locator.bounding_box()
        assert box is not None, "the element is not in view"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + 6, start[1] + 4, steps=2)
        mouse.move(*end, steps=steps)
        self.page.wait_for_timeout(60)
        mouse.up()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point of the page, given as a share of the canvas."""
        box = self.page.locator(".st-key-canvas").bounding_box()
        assert box is not None
        return box["x"] + box["width"] * x, box["y"] + box["height"] * y

    def drop(self, component: str, x: float, y: float) -> str:
        """Drags a card to a place on the canvas; the new node's id."""
        return self.new_node(lambda: self.drag(self.centre(self.show_card(component)), self.at(x, y)))

    def new_node(self, act: Callable[[], Any]) -> str:
        """The id of the node that an act adds."""
        before = set(self.node_ids())
        act()
        self.page.wait_for_function(
            "n => document.querySelector('.st-key-canvas iframe').contentDocument"
            ".querySelectorAll('.react-flow__node.body').length > n",
            arg=len(before),
        )
        (new,) = set(self.node_ids()) - before
        return new

    def new_node_of(self, act: Callable[[], Any]) -> str:
        """The id of the node that an act puts in the place of others."""
        before = set(self.node_ids())
        act()
        for _ in range(100):
            new = set(self.node_ids()) - before
            if len(new) == 1:
                return new.pop()
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no single new node: {before} became {self.node_ids()}")

    def connect(self, source: str, target: str) -> None:
        """Draws a wire from port to port."""
        self.drag(self.centre(self.port(source)), self.centre(self.port(target)))

    def press(self, key: str) -> None:
        """Presses a key while the canvas has the focus."""
        self.canvas.locator("body").press(key)

    def settled(self) -> None:
        """Waits until the app has nothing left to run."""
        expect(self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)

    def file(self, item: str) -> None:
        """Chooses an item of the file menu."""
        self.button("file_menu").click()
        self.page.locator(f".st-key-file_{item} button").click()

    def colour_by(self, what: str) -> None:
        """Chooses what the colours of the nodes show."""
        self.button("colour_menu").click()
        self.page.locator(f".st-key-colour_choice_{what} button").click()

    def desk_id(self) -> str:
        found = re.search(r"desk=(\w+)", self.page.url)
        assert found, self.page.url
        return found[1]

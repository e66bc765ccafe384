"""Wires go round cards, as a person sees it: at rest, while a card is moved, and where it is put down."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk_page import DeskPage

pytestmark = pytest.mark.browser

BEHIND = """() => {
  const doc = document.querySelector(".st-key-canvas iframe").contentDocument;
  const cards = [...doc.querySelectorAll(".react-flow__node.body")].map((card) => {
    const [x, y] = card.style.transform.match(/-?[\\d.]+/g).map(Number);
    return { id: card.dataset.id, left: x + 1, top: y + 1, right: x + card.offsetWidth - 1, bottom: y + card.offsetHeight - 1 };
  });
  return [...doc.querySelectorAll(".react-flow__edge")].flatMap((edge) => {
    const path = edge.querySelector(".react-flow__edge-path"), long = path.getTotalLength(), id = edge.dataset.testid;
    const ends = id.slice("rf__edge-".length).split("->").map((end) => end.split(".")[0]);
    const points = Array.from({ length: Math.ceil(long / 12) }, (_, step) => path.getPointAtLength(step * 12));
    const lies = (card) => points.some(({ x, y }) => x > card.left && x < card.right && y > card.top && y < card.bottom);
    return cards.filter((card) => !ends.includes(card.id) && lies(card)).map((card) => `${id} ${card.id}`);
  });
}"""


def nothing_behind(desk: DeskPage) -> None:
    """Waits until no wire passes behind a card."""
    for _ in range(40):
        found = desk.page.evaluate(BEHIND)
        if not found:
            return
        desk.page.wait_for_timeout(250)
    raise AssertionError(found)


def test_wires_go_round_cards_and_follow_one_that_is_moved(desk: DeskPage) -> None:
    nothing_behind(desk)
    path = desk.wire("data.y", "loss.target").locator(".react-flow__edge-path")
    before = str(path.get_attribute("d"))
    assert "Q" in before
    start = desk.centre(desk.node("loss").locator(".label"))
    mouse = desk.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(start[0] + 10, start[1] - 12, steps=4)
    mouse.move(start[0] + 14, start[1] - 24, steps=6)
    expect(path).not_to_have_attribute("d", before)
    held = [float(n) for n in re.findall(r"-?[\d.]+", str(path.get_attribute("d")))]
    rest = [float(n) for n in re.findall(r"-?[\d.]+", before)]
    zoom = desk.viewport()[2]
    assert held[:2] == pytest.approx(rest[:2], abs=0.2), "one end stays"
    assert held[-1] - rest[-1] == pytest.approx(-24 / zoom, abs=10), "the other one goes along"
    mouse.up()
    desk.settled()
    nothing_behind(desk)
    desk.press("Control+z")
    expect(path).to_have_attribute("d", before)

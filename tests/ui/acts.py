"""Acts at the desk as the browser reports them."""

from __future__ import annotations

from typing import Any

from builder.ui import reactions
from builder.ui.canvas import events
from builder.ui.desk import Desk


def do(desk: Desk, type_: str, **body: Any) -> None:
    """Lets the desk take one event, which must be readable."""
    batch = events.parse({"client": "test1", "events": [{"seq": desk.acks.get("test1", 0) + 1, "type": type_, **body}]})
    assert batch.bad == 0
    reactions.take(desk, batch)


def wires(desk: Desk) -> list[str]:
    """The wires of the open graph in their order."""
    return [str(wire) for wire in desk.open_graph.wires()]

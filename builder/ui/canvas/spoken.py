"""What a screen reader says of nodes, ports and wires, and of the parts of the page around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from builder.ui.canvas.cards import Card
from builder.ui.canvas.view import Element
from builder.ui.text import text

KEPT = 16_384  # names of pins


def name_elements(nodes: Sequence[Element], edges: Sequence[Element], cards: Mapping[str, Card], language: str) -> None:
    """Gives the elements of the canvas the names that are read out."""
    ends: dict[str, list[str]] = {}
    for edge in edges:
        ends.setdefault(edge["source"], []).append(edge["target"])
        ends.setdefault(edge["target"], []).append(edge["source"])
        edge["ariaLabel"] = text("spoken_wire", language, source=edge["source"], target=edge["target"])
    for node in nodes:
        if node["id"] in cards:
            node["ariaLabel"] = _node(cards[node["id"]], language)
        else:
            node["ariaLabel"] = _pin(node["id"], node["like"] == "out", tuple(ends.get(node["id"], ())), language)


def _node(card: Card, language: str) -> str:
    parts = [card.title, card.label]
    for port in card.outputs:
        spec = card.shapes.get(port.name)
        if spec is not None:
            parts.append(text("spoken_output", language, port=port.name, shape="×".join(map(str, spec.shape))))
    if card.error or card.waiting:
        parts.append(text("spoken_problem", language, message=card.error or card.waiting))
    return ", ".join(parts) if language == "en" else "，".join(parts)


@lru_cache(KEPT)
def _pin(id: str, output: bool, ends: tuple[str, ...], language: str) -> str:
    node, _, port = id.partition(".")
    if output:
        key = "spoken_output_to" if ends else "spoken_output_free"
    else:
        key = "spoken_input" if ends else "spoken_input_free"
    return text(key, language, node=node, port=port, ends=", ".join(ends))


def places(language: str) -> list[Mapping[str, Any]]:
    """The parts of the page, with their roles and names."""
    found = (
        (".st-key-nav", "navigation", "spoken_pages"),
        (".st-key-tools", "toolbar", "spoken_tools"),
        (".st-key-edit_tools", "toolbar", "spoken_edit"),
        (".st-key-palette", "region", "spoken_palette"),
        (".st-key-canvas", "region", "spoken_canvas"),
        (".st-key-inspector", "region", "spoken_inspector"),
        (".desk-zoom", "toolbar", "spoken_view"),
        (".st-key-theme button", "", "theme_help"),
        (".st-key-language button", "", "language_help"),
    )
    return [{"at": at, "role": role, "name": text(key, language)} for at, role, key in found]

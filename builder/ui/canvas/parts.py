"""What is sent of the canvas, in parts: a card with its pins, or a wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from builder.ui.canvas.view import Element


class Part(dict[str, Any]):
    """``own``: as one text all of a card and its pins, or of a wire, but where it lies (``at``) and whether it is ``selected``.

    Who hands it on copies one text and not dozens of values, and the bridge knows by it what has not changed.
    """

    def asdict(self) -> dict[str, Any]:
        return self


def parts_of(elements: Sequence[Element]) -> list[Part]:
    """The parts that elements make up, in their order: a card or a wire begins one, and pins belong to the one before."""
    groups: list[list[Element]] = []
    for element in elements:
        if element["like"] in ("card", "wire"):
            groups.append([element])
        else:
            groups[-1].append(element)
    return [_part(*group) for group in groups]


def _part(first: Element, *pins: Element) -> Part:
    own = {name: value for name, value in first.items() if name not in ("pos", "selected")}
    part = Part(own=json.dumps([own, *pins], ensure_ascii=False), selected=first["selected"])
    if first["like"] == "card":
        part["at"] = first["pos"]
    return part

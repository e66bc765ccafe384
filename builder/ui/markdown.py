"""Texts from files in places that read Markdown."""

from __future__ import annotations

MARKS = frozenset(r"\`*_{}[]()<>#+-.!|$~:&^=")


def plain(text: str) -> str:
    """A text on one line with every mark of Markdown escaped: it shows as it stands, and can hold no HTML, link or formula."""
    return "".join(f"\\{c}" if c in MARKS else c for c in " ".join(text.split()))

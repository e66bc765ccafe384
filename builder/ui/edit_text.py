"""Texts of edits: copies, nodes that do not act, nodes that are replaced, in English and Chinese."""

from __future__ import annotations

EDIT_TEXTS: dict[str, tuple[str, str]] = {
    "command_duplicate_wired": ("Duplicate with incoming wires", "复制一份并保留输入连线"),
}

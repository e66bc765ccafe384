"""The style sheets of the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder import ui

STYLES = sorted((Path(ui.__file__).parent / "styles").glob("*.css"))


@pytest.mark.parametrize("sheet", STYLES, ids=lambda path: path.stem)
def test_has_names_no_attribute(sheet: Path) -> None:
    """With an attribute in :has() the browser styles the whole page anew whenever an element comes or goes."""
    rules = re.findall(r"[^{}]*:has\([^{}]*", sheet.read_text(encoding="utf-8"))
    assert [rule.strip() for rule in rules if re.search(r":has\([^)]*\[", rule)] == []

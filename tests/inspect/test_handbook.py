"""The documentation names every view with its own words."""

from __future__ import annotations

from builder.inspect.catalogue import VIEWS
from builder.inspect.handbook import PAGE, page


def test_the_page_of_the_views_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m builder.inspect.handbook"


def test_a_view_is_a_row_of_four_cells() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ") and "(`" in line]
    assert len(rows) == len(VIEWS)
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)

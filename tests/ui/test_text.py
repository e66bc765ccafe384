"""Texts: both languages say the same, and every text that is asked for exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.ui import numbers
from builder.ui.markdown import plain
from builder.ui.text import TEXTS, text

UI = Path(__file__).parents[2] / "builder" / "ui"


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_fill_in_the_same_values(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english
    assert chinese
    assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", chinese))


def test_no_text_stands_in_two_tables() -> None:
    """One table would silently take the place of the other's text."""
    given = [
        key
        for path in UI.glob("*text.py")
        for key in re.findall(r'^    "([\w-]+)": \(', path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(given) == sorted(TEXTS)


def test_every_text_that_the_views_ask_for_exists() -> None:
    asked = set()
    for path in UI.rglob("*.py"):
        asked |= set(re.findall(r"""\bt(?:ext)?\(\s*["'](\w+)["']\s*[,)]""", path.read_text(encoding="utf-8")))
    assert asked - set(TEXTS) == set()
    assert len(asked) > 80


def test_values_are_filled_in() -> None:
    assert text("check_problems", "en", n=3) == "3 problems"
    assert text("check_problems", "zh", n=3) == "3 个问题"


@pytest.mark.parametrize(
    "given", ["**bold** `code` $x$ <b>html</b> [a](b) :red[c] ~~d~~ # e", "line\nbreak", r"back\slash"]
)
def test_plain_text_keeps_its_letters_and_loses_its_powers(given: str) -> None:
    shown = plain(given)
    assert "\n" not in shown
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(given.split())
    assert re.search(r"(?<!\\)[`*$<\[:~#]", shown) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (156, "156"),
        (999, "999"),
        (1000, "1 K"),
        (2416, "2.42 K"),
        (61706, "61.7 K"),
        (999_999, "1 M"),
        (5.2e9, "5.2 G"),
    ],
)
def test_short_numbers(value: float, shown: str) -> None:
    assert numbers.short(value) == shown


def test_sizes_and_shapes() -> None:
    assert numbers.size(63100) == "63.1 KB"
    assert numbers.size(12) == "12 B"
    assert numbers.shape(("N", 6, 28)) == "(N,6,28)"

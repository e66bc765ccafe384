"""A sheet to draw on and a field to write in, which tell of changes while a person still makes them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.components import v2

from builder.ui.canvas.component import bundle
from builder.ui.text import t

WORDS = (
    "sheet",
    "tools",
    "pen",
    "eraser",
    "colour",
    "width",
    "undo",
    "redo",
    "clear",
    "cleared",
    "seen",
    "keys",
    "up",
    "down",
)


@functools.cache
def _pad() -> Callable[..., Any]:
    return v2.component("layerloom_pad", js=bundle("dom", "delayed", "pad"), isolate_styles=False)


@functools.cache
def _writing() -> Callable[..., Any]:
    return v2.component("layerloom_writing", js=bundle("dom", "delayed", "writing"), isolate_styles=False)


def pad(
    strokes: list[Any],
    revision: int,
    size: tuple[int, int],
    on_drawing: Callable[[Any], None],
    base: str = "",
    seen: str = "",
    colours: bool = False,
) -> None:
    """Draws the sheet.

    Args:
        strokes: those to begin with, as ``builder.inspect.drawing.read_strokes`` takes them.
        revision: of the beginning: only another one takes the place of what is drawn.
        size: height and width of the model's picture, in pixels.
        on_drawing: called with the strokes of this revision. They come from the browser and are not checked.
        base: address of the picture that is painted over.
        seen: address of the picture that the model is given.
        colours: whether the pen has colours.
    """
    height, width = size
    data = {
        "strokes": strokes, "revision": revision, "base": base, "seen": seen, "ratio": width / height, "colours": colours,
        "cell": [1 / width, 1 / height], "texts": {word: t(f"pad_{word}") for word in WORDS},
    }  # fmt: skip
    told = functools.partial(_told, "own_pad", "drawing", "strokes", revision, on_drawing)
    _pad()(key="own_pad", data=data, height="content", on_drawing_change=told)


def writing(
    key: str, label: str, text: str, revision: int, on_written: Callable[[str], None], rows: int, limit: int
) -> None:
    """Draws a field of some rows for a text of so many characters at most; ``revision`` as for ``pad``."""
    data = {"text": text, "revision": revision, "label": label, "rows": rows, "limit": limit}

    def written(found: Any) -> None:
        if isinstance(found, str) and len(found) <= limit:
            on_written(found)

    told = functools.partial(_told, key, "written", "text", revision, written)
    _writing()(key=key, data=data, height="content", on_written_change=told)


def _told(key: str, event: str, name: str, revision: int, take: Callable[[Any], None]) -> None:
    """Passes on what the browser told, unless it belongs to an earlier beginning."""
    found = st.session_state[key][event]
    if isinstance(found, dict) and found.get("revision") == revision:
        take(found.get(name))

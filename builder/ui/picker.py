"""A strip of samples, as pictures or words, one of which can be chosen by a click."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from streamlit.components import v2

SCRIPT = Path(__file__).with_name("picker.js")


class Item(TypedDict, total=False):
    """``id`` is told at a click; ``picture`` is the address of an image; ``wrong`` marks the caption."""

    id: int
    picture: str
    words: str
    caption: str
    title: str
    wrong: bool


@functools.cache
def _renderer() -> Callable[..., Any]:
    return v2.component("layerloom_picker", js=SCRIPT.read_text(encoding="utf-8"), isolate_styles=False)


def show(
    items: Sequence[Item], key: str, on_choose: Callable[[int], None], chosen: int = -1, large: bool = False
) -> None:
    """Draws the strip; ``on_choose`` is called with the id of the item that is clicked."""
    data = {"items": list(items), "chosen": chosen, "large": large}
    _renderer()(key=key, data=data, height="content", on_item_change=functools.partial(_chosen, key, on_choose))


def _chosen(key: str, on_choose: Callable[[int], None]) -> None:
    found = st.session_state[key]["item"]
    if isinstance(found, int) and not isinstance(found, bool):
        on_choose(found)

"""Taking a view away: as a picture (drawn by the browser), as a page that stands alone, or as the numbers behind it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import chart, looking
from builder.ui.looking import Source
from builder.ui.text import language, t

if TYPE_CHECKING:
    from builder.inspect import Format, Sample

MIMES: dict[Format, str] = {"html": "text/html", "json": "application/json"}
ICONS: dict[Format, str] = {"png": "image", "html": "html", "json": "data_object"}


def draw(
    source: Source, view: str, node: str, sample: Sample | None, chosen: Mapping[str, Any], figure: dict[str, Any]
) -> None:
    """A menu with a button for each kind of file; ``figure`` is what ``looking.figure`` gives."""
    stem, asked = file_stem(view, node, sample.label("en") if sample else ""), False
    with st.popover(t("view_save"), key="view_save", icon=":material/download:"):
        asked = st.button(t("view_save_png"), key="view_save_png", icon=f":material/{ICONS['png']}:", width="stretch")
        for format, mime in MIMES.items():
            st.download_button(
                t(f"view_save_{format}"),
                data=functools.partial(_content, source, format, view, node, sample, dict(chosen), language(), _dark()),
                file_name=f"{stem}.{format}", mime=mime, key=f"view_save_{format}", on_click="ignore",
                icon=f":material/{ICONS[format]}:", width="stretch",
            )  # fmt: skip
    if asked:  # the browser draws it once; the next drawing of the page takes it away again
        chart.download(figure, "view_picture", f"{stem}.png")


def file_stem(*parts: str) -> str:
    """A file's name made of what a view shows: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(filter(None, parts))).strip("-")[:80]


def _dark() -> bool:
    return st.context.theme.type == "dark"


def _content(
    source: Source, format: Format, view: str, node: str, sample: Sample | None, chosen: Mapping[str, Any],
    language: str, dark: bool,
) -> bytes:  # fmt: skip
    """A file's content, made when it is asked for."""
    from builder.inspect import content

    return content(
        looking.inspector(source), format, view, node, sample, language=language, dark=dark, **chosen
    )  # fmt: skip

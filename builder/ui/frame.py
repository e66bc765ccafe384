"""What the pages beside the canvas share: their frame, one boundary for errors, and errors in the language chosen."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from html import escape
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from builder.ui.markdown import plain
from builder.ui.text import language, t

LOGGER = logging.getLogger("layerloom")
_F = TypeVar("_F", bound=Callable[..., Any])


def said(error: BaseException) -> str:
    """What an error says to people: in the language chosen, where it has both."""
    chinese, english = getattr(error, "message_zh", ""), getattr(error, "message", "")
    found = chinese if language() == "zh" else english
    return str(found or english or chinese or error)


def guarded(draw: _F) -> _F:
    """Shows an error of a view as one sentence instead of a traceback; one that nobody foresaw is logged."""

    @functools.wraps(draw)
    def view(*args: Any, **kwargs: Any) -> Any:
        try:
            return draw(*args, **kwargs)
        except Exception as error:
            if hasattr(error, "message_zh"):
                st.error(plain(said(error)))
            else:
                LOGGER.exception("a view failed")
                st.error(t("page_failed", reason=plain(f"{type(error).__name__}: {error}"[:300])))

    return view  # type: ignore[return-value]


def uploader() -> DeltaGenerator:
    """The place for a file uploader: the style sheet has Streamlit's own words in Chinese there."""
    return st.container(key=f"uploader_{language()}")


def heading(title: str, about: str = "") -> None:
    """The heading of a page. The texts may come from files."""
    line = f"<p>{escape(about)}</p>" if about else ""
    st.html(f'<div class="page-head"><h1>{escape(title)}</h1>{line}</div>')


def section(title: str) -> None:
    """The heading of a part of a page."""
    st.html(f'<h2 class="page-section">{escape(title)}</h2>')


def empty(icon: str, title: str, about: str = "") -> None:
    """What stands where there is nothing to show yet."""
    line = f"<p>{escape(about)}</p>" if about else ""
    head = f'<span class="page-icon">{escape(icon)}</span><strong>{escape(title)}</strong>'
    st.html(f'<div class="page-empty">{head}{line}</div>')

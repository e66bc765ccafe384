"""The frame of every page: page set-up, style sheet, the bar with its navigation, language and theme."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import streamlit as st

from builder.ui import colouring, frame, links, session, theme
from builder.ui.canvas.component import mount_shell
from builder.ui.text import language, t
from builder.ui.warm import WARMUP

PAGES = ("build", "train", "inspect", "runs", "gallery")
# Drawn here: for a named icon the browser would ask a server elsewhere.
MARK = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#5f6bea' stroke-width='2.6' "
    "stroke-linecap='round'><path d='M3 8h18M3 16h18M8 3v2M8 11v10M16 3v10M16 19v2'/></svg>"
)
STYLES = Path(__file__).parent / "styles"


def run() -> None:
    """Draws the page that the address names."""
    st.set_page_config(page_title="Layerloom", page_icon=MARK, layout="wide")
    st.html(f"<style>{style_sheet()}</style>")
    page = st.navigation(list(pages().values()), position="hidden")
    _bar(page.url_path or "build")
    with st.container(key="shell_slot"):
        mount_shell()
    _view(page)
    WARMUP.start()


@frame.guarded
def _view(page: st.Page) -> None:
    if WARMUP.catalogue is None:  # the very first start: the components are read once, and kept for every later one
        with st.container(key="starting"), st.spinner(t("palette_loading")):
            WARMUP.wait_for_catalogue()
        st.rerun()
    links.follow()
    page.run()


def pages() -> dict[str, st.Page]:
    """The pages by name."""
    return {
        name: st.Page(
            functools.partial(_draw, name), title=t(f"page_{name}"), icon="", url_path=name, default=name == "build"
        )
        for name in PAGES
    }


def open_page(name: str, **address: str) -> None:
    """Goes to another page, with the same desk; ``address`` says what of it to show."""
    st.switch_page(pages()[name], query_params={**_address(), **address})


def _draw(name: str) -> None:
    importlib.import_module(f"builder.ui.pages.{name}").page()


def _address() -> dict[str, str]:
    desk = st.session_state.get("desk")
    return {session.PARAMETER: desk.id} if desk else {}


@functools.cache
def _fixed_styles() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(STYLES.glob("*.css")))


def style_sheet() -> str:
    """Everything that the page's own elements wear; the iframe of the canvas has its own."""
    families = {entry.family for entry in WARMUP.catalogue.values()} if WARMUP.catalogue else set()
    return f"{_fixed_styles()}\n{theme.family_css(families)}\n{theme.turn_css()}\n{colouring.heat_css()}"


def _bar(active: str) -> None:
    with st.container(key="bar", horizontal=True, wrap=False, gap=None, vertical_alignment="center"):
        st.html('<div class="desk-brand">Layerloom</div>', width="content")
        with st.container(key="nav", horizontal=True, wrap=False, gap=None, width="content"):
            for name, page in pages().items():
                with st.container(key=f"nav_{name}{'_active' if name == active else ''}", width="content"):
                    st.page_link(page, label=t(f"page_{name}"), icon="", width="content", query_params=_address())
        with st.container(key="bar_end", horizontal=True, wrap=False, gap=None, width="content"):
            other = "中" if language() == "en" else "En"
            st.button(other, key="language", type="tertiary", help=t("language_help"), on_click=_switch_language)
            st.button("", key="theme", type="tertiary", icon=":material/contrast:", help=t("theme_help"))


def _switch_language() -> None:
    st.session_state["ui_language"] = "en" if language() == "zh" else "zh"

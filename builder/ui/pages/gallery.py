"""The Gallery page: graphs to open and one's own, as cards with a drawing of the graph."""

from __future__ import annotations

import streamlit as st

from builder.ui import address, frame, gallery_view, mine_view, page_notice, recent_view, session
from builder.ui.text import t
from builder.ui.warm import WARMUP

VIEWS = {
    "gallery": gallery_view.draw,
    "mine": mine_view.draw,
    "recent": recent_view.draw_recent,
    "bin": recent_view.draw_bin,
}


@frame.guarded
def page() -> None:
    """Draws the page."""
    WARMUP.check_failure()
    session.current()
    first = next(iter(VIEWS))
    address.seed_one("gallery_view", "view", VIEWS, first)
    with st.container(key="page_gallery"):
        with st.container(key="gallery_head", horizontal=True, wrap=False, vertical_alignment="center"):
            frame.heading(t(f"view_{st.session_state['gallery_view']}"), t(f"{st.session_state['gallery_view']}_about"))
            chosen = st.segmented_control(
                t("gallery_views"), list(VIEWS), format_func=lambda name: t(f"view_{name}"), key="gallery_view",
                label_visibility="collapsed", required=True, on_change=_switch,
            )  # fmt: skip
        view = chosen or first
        address.keep(view="" if view == first else view)
        VIEWS[view](WARMUP.wait_for_catalogue())
        page_notice.draw()


def _switch() -> None:
    """Another list begins without the search and the filters of the one before."""
    page_notice.close()
    address.keep(q="", task=[], era=[], sort="")

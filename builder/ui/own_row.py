"""A row of a table of one's own: a field for each feature, with what training has seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from builder.ui.markdown import plain
from builder.ui.text import t

if TYPE_CHECKING:
    from builder.inspect import Inspector, Sample
    from builder.inspect.ranges import Range

MOST = 64  # features with a field each
TALL, ROW = 6, 460  # more features than these scroll in a box of so many pixels


def draw(model: Inspector) -> Sample:
    """Draws the fields; the row that they hold."""
    ranges = model.ranges
    kept = st.session_state.get("own_row")
    if kept is None or tuple(kept) != model.features:
        begin(model, [r.median for r in ranges])
    kept = st.session_state["own_row"]
    with st.container(height=ROW if len(ranges) > TALL else "content", border=False, key="own_row_fields"):
        for place, found in enumerate(ranges):
            key = f"sample_row_{place}"
            if key not in st.session_state:
                st.session_state[key] = kept[found.name]
            kept[found.name] = st.number_input(_label(found), key=key, step=_step(found), format="%g")
    st.button(
        t("own_row_medians"), key="own_row_medians", icon=":material/restart_alt:", width="stretch",
        on_click=begin, args=(model, [r.median for r in ranges]),
    )  # fmt: skip
    outside = [found for found in ranges if not found.holds(kept[found.name])]
    if outside:
        named = "; ".join(f"{f.name} = {kept[f.name]:g} ({f.low:g} … {f.high:g})" for f in outside)
        st.warning(plain(t("own_row_outside", features=named)), icon=":material/warning:")
    return model.upload_row(dict(kept))


def begin(model: Inspector, row: Sequence[float]) -> None:
    """Fills the fields at the next drawing."""
    st.session_state["own_row"] = {name: float(f"{value:.7g}") for name, value in zip(model.features, row, strict=True)}
    for place, value in enumerate(st.session_state["own_row"].values()):
        st.session_state[f"sample_row_{place}"] = value


def _label(found: Range) -> str:
    return f"{plain(found.name)} :gray[{plain(f'{found.low:g} … {found.high:g}')}]"


def _step(found: Range) -> float:
    """About a hundredth of the range, of one digit."""
    return float(f"{(found.high - found.low) / 100:.0e}") or 1.0

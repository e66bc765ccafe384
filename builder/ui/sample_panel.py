"""Which sample is looked at: one of a split, or one's own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import frame, looking, own_sample, picker
from builder.ui.looking import Source
from builder.ui.text import t

if TYPE_CHECKING:
    from builder.inspect import Inspector, Sample

SPLITS = ("valid", "test", "train")
STRIP, STRIP_OF_WORDS = 12, 6


def draw(source: Source) -> Sample | None:
    """Draws the panel; the sample, None where there is none yet."""
    model = looking.inspector(source)
    entry = model.entry
    frame.section(t("sample"))
    ways = ("data", "own") if entry is not None else ("data",)
    way = "data"
    if len(ways) > 1:
        way = st.segmented_control(
            t("sample_way"), ways, key="sample_way", default="data", required=True, label_visibility="collapsed",
            format_func=lambda name: t(f"sample_{name}"),
        )  # fmt: skip
    if way == "own" and entry is not None:
        return own_sample.draw(source, model)
    return _of_split(source, model)


def go_to(split: str, index: int) -> None:
    """Shows a sample of the data at the next drawing."""
    st.session_state["sample_split"] = split
    st.session_state["sample_index"] = index
    st.session_state["sample_way"] = "data"


# ------------------------------------------------------------------ samples of the data


def _of_split(source: Source, model: Inspector) -> Sample | None:
    _recall()
    split: Any = st.segmented_control(
        t("sample_split"), SPLITS, key="sample_split", default=None if "sample_split" in st.session_state else "valid",
        required=True, label_visibility="collapsed", format_func=lambda name: t(f"split_{name}"),
    )  # fmt: skip
    split = split or "valid"
    size = model.size(split)
    if not size:
        st.caption(t("sample_none"))
        return None
    if size == 1:
        _offer(source, model, split, 0)
        return model.sample(split, 0)
    index = min(int(st.session_state.get("sample_index", 0)), size - 1)
    st.session_state["sample_index"] = index
    with st.container(key="sample_steps", horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(t("sample_number", n=size - 1), min_value=0, max_value=size - 1, step=1, key="sample_index")
        st.button(
            "", key="sample_random", icon=":material/shuffle:", help=t("sample_random"), on_click=_random, args=(size,)
        )
    entry = model.entry
    strip = STRIP if entry is None or entry.takes == "image" else STRIP_OF_WORDS
    first = index // strip * strip
    shown = list(range(first, min(first + strip, size)))
    picker.show(looking.items(source, split, shown), "sample_strip", _go, chosen=index)
    st.session_state["sample_kept"] = (split, index)
    _offer(source, model, split, index)
    return model.sample(split, index)


def _recall() -> None:
    """Puts back where the panel was left: Streamlit forgets the fields that it does not draw."""
    if "sample_index" not in st.session_state and "sample_kept" in st.session_state:
        split, st.session_state["sample_index"] = st.session_state["sample_kept"]
        st.session_state.setdefault("sample_split", split)


def _offer(source: Source, model: Inspector, split: Any, index: int) -> None:
    """A button to begin a sample of one's own with this one."""
    if model.entry is not None:
        st.button(
            t("sample_edit"), key="sample_edit", icon=":material/edit:", help=t("sample_edit_help"), width="stretch",
            on_click=own_sample.edit, args=(source, model, split, index),
        )  # fmt: skip


def _go(index: int) -> None:
    st.session_state["sample_index"] = max(0, index)


def _random(size: int) -> None:
    st.session_state["sample_index"] = random.randrange(size)

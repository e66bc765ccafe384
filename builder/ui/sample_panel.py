"""Which sample is looked at: one of a split, or an image, a text or a row of one's own."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import frame, looking, picker
from builder.ui.looking import Source
from builder.ui.markdown import plain
from builder.ui.text import t

if TYPE_CHECKING:
    from builder.inspect import Inspector, Sample

SPLITS = ("valid", "test", "train")
STRIP, STRIP_OF_WORDS = 12, 6
FITS = ("pad", "stretch", "crop")


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
        return {"image": _image, "text": _text, "table": _row}[entry.takes](model)
    return _of_split(source, model)


def go_to(split: str, index: int) -> None:
    """Shows a sample of the data at the next drawing."""
    st.session_state["sample_split"] = split
    st.session_state["sample_index"] = index
    st.session_state["sample_way"] = "data"


# ------------------------------------------------------------------ samples of the data


def _of_split(source: Source, model: Inspector) -> Sample | None:
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
    return model.sample(split, index)


def _go(index: int) -> None:
    st.session_state["sample_index"] = max(0, index)


def _random(size: int) -> None:
    st.session_state["sample_index"] = random.randrange(size)


# ------------------------------------------------------------------ a sample of one's own


def _image(model: Inspector) -> Sample | None:
    with frame.uploader():
        given = st.file_uploader(t("own_image"), type=["png", "jpg", "jpeg", "bmp", "gif", "webp"], key="sample_image")
    fit = st.selectbox(t("own_fit"), FITS, key="sample_fit", format_func=lambda name: t(f"fit_{name}"))
    invert = st.checkbox(t("own_invert"), key="sample_invert", help=t("own_invert_help"))
    return None if given is None else model.upload_image(given.getvalue(), fit, invert)  # type: ignore[arg-type]


def _text(model: Inspector) -> Sample | None:
    given = st.text_area(t("own_text"), key="sample_text", max_chars=20_000, height=140)
    return model.upload_text(given) if given.strip() else None


def _row(model: Inspector) -> Sample | None:
    """Numbers by name, to begin with those of the sample that was looked at last."""
    from builder.inspect.samples import feature_names

    entry = model.entry
    if entry is None:
        return None
    names = feature_names(model.compiled, entry.end)
    near = model.sample("valid", 0).inputs[entry.end][0].tolist()
    if len(names) <= 16:
        row = {
            name: st.number_input(plain(name), value=float(value), key=f"sample_row_{i}", format="%g")
            for i, (name, value) in enumerate(zip(names, near, strict=True))
        }
        return model.upload_row(row)
    example = json.dumps([round(v, 4) for v in near])
    given = st.text_area(t("own_row", n=len(names)), value=example, key="sample_row", height=160)
    numbers = [part for part in given.replace("[", " ").replace("]", " ").replace(",", " ").split() if part]
    try:
        return model.upload_row([float(part) for part in numbers])
    except ValueError as error:
        if hasattr(error, "message_zh"):
            raise
        st.error(t("own_row_bad", n=len(names)))
        return None

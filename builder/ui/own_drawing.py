"""A picture of one's own: drawn on a sheet, painted over a sample, or from a file."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import frame, own_fields
from builder.ui.looking import Source
from builder.ui.preview_html import image_uri
from builder.ui.text import language, t

if TYPE_CHECKING:
    from builder.inspect import InspectError, Inspector, Sample

FITS = ("pad", "stretch", "crop")
WAYS = ("draw", "file")


@dataclass
class Drawing:
    """What lies on the sheet: strokes as the browser tells them, over a sample of a model's data or over nothing."""

    strokes: list[Any] = field(default_factory=list)
    revision: int = 0
    over: tuple[Any, ...] | None = None  # the source's key, the split, the number
    refused: InspectError | None = None


def draw(source: Source, model: Inspector) -> Sample | None:
    """Draws the panel; the sample, None while there is none."""
    way = st.segmented_control(
        t("own_image_way"), WAYS, key="own_image_way", required=True, label_visibility="collapsed",
        default=None if "own_image_way" in st.session_state else "draw", format_func=lambda name: t(f"own_way_{name}"),
    )  # fmt: skip
    return _file(model) if way == "file" else _drawn(source, model)


def paint_over(source: Source, split: str, index: int) -> None:
    """Lays a sample of the data under the pen."""
    _begin((source.key, split, index))
    st.session_state["own_image_way"] = "draw"


def _begin(over: tuple[Any, ...] | None) -> None:
    st.session_state["own_drawing"] = Drawing(revision=_sheet().revision + 1, over=over)


def _sheet() -> Drawing:
    return st.session_state.setdefault("own_drawing", Drawing())


def _drawn(source: Source, model: Inspector) -> Sample | None:
    from builder.inspect.drawing import read_strokes

    sheet, entry = _sheet(), model.entry
    if sheet.over and sheet.over[0] != source.key:  # the strokes stay: another model may look at the same drawing
        sheet.over = None
        sheet.revision += 1
    if entry is None:
        return None
    base = model.sample(*sheet.over[1:]) if sheet.over else None
    place = st.container(gap="small")
    as_data = True
    if base is not None:
        st.caption(t("own_over", sample=base.label(language())))
        st.button(
            t("own_empty"), key="own_empty", icon=":material/note:", on_click=_begin, args=(None,), width="stretch"
        )
    elif model.hand_drawn:
        as_data = st.checkbox(t("own_as_data"), value=True, key="own_as_data", help=t("own_as_data_help"))
    sample = None
    if base is not None or sheet.strokes:
        sample = model.upload_drawing(read_strokes(sheet.strokes), base, as_data)
    height, width = (int(s) for s in entry.spec.shape[2:])
    with place:
        own_fields.pad(
            sheet.strokes,
            sheet.revision,
            (height, width),
            functools.partial(_take, sheet),
            image_uri(base.inputs[entry.end][0].numpy()) if base else "",
            image_uri(sample.inputs[entry.end][0].numpy()) if sample else "",
            entry.spec.shape[1] == 3,
        )
    if sheet.refused is not None:
        raise sheet.refused
    return sample


def _take(sheet: Drawing, given: Any) -> None:
    """Keeps what was drawn; what is no drawing changes nothing, and is said."""
    from builder.inspect import InspectError
    from builder.inspect.drawing import read_strokes

    try:
        read_strokes(given)
    except InspectError as error:
        sheet.refused = error
    else:
        sheet.strokes, sheet.refused = given, None


def _file(model: Inspector) -> Sample | None:
    with frame.uploader():
        given = st.file_uploader(t("own_image"), type=["png", "jpg", "jpeg", "bmp", "gif", "webp"], key="sample_image")
    fits = (*FITS, "ink") if model.hand_drawn else FITS
    if st.session_state.get("sample_fit") not in fits:
        st.session_state["sample_fit"] = fits[0]
    fit = st.selectbox(t("own_fit"), fits, key="sample_fit", format_func=lambda name: t(f"fit_{name}"))
    invert = st.checkbox(t("own_invert"), key="sample_invert", help=t("own_invert_help"))
    return None if given is None else model.upload_image(given.getvalue(), fit, invert)

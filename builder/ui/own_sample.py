"""A sample of one's own: a picture, a text, a row of a table or a series; from nothing, or from one of the data."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.ui import own_drawing, own_fields, own_row, reading_html
from builder.ui.looking import Source
from builder.ui.text import language, t

if TYPE_CHECKING:
    from builder.inspect import Inspector, Sample

MAX_TEXT, MAX_NUMBERS = 20_000, 400_000  # characters


@dataclass
class Draft:
    """A text that is being written, and where it began."""

    text: str = ""
    revision: int = 0
    of: tuple[Any, ...] = field(default_factory=tuple)


def draw(source: Source, model: Inspector) -> Sample | None:
    """Draws the panel of what the model takes; the sample, None while there is none."""
    entry = model.entry
    if entry is None:
        return None
    if entry.takes == "image":
        return own_drawing.draw(source, model)
    if entry.takes == "text":
        return _text(model)
    if entry.takes == "series":
        return model.upload_series(_numbers(model, "own_series", t("own_series", n=_steps(model))))
    if len(model.features) <= own_row.MOST:
        return own_row.draw(model)
    found = _numbers(model, "own_numbers", t("own_row", n=len(model.features)))
    return model.upload_row([value for line in found for value in line])


def edit(source: Source, model: Inspector, split: Any, index: int) -> None:
    """Begins with a sample of the data at the next drawing."""
    st.session_state["sample_way"] = "own"
    entry = model.entry
    if entry is None:
        return
    value = model.sample(split, index).inputs[entry.end][0]
    if entry.takes == "image":
        own_drawing.paint_over(source, split, index)
    elif entry.takes == "text":
        data: Any = model.compiled.dataset(entry.end[0])
        _begin("own_text", data.decode(value.tolist()))
    elif entry.takes == "series":
        _begin("own_series", _lines(model, model.sample(split, index)), _origin(model))
    elif len(model.features) <= own_row.MOST:
        own_row.begin(model, value.tolist())
    else:
        _begin("own_numbers", _lines(model, model.sample(split, index)), _origin(model))


def _draft(key: str) -> Draft:
    return st.session_state.setdefault(key, Draft())


def _begin(key: str, text: str, of: tuple[Any, ...] = ()) -> None:
    st.session_state[key] = Draft(text, _draft(key).revision + 1, of)


def _field(key: str, label: str, rows: int, limit: int) -> str:
    draft = _draft(key)
    own_fields.writing(
        f"{key}_field", label, draft.text, draft.revision, functools.partial(setattr, draft, "text"), rows, limit
    )
    return draft.text


# ------------------------------------------------------------------ a text


def _text(model: Inspector) -> Sample | None:
    given = _field("own_text", t("own_text"), 6, MAX_TEXT)
    if not given.strip():
        return None
    st.html(reading_html.reading(model.read_text(given), language()))
    return model.upload_text(given)


# ------------------------------------------------------------------ numbers, line by line


def _numbers(model: Inspector, key: str, label: str) -> list[list[Any]]:
    """The numbers of a field, to begin with those of the first sample for validation."""
    from builder.inspect.own_file import numbers_of_text

    if _draft(key).of != _origin(model):  # another model
        _begin(key, _lines(model, model.sample("valid", 0)), _origin(model))
    return numbers_of_text(_field(key, label, 12, MAX_NUMBERS))


def _origin(model: Inspector) -> tuple[Any, ...]:
    entry = model.entry
    return () if entry is None else (model.compiled.flat.nodes[entry.end[0]].component.id, str(entry.spec))


def _steps(model: Inspector) -> str:
    """Steps and channels of a series."""
    entry = model.entry
    sizes = () if entry is None else entry.spec.shape[1:]
    return " × ".join(map(str, sizes[::-1] if _channels_first(model) else sizes))


def _channels_first(model: Inspector) -> bool:
    return model.entry is not None and getattr(model.compiled.dataset(model.entry.end[0]), "channels_first", False)


def _rows(model: Inspector, sample: Sample) -> list[list[float]]:
    """A sample as lines: the steps of a series without its padding, or the one row of a table."""
    entry = model.entry
    if entry is None:
        return []
    value = sample.inputs[entry.end][0]
    if value.dim() == 1:
        return [value.tolist()]
    if _channels_first(model):
        value = value.T
    pad = sample.inputs.get((entry.end[0], "pad"))
    return (value if pad is None else value[~pad[0]]).tolist()


def _lines(model: Inspector, sample: Sample) -> str:
    return "\n".join(", ".join(f"{number:.6g}" for number in row) for row in _rows(model, sample))

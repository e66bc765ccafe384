"""A view's figure and the samples in it: a pointer on one shows it, a click on one leads to it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from builder.ui import attention_points, chart, looking, picker, sample_panel
from builder.ui.looking import Source
from builder.ui.text import t

if TYPE_CHECKING:
    from builder.inspect import Inspector

KEPT = 12  # sheets of thumbnails
THUMBNAIL = 32  # pixels of a thumbnail's longer side, at most
COLUMNS = 32


def show(source: Source, view: str, figure: dict[str, Any], data: Any, chosen: Mapping[str, Any]) -> None:
    """Draws the figure; in some views its points are samples."""
    on_point: Callable[[Any], None] | None = None
    sheet = None
    if view == "projection" and not data.of_nodes:
        split = chosen["split"]
        on_point = lambda item: _choose(source, split, item)  # noqa: E731
        sheet = _sheet(source, split, data.items)
    elif view == "activating":
        on_point = lambda item: _choose(source, data.split, item)  # noqa: E731
    elif view == "confusion":
        on_point = lambda cell: _open_cell(chosen["split"], data.counts.shape[0], cell)  # noqa: E731
    elif view in attention_points.VIEWS:
        on_point = lambda point: attention_points.follow(view, data, chosen, point)  # noqa: E731
    chart.show(figure, f"inspect_{view}", on_point, sheet)


def _choose(source: Source, split: str, item: Any) -> None:
    """Takes a sample for the one that is looked at."""
    size = looking.inspector(source).size(split)  # type: ignore[arg-type]
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < size:
        sample_panel.go_to(split, item)


def _open_cell(split: str, size: int, cell: Any) -> None:
    """Goes from a cell of the confusion matrix to its samples."""
    if not isinstance(cell, list) or len(cell) != 4:
        return
    truth, predicted = cell[2:]
    if all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i < size for i in (truth, predicted)) and cell[1]:
        chosen = {"truth": truth, "predicted": predicted, "split": split}
        for name, value in chosen.items():
            st.session_state[f"inspect_opt_mistakes_{name}"] = value
        st.session_state["inspect_pick"] = "mistakes"


# ------------------------------------------------------------------ samples below a figure


def strip(source: Source, view: str, data: Any) -> tuple[str, list[picker.Item]]:
    """The samples that a view found, to click on, and their split; none where they are the nodes of one graph."""
    if view == "mistakes":
        split = data.evaluation.split
        captions = [_of_mistake(data, place) for place in range(len(data.items))]
    elif view == "neighbours":
        split = data.split
        captions = [_of_neighbour(data, place) for place in range(len(data.items))]
    elif view == "activating":
        split = data.split
        captions = [(f"{value:.3g}", False) for value in data.values]
    else:
        return "", []
    indices = [int(i) for i in data.items]
    if looking.inspector(source).size(split) <= max(indices, default=0):
        return split, []
    shown = looking.items(source, split, indices)
    if view == "activating":  # its figure tells more than pictures would, and stays
        shown = [picker.Item(id=index) for index in indices]
        captions = [(f"#{index} · {text}", wrong) for index, (text, wrong) in zip(indices, captions, strict=True)]
    return split, [{**item, "caption": text, "wrong": wrong} for item, (text, wrong) in zip(shown, captions)]


def invitation(view: str, data: Any) -> str:
    """What stands above the samples: their order, what is said of each, and that they can be clicked."""
    by_loss = view == "mistakes" and (data.truth is None or data.predicted is None)
    return t("mistakes_by_loss_open" if by_loss else f"{view}_open")


def _of_mistake(data: Any, place: int) -> tuple[str, bool]:
    """What is said of a mistake, and whether it is one: a great loss is not always wrong."""
    if data.truth is None or data.predicted is None:
        return f"{t('loss')} {data.loss[place]:.3g}", False
    names = data.evaluation.head.names
    truth, predicted = int(data.truth[place]), int(data.predicted[place])
    sure = f" ({data.confidence[place]:.0%})" if data.confidence is not None else ""
    return f"{names[truth]} → {names[predicted]}{sure}", truth != predicted


def _of_neighbour(data: Any, place: int) -> tuple[str, bool]:
    """What is said of a neighbour, and whether it is of another class."""
    distance = f"{data.distance[place]:.3g}"
    if data.truth is None:
        return distance, False
    truth = data.truth[place].item()
    if not data.names:
        return f"{truth:.3g} · {distance}", False
    known = 0 <= truth < len(data.names)
    name = data.names[int(truth)] if known else "–"
    return f"{name} · {distance}", known and data.own is not None and truth != data.own


# ------------------------------------------------------------------ thumbnails


def _sheet(source: Source, split: str, items: np.ndarray) -> dict[str, Any] | None:
    return _kept_sheet(
        (source.key, split, items.tobytes()), lambda: _draw_sheet(looking.inspector(source), split, items)
    )


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _kept_sheet(key: tuple[Any, ...], _make: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    return _make()


def _draw_sheet(model: Inspector, split: Any, items: np.ndarray) -> dict[str, Any] | None:
    """All samples as small images on one sheet, by their numbers; None where they are no images."""
    from PIL import Image

    from builder.inspect.portraits import portraits

    if not model.needed:
        return None
    pictures, _ = portraits(model, model.batch(split, items.tolist()), model.needed[0])
    if len(pictures) != len(items):
        return None
    height, width = pictures[0].shape[:2]
    step = max(1, -(-max(height, width) // THUMBNAIL))
    small = [np.atleast_3d(picture[::step, ::step]) for picture in pictures]
    height, width, channels = small[0].shape
    rows = -(-len(small) // COLUMNS)
    canvas = np.zeros((rows * height, COLUMNS * width, channels), dtype=np.uint8)
    for place, pixels in enumerate(small):
        y, x = place // COLUMNS * height, place % COLUMNS * width
        canvas[y : y + height, x : x + width] = (pixels * 255).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(canvas[..., 0] if channels == 1 else canvas).save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"uri": uri, "items": items.tolist(), "columns": COLUMNS, "rows": rows, "width": width, "height": height}

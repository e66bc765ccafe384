"""Samples of one's own on the Inspect page: drawn, painted over, from a file, written, filled in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from builder.graph import Graph
from builder.ui import own_drawing, own_fields, reading_html
from components.data._base import Reading
from tests.inspect.graphs import ZOO
from tests.ui.pages import component, figure, open_page, run, said

STROKE = {"points": [[0.5, 0.2], [0.5, 0.8]], "width": 0.1, "colour": "#ffffff"}


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def opened(name: str, view: str = "prediction") -> AppTest:
    graph: Graph = ZOO[name]()
    app = open_page("inspect", graph)
    if view != "sample":
        app.button_group(key="inspect_pick").set_value(view)
        run(app)
    return app


def own(name: str, view: str = "prediction") -> AppTest:
    app = opened(name, view)
    app.button_group(key="sample_way").set_value("own")
    return run(app)


def drawn(app: AppTest, *strokes: dict[str, Any]) -> AppTest:
    """What the browser does: it tells of strokes."""
    own_drawing._take(app.session_state["own_drawing"], list(strokes))
    return run(app)


# ------------------------------------------------------------------ pictures


def test_a_drawing_is_looked_at_and_each_stroke_changes_the_view() -> None:
    app = own("cnn")
    assert "No sample yet" in said(app)
    pad = component(app, "own_pad")
    assert (pad["strokes"], pad["seen"], pad["base"], pad["colours"], pad["cell"]) == (
        [],
        "",
        "",
        False,
        [1 / 8, 1 / 8],
    )
    drawn(app, STROKE)
    one, seen = figure(app, "inspect_prediction"), component(app, "own_pad")["seen"]
    assert seen.startswith("data:image/png;base64,")
    drawn(app, STROKE, {**STROKE, "points": [[0.2, 0.2], [0.5, 0.2]]})
    assert figure(app, "inspect_prediction")["data"] != one["data"]
    assert component(app, "own_pad")["seen"] != seen
    assert component(app, "own_pad")["revision"] == pad["revision"]  # the sheet goes on
    app.checkbox(key="own_as_data").uncheck()
    run(app)
    assert not app.error


def test_what_the_browser_tells_is_checked_and_the_drawing_stays() -> None:
    app = own("cnn")
    drawn(app, STROKE)
    before = figure(app, "inspect_prediction")
    drawn(app, {**STROKE, "points": [[float("nan"), 0]]})
    assert "points of two numbers" in app.error[0].value.replace("\\", "")
    assert app.session_state["own_drawing"].strokes == [STROKE]
    drawn(app, STROKE)
    assert not app.error
    assert figure(app, "inspect_prediction") == before


def test_a_sample_of_the_data_is_painted_over_and_taken_away_again() -> None:
    app = opened("cnn")
    app.number_input(key="sample_index").set_value(5)
    run(app)
    before = figure(app, "inspect_prediction")["data"][0]["x"]
    app.button(key="sample_edit").click()
    run(app)
    assert app.button_group(key="sample_way").value == "own"
    assert component(app, "own_pad")["base"] == component(app, "own_pad")["seen"] != ""
    assert figure(app, "inspect_prediction")["data"][0]["x"] == before  # nothing is painted yet
    assert "valid sample 5" in said(app)
    drawn(app, {**STROKE, "width": 0.3})
    assert figure(app, "inspect_prediction")["data"][0]["x"] != before
    revision = component(app, "own_pad")["revision"]
    app.button(key="own_empty").click()
    run(app)
    pad = component(app, "own_pad")
    assert (pad["strokes"], pad["base"], pad["revision"]) == ([], "", revision + 1)
    app.button_group(key="sample_way").set_value("data")
    run(app)
    assert app.number_input(key="sample_index").value == 5


def test_another_model_looks_at_the_same_drawing() -> None:
    app = opened("cnn")
    app.button(key="sample_edit").click()
    run(app)
    drawn(app, STROKE)
    graph = ZOO["cnn"]()
    graph.nodes["fc"]["params"]["bias"] = False
    desk = app.session_state["desk"]
    desk.graph = graph
    desk.record("other")
    run(app)
    assert not app.error
    assert component(app, "own_pad")["base"] == ""
    assert component(app, "own_pad")["strokes"] == [STROKE]


def test_a_colour_picture_has_a_colour_pen_and_stays_as_drawn() -> None:
    app = own("colour", "sample")
    assert component(app, "own_pad")["colours"] is True
    assert not [box for box in app.checkbox if box.key == "own_as_data"]
    drawn(app, {**STROKE, "colour": "#00ff00"})
    assert not app.error


def test_an_image_file() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(buffer, "PNG")
    app = own("cnn")
    app.button_group(key="own_image_way").set_value("file")
    run(app)
    app.file_uploader(key="sample_image").set_value(("one.png", buffer.getvalue(), "image/png"))
    run(app)
    assert figure(app, "inspect_prediction")["data"]
    app.selectbox(key="sample_fit").set_value("ink")
    run(app)
    assert not app.error
    app.file_uploader(key="sample_image").set_value(("one.png", b"not an image", "image/png"))
    run(app)
    assert "not a readable image" in app.error[0].value


# ------------------------------------------------------------------ texts and numbers


def test_a_text_is_read_and_what_is_unknown_is_named() -> None:
    app = own("sentiment", "sample")
    assert "No sample yet" in said(app)
    app.session_state["own_text"].text = "a wonderful film with <b>zyzzyva</b> " * 4
    run(app)
    assert not app.error
    assert "<mark>zyzzyva</mark>" in said(app) and "Not in the vocabulary: " in said(app)
    assert "The model reads 12 of 28" in said(app) and 'class="reading-out"' in said(app)
    app.session_state["own_text"].text = "..."
    run(app)
    assert "Nothing of the text" in app.error[0].value


def test_a_review_of_the_data_is_rewritten() -> None:
    app = opened("sentiment")
    before = figure(app, "inspect_prediction")["data"][0]["x"]
    app.button(key="sample_edit").click()
    run(app)
    assert component(app, "own_text_field")["text"]
    assert figure(app, "inspect_prediction")["data"][0]["x"] == before  # unknown words are read as unknown again


def test_a_row_begins_with_medians_and_warns_of_what_training_has_not_seen() -> None:
    app = own("table")
    fields = [n for n in app.number_input if str(n.key).startswith("sample_row_")]
    assert len(fields) == 4
    assert fields[0].label.startswith("sepal length \\(cm\\) :gray[") and fields[0].value == pytest.approx(5.8, abs=0.2)
    assert not app.warning
    before = figure(app, "inspect_prediction")["data"][0]["x"]
    fields[0].set_value(12.5)
    run(app)
    assert "sepal length (cm) = 12.5" in app.warning[0].value.replace("\\", "")
    assert figure(app, "inspect_prediction")["data"][0]["x"] != before
    app.button_group(key="sample_way").set_value("data")
    run(app)
    app.button_group(key="sample_way").set_value("own")
    run(app)
    assert app.number_input(key="sample_row_0").value == 12.5  # kept meanwhile
    app.button(key="own_row_medians").click()
    run(app)
    assert not app.warning
    assert figure(app, "inspect_prediction")["data"][0]["x"] == before


def test_a_row_of_the_data_is_changed() -> None:
    app = opened("table")
    before = figure(app, "inspect_prediction")["data"][0]["x"]
    app.button(key="sample_edit").click()
    run(app)
    assert figure(app, "inspect_prediction")["data"][0]["x"] == before


def test_a_series_begins_with_one_of_the_data() -> None:
    app = own("series")
    lines = component(app, "own_series_field")["text"].splitlines()
    assert len(lines) == 100 and lines[0].count(",") == 5
    assert component(app, "own_series_field")["label"] == "A line for each step (100 × 6)"
    before = figure(app, "inspect_prediction")["data"][0]["x"]
    app.session_state["own_series"].text = "\n".join(["1, 2, 3, 4, 5, 6"] * 100)
    run(app)
    assert figure(app, "inspect_prediction")["data"][0]["x"] != before
    app.session_state["own_series"].text = "1, 2, 3"
    run(app)
    assert "must have 100 steps. Got 1" in app.error[0].value.replace("\\", "")


# ------------------------------------------------------------------ the page keeps what was chosen


def test_node_and_options_stay_while_there_is_no_sample() -> None:
    app = opened("cnn", "sample")
    app.button_group(key="inspect_topic").set_value("inside")
    run(app)
    app.button_group(key="inspect_pick").set_value("output")
    run(app)
    app.selectbox(key="inspect_node_output").set_value("conv2")
    run(app)
    app.selectbox(key="inspect_opt_output_channel").set_value(2)
    run(app)
    app.button_group(key="sample_way").set_value("own")
    run(app)
    assert "No sample yet" in said(app)
    drawn(app, STROKE)
    assert app.selectbox(key="inspect_node_output").value == "conv2"
    assert app.selectbox(key="inspect_opt_output_channel").value == 2


def test_chinese() -> None:
    app = own("cnn")
    app.session_state["ui_language"] = "zh"
    run(app)
    assert component(app, "own_pad")["texts"]["eraser"] == "橡皮（E）"
    assert app.checkbox(key="own_as_data").label == "大小与位置同数据集"


# ------------------------------------------------------------------ parts


def test_every_word_of_the_sheet_is_used_in_its_script() -> None:
    script = (Path(own_fields.__file__).parent / "canvas" / "web" / "pad.js").read_text(encoding="utf-8")
    for word in own_fields.WORDS:
        assert f"texts.{word}" in script, word


def test_a_text_from_the_browser_of_another_beginning_or_kind_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(own_fields.st, "session_state", {"field": told})
    taken: list[Any] = []
    for found in (None, "x", {"revision": 1, "text": "old"}, {"revision": 2, "text": "new"}):
        told["written"] = found
        own_fields._told("field", "written", "text", 2, taken.append)
    assert taken == ["new"]


def test_tokens_are_escaped_and_a_long_text_is_shown_in_part() -> None:
    found = Reading(("<i>", "b"), (False, True), 0, 2, {})
    assert "<mark>&lt;i&gt;</mark> b" in reading_html.reading(found, "en")
    long = Reading(("a",) * 5000, (True,) * 5000, 4990, 5000, {})
    html = reading_html.reading(long, "en")
    assert html.count("reading-out") == reading_html.MOST_TOKENS - 10
    assert "10 of 5000" in html

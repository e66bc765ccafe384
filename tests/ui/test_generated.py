"""What a run has generated, as it is shown: images, sequences, vectors, by epoch."""

from __future__ import annotations

import base64
import io
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from builder.graph import Graph
from builder.train import Run, checkpoint
from builder.train.shown import file_of
from builder.ui import generated_html, generated_panel
from tests.ui.conftest import chain
from tests.ui.pages import open_page, run, said
from tests.ui.runs import fake_run


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def show(shown: Run, node: str, epoch: int, form: str, value: torch.Tensor) -> None:
    checkpoint.save(file_of(shown, node, epoch), {"value": value}, {"form": form, "epoch": epoch})


def picture(html: str) -> np.ndarray:
    source = html.split("base64,")[1].split('"')[0]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))


def test_images_lie_in_a_grid_row_by_row() -> None:
    values = np.arange(12, dtype=np.float32).reshape(12, 1, 1, 1) / 11
    values = np.broadcast_to(values, (12, 1, 2, 3))
    sheet = picture(generated_html.images(values, "a"))
    assert sheet.shape == (3 * 3 - 1, 4 * 4 - 1, 4)
    assert sheet[0, 0, 0] == 0
    assert sheet[0, 4, 0] == round(255 / 11)
    assert sheet[3, 0, 0] == round(4 * 255 / 11)
    assert sheet[0, 3, 3] == 0, "the gap is transparent"
    assert sheet[7, 14, 0] == 255


def test_colours_and_values_that_are_no_numbers() -> None:
    values = np.zeros((1, 3, 2, 2), np.float32)
    values[0, 1] = 1.0
    values[0, 2] = np.nan
    assert picture(generated_html.images(values, "a"))[0, 0].tolist() == [0, 255, 0, 255]


def test_maps_are_coloured_by_sign_each_on_its_own_scale() -> None:
    values = np.zeros((2, 2, 3), np.float32)
    values[0, 0, 0], values[1, 1, 2] = 0.01, -50
    shown = picture(generated_html.maps(values, "maps"))[..., :3].astype(int)
    above, below, nothing = shown[0, 0], shown[1, 6], shown[0, 1]
    assert above[0] > above[2] + 100 and below[2] > below[0] + 100 and nothing.min() > 240
    channels = np.stack((values, -values), 1)
    assert (picture(generated_html.maps(channels, "maps"))[:, :3, :3] > 240).all()  # channels are summed


def test_tokens_are_words_to_the_end_of_the_sequence() -> None:
    words = ("<pad>", "<start>", "<end>", "K", "AE", "T")
    assert generated_html.spoken([1, 3, 4, 5, 2, 3], words) == "K AE T"
    assert generated_html.spoken([3, 9, -100], words) == "3 9"
    assert generated_html.spoken([3, 4], ()) == "3 4"
    html = generated_html.sequences(np.array([[3, 4], [2, 2]]), words, ("<b>cat", "dog"))
    assert "&lt;b&gt;cat" in html
    assert "<span>K AE</span>" in html
    assert "<span>–</span>" in html


def test_vectors_are_rows_from_dark_to_light() -> None:
    sheet = picture(generated_html.vectors(np.array([[0.0, 1.0], [2.0, 4.0]]), "a"))
    assert sheet.tolist() == [[0, 64], [128, 255]]


def test_the_latest_epoch_is_shown_until_one_looks_back() -> None:
    graph = chain()
    shown = fake_run("painted", graph=graph)
    show(shown, "samples", 1, "images", torch.zeros(4, 1, 8, 8))
    show(shown, "samples", 2, "images", torch.ones(4, 1, 8, 8))
    app = open_page("train", graph)
    slider = app.select_slider(key="generated_painted_samples")
    assert slider.value == 2
    assert (picture(said(app))[0, 0, :3] == 255).all()
    show(shown, "samples", 3, "images", torch.full((4, 1, 8, 8), 0.5))
    run(app)
    assert app.select_slider(key="generated_painted_samples").value == 3
    app.select_slider(key="generated_painted_samples").set_value(1)
    run(app)
    assert (picture(said(app))[0, 0, :3] == 0).all()
    show(shown, "samples", 4, "images", torch.ones(4, 1, 8, 8))
    run(app)
    assert app.select_slider(key="generated_painted_samples").value == 1


def test_the_runs_page_shows_it_too() -> None:
    shown = fake_run("painted", graph=chain())
    show(shown, "block/samples", 2, "vectors", torch.randn(3, 5))
    app = open_page("runs")
    app.checkbox(key="run_pick_painted").set_value(True)
    run(app)
    assert "block/samples" in said(app)
    assert "generated-vectors" in said(app)


def test_a_damaged_result_is_said() -> None:
    graph = chain()
    shown = fake_run("painted", graph=graph)
    show(shown, "samples", 1, "images", torch.zeros(4, 1, 8, 8))
    path = file_of(shown, "samples", 1)
    path.write_bytes(path.read_bytes()[:-100])
    assert "cannot be read" in said(open_page("train", graph))


def test_sequences_speak_the_words_of_the_data_set() -> None:
    graph = Graph()
    graph.place("words", "data_cmudict", position=(0, 0))
    shown = fake_run("spoken", graph=graph)
    show(shown, "answers", 1, "sequences", torch.tensor([[23, 4, 37, 2, 0]]))
    words, given = generated_panel._words(shown.path)
    html = unescape(said(open_page("train", graph)))
    assert f"{words[23]} {words[4]} {words[37]}" in html
    assert given[0] in html

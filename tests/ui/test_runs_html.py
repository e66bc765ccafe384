"""Pieces of HTML about runs, data and graphs: what they say, and that no text of a file becomes markup."""

from __future__ import annotations

import base64
import io
import urllib.parse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.train.run import Status
from builder.ui import drawing, preview_html, run_html, run_store
from builder.ui.pages.runs import differences
from tests.ui.conftest import chain
from tests.ui.runs import fake_run

EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


def test_a_row_says_what_a_run_reached() -> None:
    row = run_html.row(run_store.summary(fake_run("r", values=[0.5, 0.75], seed=3)), "en")
    for said in ("Multi-layer perceptron on digits", "Finished", "accuracy 0.75", "6.0 s", "61.7 K", ">3<"):
        assert said in row
    assert "已完成" in run_html.row(run_store.summary(fake_run("s")), "zh")


def test_titles_and_values_of_a_run_stay_text() -> None:
    run = fake_run("r")
    run_store.rename(run, EVIL)
    run.write_info({**run.info(), "overrides": [EVIL]})
    summary = run_store.summary(run)
    for html in (run_html.row(summary, "en"), run_html.details(summary, "en")):
        assert "<img src=x" not in html
        assert "&lt;img src=x" in html


def test_a_crashed_run_is_told_apart() -> None:
    run = fake_run("r", status=Status("running", epoch=1, epochs=9))
    assert "is-crashed" in run_html.state(run_store.summary(run), "en")


def test_evaluations_are_shown_by_split() -> None:
    run = fake_run("r")
    assert run_html.evaluation(run, "en") == ""
    run.write_evaluation({"test": {"metrics": {"accuracy": 0.91}, "losses": {"loss": 0.3}, "samples": 10}, "odd": "x"})
    shown = run_html.evaluation(run, "en")
    assert "Test" in shown
    assert "accuracy 0.91" in shown
    assert "loss 0.3" in shown


def test_differences_are_the_settings_in_which_graphs_differ() -> None:
    one, two = chain(), chain()
    two.nodes["fc"]["params"]["out_features"] = 9
    two.nodes["data"]["settings"]["batch_size"] = 8
    two.training["epochs"] = 5
    assert dict(differences([one, two])) == {
        "training.epochs": ["–", "5"],
        "data.batch_size": ["–", "8"],
        "fc.out_features": ["5", "9"],
    }
    assert differences([one, one]) == []
    assert dict(differences([None, one]))["fc.out_features"] == ["–", "5"]


# ------------------------------------------------------------------ previews


def preview(**given: object) -> dict[str, object]:
    common = {
        "modality": "table", "sizes": {"train": 3, "valid": 1, "test": 1}, "ports": {"x": "(B, 2) float32"},
        "ranges": {"x": (0.0, 1.0)}, "balance": None, "samples": [],
    }  # fmt: skip
    return {**common, **given}


def test_rows_of_a_table() -> None:
    sample = {"index": 4, "row": {EVIL: 1.5, "b": 2.0}, "label": EVIL}
    html = preview_html.samples(preview(samples=[sample]), "en")
    assert "1.5" in html
    assert "<img src=x" not in html
    wide = {"index": 0, "x": np.arange(40.0), "y": 3}
    html = preview_html.samples(preview(samples=[wide]), "en")
    assert html.count("<td>") == preview_html.MOST_COLUMNS + 3


def test_texts_are_cut_and_escaped() -> None:
    html = preview_html.samples(
        preview(modality="text", samples=[{"index": 0, "text": EVIL + "x" * 900, "label": "good"}]), "en"
    )
    assert "<img src=x" not in html
    assert len(html) < 700
    assert "<b>good</b>" in html


def test_images_are_what_they_were() -> None:
    x = np.zeros((1, 4, 6), np.float32)
    x[0, 1, 2] = 1.0
    uri = preview_html.image_uri(x)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))
    assert picture.shape == (4, 6)
    assert picture[1, 2] == 255
    assert picture.sum() == 255
    colour = preview_html.image_uri(np.stack([np.full((2, 2), v) for v in (-1.0, 0.0, 1.0)]))
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(colour.partition(",")[2]))))
    assert picture[0, 0].tolist() == [0, 128, 255]


def test_images_with_classes_and_with_targets() -> None:
    image = {"index": 0, "x": np.zeros((3, 2, 2), np.float32)}
    labelled = preview_html.samples(preview(modality="image", samples=[{**image, "y": 1, "label": "cat"}]), "en")
    assert labelled.count("<img") == 1
    assert "cat" in labelled
    paired = preview_html.samples(
        preview(modality="image", samples=[{**image, "y": np.ones((3, 2, 2), np.float32)}]), "en"
    )
    assert paired.count("<img") == 2
    assert preview_html.samples(preview(modality="image", samples=[image]), "en").count("<img") == 1


def test_series_are_curves_along_time() -> None:
    series = {"index": 0, "x": np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32), "y": 0, "label": "run"}
    html = preview_html.samples(preview(modality="series", samples=[series]), "en")
    svg = svg_of(html)
    lines = svg.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [50, 50]


def test_balance_shows_the_most_frequent_of_very_many_classes() -> None:
    html = preview_html.balance({f"c{i}": i for i in range(100)}, "en")
    assert html.count('class="bar"') == preview_html.MOST_CLASSES
    assert "c99" in html
    assert "c5<" not in html
    assert "and 76 more" in html
    assert "100.0%" in preview_html.balance({EVIL: 5, "b": 0}, "en")
    assert "<img src=x" not in preview_html.balance({EVIL: 5}, "en")


def test_a_graph_says_its_nodes_and_edges() -> None:
    html = preview_html.sizes(preview(nodes=700, edge_index=np.zeros((2, 1234))), "en")
    assert "700" in html
    assert "1,234" in html


# ------------------------------------------------------------------ drawings


def svg_of(html: str) -> ElementTree.Element:
    source = html.split('src="', 1)[1].split('"', 1)[0]
    assert source.startswith("data:image/svg+xml,")
    return ElementTree.fromstring(urllib.parse.unquote(source.partition(",")[2]))


def test_a_drawing_is_an_image_that_cannot_leave_its_attribute() -> None:
    html = drawing.image(lambda mode: f"<text>{mode} &quot; # %</text>", "k", 10, 5)
    assert html.count("<img") == 2
    assert svg_of(html).attrib["viewBox"] == "0 0 10 5"
    assert svg_of(html)[0].text == '0 " # %'

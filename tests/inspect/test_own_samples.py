"""Samples of one's own: drawings, texts, rows and series, from a page or a file."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from builder.inspect import InspectError, Inspector, sample_of_file
from builder.inspect.drawing import MAX_POINTS, MAX_STROKES, Stroke, read_strokes
from tests.inspect.graphs import chain

Zoo = Callable[[str], Inspector]


def told(*points: tuple[float, float], width: float = 0.1, colour: str = "#ffffff") -> dict[str, Any]:
    return {"points": [list(point) for point in points], "width": width, "colour": colour}


DOWN = told((0.5, 0.2), (0.5, 0.8))


# ------------------------------------------------------------------ drawings


def test_strokes_are_read_as_they_are_told() -> None:
    (stroke,) = read_strokes([told((0.25, 1), (-0.5, 1.5), colour="#ff8000")])
    assert stroke == Stroke(((0.25, 1.0), (-0.5, 1.5)), 0.1, (255, 128, 0))
    assert read_strokes([]) == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("strokes", "a list of strokes"),
        ([DOWN] * (MAX_STROKES + 1), "at most 500 strokes"),
        ([told(*[(0.5, 0.5)] * (MAX_POINTS // 2 + 1))] * 2, "at most 50000 points"),
        ([[0.5, 0.5]], "points, width and colour"),
        ([{**DOWN, "html": "<b>"}], "points, width and colour"),
        ([told()], "1 to 50000 points"),
        ([told((0.5, float("nan")))], "on or near the sheet"),
        ([told((0.5, float("inf")))], "on or near the sheet"),
        ([told((0.5, 1e9))], "on or near the sheet"),
        ([{**DOWN, "points": [[0.5]]}], "on or near the sheet"),
        ([{**DOWN, "points": [["0.5", True]]}], "on or near the sheet"),
        ([told((0, 0), width=0)], "a width between 0 and 1"),
        ([told((0, 0), width=True)], "a width between 0 and 1"),
        ([told((0, 0), colour="red")], "a colour such as '#ffffff'"),
        ([told((0, 0), colour="url(javascript:x)")], "a colour such as '#ffffff'"),
    ],
)
def test_what_is_no_drawing_is_refused(given: Any, reason: str) -> None:
    with pytest.raises(InspectError, match=reason) as caught:
        read_strokes(given)
    assert "Got" in caught.value.message and "收到" in caught.value.message_zh
    assert len(caught.value.message) < 200


def test_a_drawn_digit_becomes_a_picture_of_the_data(zoo: Zoo) -> None:
    sample = zoo("cnn").upload_drawing(read_strokes([DOWN]))
    picture = sample.inputs["data", "x"]
    assert picture.shape == (1, 1, 8, 8) and picture.dtype == torch.float32
    assert picture[0, 0].amax(1).min() > 0.9  # from top to bottom
    aside = zoo("cnn").upload_drawing(read_strokes([told((0.1, 0.1), (0.1, 0.4), width=0.05)]))
    torch.testing.assert_close(aside.inputs["data", "x"], picture, atol=0.2, rtol=0)
    as_is = zoo("cnn").upload_drawing(read_strokes([DOWN]), as_data=False).inputs["data", "x"][0, 0]
    assert as_is[0].max() == 0 and as_is[4, 3:5].min() > 0.3 and as_is[4, :3].max() == 0


def test_painting_over_a_sample_changes_what_the_pen_touches_and_nothing_else(zoo: Zoo) -> None:
    model = zoo("cnn")
    base = model.sample("valid", 3)
    before = base.inputs["data", "x"][0, 0]
    same = model.upload_drawing((), base).inputs["data", "x"][0, 0]
    assert torch.equal(same, before)
    strokes = read_strokes([told((0.0, 0.0625), (1, 0.0625), width=0.125)])
    painted = model.upload_drawing(strokes, base).inputs["data", "x"][0, 0]
    assert (painted[0] > 0.95).all() and torch.equal(painted[2:], before[2:])
    erased = model.upload_drawing((*strokes, *read_strokes([told((0.5, 0.5), width=1, colour="#000000")])), base)
    assert erased.inputs["data", "x"][0, 0, 1:7, 1:7].sum() < 0.5
    assert len({model.upload_drawing(s, base).key for s in ((), strokes)}) == 2


def test_a_colour_picture_is_painted_in_colour(zoo: Zoo) -> None:
    x = zoo("colour").upload_drawing(read_strokes([told((0.5, 0.5), width=1, colour="#ff0000")])).inputs["data", "x"]
    assert x.shape == (1, 3, 6, 7)
    assert x[0, :, 3, 3].tolist() == [1, 0, 0]
    assert x[0, :, 0, 0].tolist() == [0, 0, 0]


def test_a_photo_of_a_digit_may_be_brought_to_the_size_of_the_data(zoo: Zoo) -> None:
    paper = np.full((300, 200), 230, np.uint8)
    paper[30:130, 90:100] = 20
    buffer = io.BytesIO()
    Image.fromarray(paper).save(buffer, "PNG")
    x = zoo("cnn").upload_image(buffer.getvalue(), fit="ink", invert=True).inputs["data", "x"]
    torch.testing.assert_close(x, zoo("cnn").upload_drawing(read_strokes([DOWN])).inputs["data", "x"], atol=0.4, rtol=0)
    with pytest.raises(InspectError, match=r"stretch, crop or pad\. Got .ink."):
        zoo("colour").upload_image(buffer.getvalue(), fit="ink")


def test_a_model_of_rows_cannot_be_drawn_for(zoo: Zoo) -> None:
    with pytest.raises(InspectError, match="takes no image as a sample, but table"):
        zoo("table").upload_drawing(read_strokes([DOWN]))


# ------------------------------------------------------------------ texts, rows, series


def test_how_a_text_is_read_can_be_asked(zoo: Zoo) -> None:
    read = zoo("sentiment").read_text("a zyzzyva film " * 10)
    assert (len(read.tokens), read.start, read.stop) == (30, 0, 12)
    assert [token for token, known in zip(read.tokens, read.known, strict=True) if not known] == ["zyzzyva"] * 10
    with pytest.raises(InspectError, match="Nothing of the text"):
        zoo("sentiment").upload_text(" ... ")


def test_what_training_has_seen_of_a_feature(zoo: Zoo) -> None:
    ranges = zoo("table").ranges
    assert tuple(r.name for r in ranges) == zoo("table").features
    rows = zoo("table").batch("train", range(zoo("table").size("train")))["data", "x"]
    length = ranges[0]
    assert (length.low, length.high) == (round(rows[:, 0].min().item(), 3), round(rows[:, 0].max().item(), 3))
    assert length.low < length.median < length.high
    assert length.holds(length.low) and length.holds(length.high) and not length.holds(length.high + 0.1)
    assert zoo("cnn").ranges == ()


def test_a_series_of_ones_own(zoo: Zoo) -> None:
    rows = [[float(step + channel) for channel in range(6)] for step in range(100)]
    first, last = zoo("series").upload_series(rows), zoo("recurrent").upload_series(rows)
    assert first.inputs["data", "x"].shape == (1, 6, 100) and last.inputs["data", "x"].shape == (1, 100, 6)
    assert first.inputs["data", "x"][0, 2, 7] == last.inputs["data", "x"][0, 7, 2] == 9
    assert zoo("series").value(first, ("fc", "y")).shape == (1, 4)


def test_a_short_series_is_padded_where_the_data_are() -> None:
    layers = {"mean": ("op_mean", {"dim": 1}), "fc": ("linear", {"out_features": 9})}
    model = Inspector(chain(("data_vowels", {}), layers, ("loss_cross_entropy", {})))
    sample = model.upload_series([[1.0] * 12] * 5)
    assert sample.inputs["data", "pad"][0].tolist() == [False] * 5 + [True] * 24
    assert sample.inputs["data", "x"][0, 5:].abs().sum() == 0


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[0.0] * 6] * 99, "must have 100 steps. Got 99"),
        ([[0.0] * 6] * 99 + [[0.0] * 5], "Step 100 has 5"),
        ([[0.0] * 6] * 99 + [[0.0] * 5 + [float("nan")]], "Step 100 of the series must hold finite numbers. Got nan"),
        ([["<b>"] * 6] * 100, "finite numbers. Got '<b>'"),
    ],
)
def test_a_series_that_does_not_fit(zoo: Zoo, rows: Any, reason: str) -> None:
    with pytest.raises(InspectError, match=reason):
        zoo("series").upload_series(rows)


# ------------------------------------------------------------------ files


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


NAMES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "5.1,3.5,1.4,0.2\n"),
        ("a.csv", "\ufeff5.1; 3.5; 1.4; 0.2"),
        ("a.csv", ",".join(reversed(NAMES)) + "\n0.2,1.4,3.5,5.1\n"),
        ("a.JSON", "[5.1, 3.5, 1.4, 0.2]"),
        ("a.json", json.dumps(dict(zip(NAMES, (5.1, 3.5, 1.4, 0.2), strict=True)))),
    ],
)
def test_a_row_from_a_file(zoo: Zoo, file: Any, name: str, content: str) -> None:
    sample = sample_of_file(zoo("table"), file(name, content))
    assert sample.key == zoo("table").upload_row([5.1, 3.5, 1.4, 0.2]).key


def test_images_texts_and_series_from_files(zoo: Zoo, file: Any) -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8), 255).save(buffer, "PNG")
    assert sample_of_file(zoo("cnn"), file("a.png", buffer.getvalue())).inputs["data", "x"].min() == 1
    assert sample_of_file(zoo("cnn"), file("a.png", buffer.getvalue()), invert=True).inputs["data", "x"].max() == 0
    text = sample_of_file(zoo("sentiment"), file("a.txt", "a good film"))
    assert text.key == zoo("sentiment").upload_text("a good film").key
    lines = "\n".join(",".join(["0.5"] * 6) for _ in range(100))
    series = sample_of_file(zoo("series"), file("a.csv", lines))
    assert series.key == sample_of_file(zoo("series"), file("b.csv", "a,b,c,d,e,f\n" + lines)).key
    assert series.key == sample_of_file(zoo("series"), file("a.json", json.dumps([[0.5] * 6] * 100))).key


@pytest.mark.parametrize(
    ("model", "name", "content", "reason"),
    [
        ("cnn", "a.txt", "seven", "takes an image: a file that ends with .png, .*Got 'a.txt'"),
        ("cnn", "a.png", "seven", r"not a readable image \(unknown format\)"),
        ("sentiment", "a.png", "x", "takes a text: a file that ends with .txt"),
        ("sentiment", "a.txt", b"\xff\xfe\x00", "a.txt must be a text in UTF-8"),
        ("table", "a.json", "[1, 2", "a.json must be JSON"),
        ("table", "a.json", "3", "a.json must hold a list or an object. Got 3"),
        ("table", "a.json", "[" * 100_000, "a.json must be JSON"),
        ("table", "a.csv", "1,2,3,4\n5,6,7,8\n", "one row of numbers.* Got 2 lines"),
        ("table", "a.csv", "a,b\n1\n", "Got 2 names and 1 values"),
        ("table", "a.csv", "1,2,three,4\n", "must be a finite number. Got 'three'"),
        ("table", "a.csv", "1,2,3\n", "must have 4 numbers"),
        ("table", "a.csv", f"1,{'2' * 200_000},3,4\n", "lines must hold numbers"),
        ("series", "a.json", "[1, 2]", "a list of steps"),
        ("gcn", "a.csv", "1", "takes no sample of one's own"),
    ],
)
def test_a_file_that_does_not_fit_is_one_clear_error(
    zoo: Zoo, file: Any, model: str, name: str, content: str | bytes, reason: str
) -> None:
    with pytest.raises(InspectError, match=reason) as caught:
        sample_of_file(zoo(model), file(name, content))
    assert caught.value.message_zh != caught.value.message
    assert len(caught.value.message) < 400


# ------------------------------------------------------------------ digits as a person writes them


def arc(x: float, y: float, wide: float, high: float, begin: int, end: int) -> list[tuple[float, float]]:
    """Points of an ellipse between two angles in degrees, clockwise from the right."""
    turns = [math.radians(angle) for angle in range(begin, end + 1, 15)]
    return [(x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


DIGITS = (
    [arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    [[(0.5, 0.2), (0.5, 0.8)]],
    [[*arc(0.5, 0.36, 0.17, 0.16, 180, 375), (0.33, 0.8), (0.72, 0.8)]],
    [arc(0.47, 0.35, 0.17, 0.14, -150, 90) + arc(0.47, 0.64, 0.19, 0.15, -90, 135)],
    [[(0.4, 0.2), (0.3, 0.55), (0.7, 0.55)], [(0.6, 0.3), (0.6, 0.82)]],
    [[(0.68, 0.22), (0.4, 0.22), (0.37, 0.47), *arc(0.48, 0.61, 0.18, 0.17, -120, 135)]],
    [[(0.6, 0.2), (0.42, 0.4), *arc(0.5, 0.64, 0.16, 0.17, -165, 195)]],
    [[(0.3, 0.23), (0.7, 0.23), (0.45, 0.8)]],
    [arc(0.5, 0.35, 0.14, 0.14, 90, 450) + arc(0.5, 0.65, 0.17, 0.16, -90, 270)],
    [[*arc(0.5, 0.37, 0.15, 0.15, 0, 360), (0.62, 0.6), (0.55, 0.82)]],
)


@pytest.mark.parametrize(("run", "least"), [("lenet5", 28), ("vit_digits", 24)])
def test_trained_models_read_what_is_drawn_wherever_and_however_large(run: str, least: int) -> None:
    model = Inspector(Path(__file__).parents[2] / "graphs" / "runs" / run)
    right = 0
    for digit, lines in enumerate(DIGITS):
        for scale, shift, width in ((1.0, 0.0, 0.08), (0.5, 0.4, 0.05), (1.2, -0.1, 0.12)):
            moved = [[(x * scale + shift, y * scale + shift) for x, y in line] for line in lines]
            sample = model.upload_drawing(tuple(Stroke(tuple(line), width) for line in moved))
            right += int(model.value(sample, model.heads[0].end).argmax()) == digit
    assert right >= least, f"{right} of 30"

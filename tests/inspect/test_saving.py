"""Views as files: pictures, pages that stand alone, numbers; and the command that writes them."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from builder.inspect import InspectError, Inspector, compute, content, draw, listing, views
from builder.inspect.choices import Choice, Option
from builder.inspect.saving import to_plain
from tests.inspect.graphs import ZOO

Zoo = Callable[[str], Inspector]


@pytest.mark.parametrize("model", ["cnn", "regression", "autoencoder", "vit", "gpt", "gcn"])
def test_every_view_gives_its_numbers(zoo: Zoo, model: str) -> None:
    inspector = zoo(model)
    for spec in views(inspector):
        sample = inspector.sample() if spec.needs_sample else None
        found = json.loads(content(inspector, "json", spec.id, spec.node, sample, language="zh"))
        said = found["statement"]
        assert said["view"] == spec.id and (said["node"] or "") == spec.node
        assert (said["method"], said["limits"], said["shows"]) == (spec.method_zh, spec.limits_zh, spec.help_zh)
        assert found["data"]


def test_the_numbers_are_those_of_the_view(zoo: Zoo) -> None:
    inspector = zoo("cnn")
    sample = inspector.sample("valid", 3)
    _, data = compute(inspector, "output", "conv1", sample)
    found = json.loads(content(inspector, "json", "output", "conv1", sample, channel=2))
    np.testing.assert_array_equal(np.array(found["data"]["array"], dtype=np.float32), data.array)
    assert found["statement"]["options"] == {"sort": "number", "channel": 2, "scale": "common"}
    assert found["statement"]["sample"] == "valid sample 3"
    assert found["statement"]["source"] == {"graph": "", "run": None, "checkpoint": None}


def test_a_page_stands_alone_and_names_are_no_markup() -> None:
    inspector = Inspector(ZOO["table"]())
    nasty = "</script><img src=x onerror=alert(1)>"
    inspector.heads = [dataclasses.replace(inspector.heads[0], names=(nasty, "b", "c"))]
    inspector.origin = {"graph": nasty, "run": None, "checkpoint": None}
    page = content(inspector, "html", "confusion", dark=True).decode()
    own = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert "Plotly.newPlot" in page and "<img" not in own and "onerror=alert(1)&gt;" in own
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=", own) and not re.search(r"<script[^>]*src=", page)
    for words in ("Counts of true and predicted classes", "Limits", "split: valid"):
        assert words in own


def test_what_json_does_not_know_becomes_null() -> None:
    @dataclasses.dataclass
    class Result:
        a: np.ndarray
        b: tuple[Any, ...]

    found = to_plain(Result(np.array([1.5, np.nan]), (float("inf"), np.int64(3), {("n", "p"): "x"}, True, None)))
    assert found == {"a": [1.5, None], "b": [None, 3, {"n.p": "x"}, True, None]}
    with pytest.raises(TypeError, match="Got object"):
        to_plain(object())


def test_a_picture_lies_on_the_page_of_its_theme(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def to_image(figure: go.Figure, format: str, width: int, height: int, scale: int) -> bytes:
        seen.append((figure.layout.paper_bgcolor, width, height))
        buffer = io.BytesIO()
        Image.new("RGB", (width * scale, height * scale)).save(buffer, format)
        return buffer.getvalue()

    monkeypatch.setattr(go.Figure, "to_image", to_image)
    picture = Image.open(io.BytesIO(content(zoo("cnn"), "png", "confusion", dark=True)))
    assert seen[0][0] == "#16181d" and picture.size == (2 * seen[0][1], 2 * seen[0][2])


def test_without_a_browser_a_picture_is_refused_and_a_page_named(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nonexistent/chrome")
    with pytest.raises(InspectError, match=r"needs a browser .* Write \.html instead") as caught:
        content(zoo("cnn"), "png", "confusion")
    assert ".html" in caught.value.text("zh")


def test_drawing_into_a_file(zoo: Zoo, tmp_path: Path) -> None:
    inspector = zoo("cnn")
    out = tmp_path / "deep" / "map.json"
    said = draw(inspector, str(out), "output", "", "test", 2, {"channel": "1", "scale": "each map its own"})
    assert said["node"] == "conv1" and said["options"] == {"sort": "number", "channel": 1, "scale": "each"}
    assert said["sample"] == "test sample 2" and json.loads(out.read_text())["statement"] == said
    assert draw(inspector, str(tmp_path / "c.json"), "confusion", split="test")["options"]["split"] == "test"
    near = draw(inspector, str(tmp_path / "n.json"), "neighbours", split="test")  # the split is that of the sample
    assert (near["sample"], near["options"]["split"]) == ("test sample 0", "train")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("a.gif", "confusion"), r"written as \.png, \.html or \.json\. Got 'a\.gif'"),
        (("a.json", "nonsense"), r"no view 'nonsense' of this model\. There are: sample, prediction"),
        (("a.json", "output", "fc9"), "does not apply to 'fc9'"),
        (("a.json", "output", "", "valid", 10**6), r"samples 0 to \d+\. Got 1000000"),
        (("a.json", "output", "", "valid", 0, {"channel": "red"}), "'channel' must be one of .* Got 'red'"),
        (("a.json", "output", "", "valid", 0, {"hue": "1"}), "no option 'hue'"),
    ],
)
def test_what_cannot_be_drawn_leaves_no_file(zoo: Zoo, tmp_path: Path, arguments: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(InspectError, match=reason):
        draw(zoo("cnn"), str(tmp_path / arguments[0]), *arguments[1:])
    assert not list(tmp_path.iterdir())


def test_the_list_names_views_nodes_and_options(zoo: Zoo) -> None:
    found = {view["view"]: view for view in listing(zoo("cnn"))}
    assert list(found) == [spec.id for spec in views(zoo("cnn"))]
    assert "conv2" in found["output"]["nodes"] and found["confusion"]["nodes"] == []
    assert {o["name"]: o.get("values") for o in found["confusion"]["options"]} == {"split": ["train", "valid", "test"]}
    assert all(view["method"] and view["limits"] for view in found.values())


def test_an_option_is_read_from_a_text() -> None:
    choice = Option("n", "n", "n", 1, (Choice(1, "one", "一"), Choice(-1, "all", "全部")))
    assert [choice.read(text) for text in ("1", "all", "-1", "two")] == [1, -1, -1, "two"]
    number = Option("n", "n", "n", 1, (), -5, 9)
    assert [number.read(text) for text in ("7", "-3", "7.5")] == [7, -3, "7.5"]

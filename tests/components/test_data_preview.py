"""What the preview says of a data set."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

import components
from components.data.preview import preview


def test_images() -> None:
    dataset = components.create("data_digits")
    seen = preview(dataset, count=5)
    assert seen["modality"] == "image" and seen["classes"] == tuple("0123456789")
    assert seen["sizes"] == {"train": 1257, "valid": 270, "test": 270}
    assert seen["ports"] == {"x": "(B, 1, 8, 8) float32", "y": "(B) int64"}
    assert seen["ranges"] == {"x": (0.0, 1.0), "y": (0, 9)}
    assert list(seen["balance"]) == list("0123456789") and sum(seen["balance"].values()) == 1257
    assert len(seen["samples"]) == 5 and len({s["index"] for s in seen["samples"]}) == 5
    split = dataset.load("train")
    for sample in seen["samples"]:
        assert np.array_equal(sample["x"], split[sample["index"]]["x"].numpy())
        assert sample["label"] == str(sample["y"]) == str(int(split[sample["index"]]["y"]))


def test_tables() -> None:
    seen = preview(components.create("data_iris"), "test", count=100)
    assert len(seen["samples"]) == seen["sizes"]["test"] == 30
    assert seen["balance"] == {"setosa": 10, "versicolor": 10, "virginica": 10}
    row = seen["samples"][0]["row"]
    assert list(row) == ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    assert list(row.values()) == seen["samples"][0]["x"].tolist()


def test_numbers_as_target() -> None:
    seen = preview(components.create("data_diabetes"), count=3)
    assert seen["classes"] is None and seen["balance"] is None
    assert seen["ranges"]["y"][0] >= 25 and seen["ranges"]["y"][1] <= 346
    assert seen["samples"][0]["y"].shape == (1,) and "label" not in seen["samples"][0]


def test_texts_are_decoded() -> None:
    seen = preview(components.create("data_sentiment"), "valid", count=4)
    for sample in seen["samples"]:
        assert sample["label"] in ("rotten", "fresh")
        assert len(sample["text"].split()) == (~sample["pad"]).sum()
    characters = preview(components.create("data_text_characters"), count=2)
    assert all(len(sample["text"]) == 64 for sample in characters["samples"]) and characters["balance"] is None


def test_graphs_count_their_labels() -> None:
    seen = preview(components.create("data_karate"), "test", count=6)
    assert seen["nodes"] == 34 and seen["edge_index"].shape == (2, 156)
    assert seen["sizes"] == {"train": 13, "valid": 7, "test": 14} and sum(seen["balance"].values()) == 14
    assert seen["ranges"]["y"] == (0, 1)
    for sample in seen["samples"]:
        assert sample["x"].argmax() == sample["index"] and sample["label"] in ("Mr. Hi", "Officer")


def test_ranges_cover_more_than_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    from components.data import preview as module

    monkeypatch.setattr(module, "CHUNK", 7)
    dataset = components.create("data_random", shape=[2], samples=50)
    x = dataset.load("train").tensors["x"]
    seen = preview(dataset)
    assert seen["ranges"]["x"] == (x.min().item(), x.max().item())
    assert list(seen["balance"].values()) == torch.bincount(dataset.load("train").tensors["y"], minlength=10).tolist()


def test_a_csv_table(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERLOOM_WORKSPACE", str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("a,b,y\n" + "".join(f"{i},{'uv'[i % 2]},{i % 2}\n" for i in range(20)))
    seen = preview(components.create("data_csv", file="t.csv"), count=1)
    assert set(seen["samples"][0]["row"]) == {"a", "b = u", "b = v"} and seen["classes"] == ("0", "1")


def test_the_choice_is_seeded_and_plain() -> None:
    dataset = components.create("data_wine")
    first, again, other = (preview(dataset, seed=s) for s in (0, 0, 1))
    index = [[s["index"] for s in seen["samples"]] for seen in (first, again, other)]
    assert index[0] == index[1] != index[2]
    json.dumps({k: v for k, v in first.items() if k != "samples"})

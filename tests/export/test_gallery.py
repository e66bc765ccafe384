"""Every gallery graph can be taken away in every form."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.compiler import Compiled
from builder.export import export, model_source
from builder.gallery import graph_files
from builder.graph import load

GALLERY = graph_files()


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_class_reads_like_a_person_s(path: Path) -> None:
    text = model_source(Compiled(load(path))).text
    assert max(map(len, text.splitlines())) <= 130  # texts of errors are not broken
    assert "__hole" not in text and "components" not in text


@pytest.mark.slow
@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_project_repeats_the_first_losses(path: Path, tmp_path: Path) -> None:
    result = export(path, "project", tmp_path / "project")
    assert result.checked == "the model is equal bit for bit; the first losses of train.py are the app's exactly"


@pytest.mark.slow
@pytest.mark.parametrize("format", ["python", "safetensors", "pt2", "onnx"])
@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_every_format_is_checked(path: Path, format: str, tmp_path: Path) -> None:
    result = export(path, format, tmp_path / "out")  # type: ignore[arg-type]
    if result.max_difference is None:
        assert format == "onnx" and "random numbers" in result.checked
    else:
        assert result.max_difference < 1e-4
    assert "fixed" not in result.checked

"""Uploads: safe names, nothing written over, nothing outside the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.ui import uploads


@pytest.fixture(autouse=True)
def _workspace(workspace: Path) -> None:
    """Every test has a workspace of its own."""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("table.csv", "table.csv"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\me\\data.CSV", "data.csv"),
        ("..", "data"),
        ("", "data"),
        (".csv", "csv"),
        ("my table (1).csv", "my table _1.csv"),
        ("数据 表.zip", "数据 表.zip"),
        ("a\0b\n.csv", "a_b.csv"),
        ("x" * 300 + ".csv", "x" * uploads.MAX_STEM + ".csv"),
        ("evil.c/sv", "sv"),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    name = uploads.keep(given, b"content")
    assert name == kept
    assert (uploads.folder() / name).read_bytes() == b"content"
    assert sorted(uploads.folder().parent.rglob("*")) == [uploads.folder(), uploads.folder() / name]


def test_other_content_of_the_same_name_gets_another_name() -> None:
    assert uploads.keep("t.csv", b"one") == "t.csv"
    assert uploads.keep("t.csv", b"two") == "t-2.csv"
    assert uploads.keep("t.csv", b"one") == "t.csv"
    assert uploads.keep("t.csv", b"two") == "t-2.csv"
    assert (uploads.folder() / "t.csv").read_bytes() == b"one"


def test_files_are_listed_by_what_can_read_them() -> None:
    for name in ("a.csv", "b.zip", "c.tsv", "d.png"):
        uploads.keep(name, name.encode())
    assert set(uploads.stored("data_csv")) == {"a.csv", "c.tsv"}
    assert uploads.stored("data_image_folder") == ["b.zip"]


def test_a_link_in_the_folder_does_not_lead_out(tmp_path: Path) -> None:
    uploads.folder().mkdir(parents=True)
    outside = tmp_path / "outside.csv"
    outside.write_bytes(b"precious")
    (uploads.folder() / "t.csv").symlink_to(outside)
    with pytest.raises(ValueError, match="stay inside"):
        uploads.keep("t.csv", b"evil")
    assert outside.read_bytes() == b"precious"

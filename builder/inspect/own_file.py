"""A sample from a file: an image, a text, a row of a table or a series."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.inspect.errors import InspectError
from builder.inspect.inspector import Inspector
from builder.inspect.samples import Fit, Sample, Upload

MAX_BYTES = 32 * 2**20

ENDINGS: Mapping[Upload, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"),
    "text": (".txt",),
    "table": (".csv", ".json"),
    "series": (".csv", ".json"),
}
KINDS: Mapping[Upload, tuple[str, str]] = {
    "image": ("an image", "图像"),
    "text": ("a text", "文本"),
    "table": ("a row of a table", "一行表格数据"),
    "series": ("a series", "序列"),
}


def sample_of_file(inspector: Inspector, path: str | Path, fit: Fit = "stretch", invert: bool = False) -> Sample:
    """A sample from a file of the kind that the model takes.

    Args:
        path: an image; a .txt in UTF-8; for a row a .csv (names and numbers, or numbers alone) or a .json (an object by
            names, or a list); for a series a .csv with a line for each step, or a .json, a list of lists.
        fit: of an image; see ``samples.from_image``.
        invert: swaps light and dark of an image.

    Raises:
        InspectError: the model takes no sample of one's own, or the file is not what it takes; names both.
        OSError: the file cannot be read.
    """
    path, entry = Path(path), inspector.entry
    if entry is None:
        raise InspectError("This model takes no sample of one's own.", "此模型不接受自己的样本。")
    endings, ending = ENDINGS[entry.takes], path.suffix.lower()
    if ending not in endings:
        kind, kind_zh = KINDS[entry.takes]
        raise InspectError(
            f"This model takes {kind}: a file that ends with {', '.join(endings)}. Got {path.name!r} instead.",
            f"此模型接受{kind_zh}：文件扩展名应为 {'、'.join(endings)}，收到 {path.name!r}。",
        )
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _error(
            path, f"must have at most {MAX_BYTES} bytes. Got {size} instead.", f"最大 {MAX_BYTES} 字节，收到 {size}。"
        )
    content = path.read_bytes()
    if entry.takes == "image":
        return inspector.upload_image(content, fit, invert)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(path, f"must be a text in UTF-8 ({error}).", f"必须是 UTF-8 文本（{error}）。") from None
    if entry.takes == "text":
        return inspector.upload_text(text)
    found = _json(path, text) if ending == ".json" else numbers_of_text(text)
    if entry.takes == "table":
        row = found if isinstance(found, Mapping) else _row(path, found)
        return inspector.upload_row(row)
    return inspector.upload_series(_steps(path, found))


def numbers_of_text(text: str) -> list[list[Any]]:
    """The cells of lines, with commas, semicolons, tabs or spaces between them; what is a number becomes one.

    Raises:
        InspectError: a cell is too long to be one.
    """
    delimiter = next((mark for mark in ("\t", ";", ",") if mark in text), " ")
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise InspectError(f"The lines must hold numbers ({error}).", f"各行应为数（{error}）。") from None
    found = ([cell.strip() for cell in line] for line in lines)
    return [[_number(cell) for cell in line] for line in found if any(line)]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _error(path, f"must be JSON ({error}).", f"必须是 JSON（{error}）。") from None


def _row(path: Path, found: Any) -> Any:
    """The one row of a file: numbers, or values by name where the first line holds names."""
    if not isinstance(found, list):
        raise _error(
            path,
            f"must hold a list or an object. Got {_shown(found)} instead.",
            f"应为列表或对象，收到 {_shown(found)}。",
        )
    rows = found if any(isinstance(item, list) for item in found) else [found]
    named = len(rows) == 2 and all(isinstance(cell, str) for cell in rows[0])
    if not (len(rows) == 1 or named) or not all(isinstance(row, list) for row in rows):
        raise _error(
            path,
            f"must hold one row of numbers, below their names or without. Got {len(rows)} lines instead.",
            f"应有一行数（上方可有特征名），收到 {len(rows)} 行。",
        )
    if not named:
        return rows[0]
    if len(rows[0]) != len(rows[1]):
        raise _error(
            path,
            f"must have a value below each name. Got {len(rows[0])} names and {len(rows[1])} values instead.",
            f"每个特征名下应有一个值，收到 {len(rows[0])} 个名称、{len(rows[1])} 个值。",
        )
    return dict(zip(*rows, strict=True))


def _steps(path: Path, found: Any) -> list[list[Any]]:
    if not (isinstance(found, list) and all(isinstance(step, list) for step in found)):
        raise _error(
            path,
            f"must hold a list of steps, each a list of numbers. Got {_shown(found)} instead.",
            f"应为各步的列表，每步是数的列表，收到 {_shown(found)}。",
        )
    named = bool(found) and all(isinstance(cell, str) for cell in found[0])
    return found[1:] if named else found  # a first line of names is no step


def _shown(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _error(path: Path, message: str, message_zh: str) -> InspectError:
    return InspectError(f"{path.name} {message}", f"{path.name} {message_zh}")

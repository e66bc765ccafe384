"""Reads a table of text (CSV) into typed columns; a mistake is one error that names the file, column and line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.data._errors import DataError
from components.data._workspace import fingerprint

Delimiter = Literal["auto", "comma", "semicolon", "tab", "bar"]
Header = Literal["auto", "yes", "no"]
Encoding = Literal["utf-8", "utf-16", "gb18030", "latin-1"]
DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
MISSING = frozenset({"", "?", "na", "n/a", "nan", "null"})  # compared in lower case
MAX_BYTES = 100 * 2**20
SNIFFED_ROWS = 20
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)  # compared as objects: comparing cells takes seconds where columns are many
class Column:
    """One column: ``numbers`` (NaN where missing) if its cells are numbers, otherwise None; the cells as text."""

    name: str
    cells: Sequence[str]
    missing: NDArray[np.bool_]
    numbers: NDArray[np.float64] | None
    distinct: int


@dataclass(frozen=True)
class Table:
    """The columns by name in the order of the file, and the line of the file on which each row ends."""

    file: str
    columns: Mapping[str, Column]
    lines: Sequence[int]


def read_csv(path: Path, delimiter: Delimiter, header: Header, encoding: Encoding) -> Table:
    """The table in a file of the workspace; read again only when the file has changed.

    Raises:
        DataError: the file is no text in this encoding, is empty, too large, has one column only, rows of unequal
            length, two columns of one name, or a column of numbers with something else in it.
    """
    state = fingerprint(path)
    if state[1] > MAX_BYTES:
        raise table_error(
            path.name,
            f"must have at most {MAX_BYTES} bytes. Got {state[1]} instead.",
            f"不能超过 {MAX_BYTES} 字节，收到 {state[1]} 字节。",
        )
    return _read(path, state, delimiter, header, encoding)


@lru_cache(maxsize=4)
def _read(path: Path, _state: tuple[int, int], delimiter: Delimiter, header: Header, encoding: Encoding) -> Table:
    text = _decode(path, encoding)
    rows, lines = _rows(path.name, text, DELIMITERS.get(delimiter) or _guess_delimiter(text))
    width = len(rows[0])
    if width < 2:
        raise table_error(
            path.name,
            "must have at least two columns: check the delimiter. Got one instead.",
            "至少要有两列（请检查分隔符），收到一列。",
        )
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise table_error(
                path.name,
                f"line {line}: expected {width} cells as in the first row. Got {len(row)} instead.",
                f"第 {line} 行：应与首行一样有 {width} 个单元格，收到 {len(row)} 个。",
            )
    names = [f"column {i}" for i in range(1, width + 1)]
    if header == "yes" or (header == "auto" and not all(map(_is_number, rows[0]))):
        names = [cell or name for cell, name in zip(rows[0], names, strict=True)]
        rows, lines = rows[1:], lines[1:]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise table_error(
            path.name,
            f"has two columns named {twice!r}. If its first row holds data, set 'header' to 'no'.",
            f"有两列同名“{twice}”。如果首行是数据，请将 header 设为 no。",
        )
    if not rows:
        raise table_error(path.name, "has a row of names but no data below it.", "只有表头，没有数据行。")
    cells = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Table(path.name, {name: _column(path.name, name, c, lines) for name, c in cells.items()}, lines)


def _decode(path: Path, encoding: Encoding) -> str:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content.count(b"\n", 0, start) + 1
        raise table_error(
            path.name,
            f"line {line}: this is not text in {encoding}. Save the file as UTF-8, or set 'encoding'.",
            f"第 {line} 行：不是 {encoding} 编码的文本。请将文件另存为 UTF-8，或设置 encoding。",
        ) from None
    if "\0" in text:
        raise table_error(path.name, "is not a table of text: it holds zero bytes.", "不是文本表格：其中含有零字节。")
    if not text.strip():
        raise table_error(path.name, "is empty.", "是空文件。")
    return text


def _guess_delimiter(text: str) -> str:
    """The delimiter that divides the first rows into the most cells, all rows alike."""
    first = text.lstrip().splitlines()[:SNIFFED_ROWS]

    def width(delimiter: str) -> int:
        try:
            widths = {len(row) for row in csv.reader(first, delimiter=delimiter) if row}
        except csv.Error:  # said when the rows are read, with the line
            return 1
        return widths.pop() if len(widths) == 1 else 1

    best = max(DELIMITERS.values(), key=width)
    # Where none fits every row, the one that the first row has most of will show which row is wrong.
    return best if width(best) > 1 else max(DELIMITERS.values(), key=first[0].count)


def _rows(file: str, text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The rows that are not blank, and the line on which each ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        line = reader.line_num
        raise table_error(file, f"line {line}: {error}.", f"第 {line} 行：{error}。") from None
    if not rows:
        raise table_error(file, "has no cell with anything in it.", "所有单元格都是空的。")
    return rows, lines


def _column(file: str, name: str, cells: Sequence[str], lines: Sequence[int]) -> Column:
    missing = np.array([cell.lower() in MISSING for cell in cells])
    present = [cell for cell, gone in zip(cells, missing, strict=True) if not gone]
    numeric = [_is_number(cell) for cell in present]
    numbers = None
    if present and all(numeric):
        numbers = np.full(len(cells), np.nan)
        numbers[~missing] = [float(cell) for cell in present]
        _check_size(file, name, cells, numbers, lines)
    elif 2 * sum(numeric) > len(present):  # numbers with a slip among them, not texts
        at = int(np.flatnonzero(~missing)[numeric.index(False)])
        got, line = cells[at][:40], lines[at]
        raise table_error(
            file,
            f"column {name!r}, line {line}: expected a finite number as in the other rows. Got {got!r} instead.",
            f"列“{name}”，第 {line} 行：应与其他行一样是有限的数字，收到 {got!r}。",
        )
    return Column(name, cells, missing, numbers, len(set(present)))


def _check_size(file: str, name: str, cells: Sequence[str], numbers: NDArray[np.float64], lines: Sequence[int]) -> None:
    """A number that a tensor of the training would hold as infinite is an error."""
    huge = np.flatnonzero(np.abs(numbers) > LARGEST)
    if len(huge):
        got, line = cells[huge[0]][:40], lines[huge[0]]
        raise table_error(
            file,
            f"column {name!r}, line {line}: a number must be at most {LARGEST:.2g} in size. Got {got!r} instead.",
            f"列“{name}”，第 {line} 行：数字的绝对值不能超过 {LARGEST:.2g}，收到 {got!r}。",
        )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def table_error(file: str, message: str, message_zh: str) -> DataError:
    """An error in a table of text, with the name of its file."""
    comma = "," if message.startswith(("line ", "column ")) else ""
    return DataError(f"{file}{comma} {message}", f"{file}：{message_zh}")

"""The table of all nodes as data: for the browser, as CSV and as Markdown. No views here."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.graph import BLOCK_PREFIX
from builder.ui import numbers
from builder.ui.catalogue import Catalogue
from builder.ui.measures import Measures, Row, reach_words
from builder.ui.text import text

if TYPE_CHECKING:
    from builder.compiler.receptive import Reach


class Column(NamedTuple):
    """A column: its id, which is also that of its title's text, and whether it holds numbers."""

    id: str
    number: bool = False


COLUMNS = (
    Column("node"), Column("component"), Column("outputs"), Column("dtype"), Column("parameters", True),
    Column("flops", True), Column("memory", True), Column("receptive", True),
)  # fmt: skip
SUMMED = ("parameters", "flops", "memory")


def table_data(measures: Measures, catalogue: Catalogue, selected: Sequence[str], language: str) -> dict[str, Any]:
    """The table for the browser, numbers short, with the exact ones in their tooltips."""
    total = measures.total
    return {
        "label": text("table_title", language),
        "columns": [{"id": c.id, "title": text(f"column_{c.id}", language), "number": c.number} for c in COLUMNS],
        "rows": [
            {"path": row.path, "parent": row.path.rpartition("/")[0], "cells": _cells(row, total, catalogue, language)}
            for row in measures.walk()
        ],
        "total": {"cells": {"node": {"text": text("column_total", language)}} | _sums(total, total, language)},
        "selected": list(selected),
        "fold": text("table_fold", language),
        "unfold": text("table_unfold", language),
    }


def _cells(row: Row, total: Row, catalogue: Catalogue, language: str) -> dict[str, dict[str, Any]]:
    label = _label(row, catalogue, language)
    shapes = [numbers.shape(spec.shape) for spec in row.outputs.values()]
    dtypes = dict.fromkeys(spec.dtype for spec in row.outputs.values())
    ports = "\n".join(f"{port}: {numbers.shape(spec.shape)} {spec.dtype}" for port, spec in row.outputs.items())
    cells = {
        "node": _words(row.name, row.path),
        "component": _words(label, label),
        "outputs": _words(" ".join(shapes), ports),
        "dtype": _words(" ".join(dtypes)),
        **_sums(row, total, language),
    }
    if row.shares and not row.parameters:
        tip = text("shared_with_help", language, node=row.shares)
        cells["parameters"] = {"text": text("shared_with", language), "value": 0, "title": tip}
    if row.reach:
        widest = max(row.reach, key=lambda reach: math.inf if reach.count is None else reach.count)
        value = row.receptive if math.isfinite(row.receptive) else 1e300  # JSON knows no infinity
        tip = "\n".join(_reach_in_full(reach, language) for reach in row.reach)
        cells["receptive"] = {"text": reach_text(widest, language), "value": value, "title": tip}
    return cells


def _words(words: str, title: str = "") -> dict[str, Any]:
    return {"text": words, "value": words.lower(), "title": title or None}


def _label(row: Row, catalogue: Catalogue, language: str) -> str:
    """What a node is: its component, its block, or the number of a copy of a repeated block."""
    if row.component.startswith(BLOCK_PREFIX):
        return f"{text('block', language)} · {row.component.removeprefix(BLOCK_PREFIX)}"
    if row.is_copy:
        return text("copy_number", language, n=int(row.name[1:]) + 1)
    return catalogue[row.component].label(language) if row.component in catalogue else row.component


def _sums(row: Row, total: Row, language: str) -> dict[str, dict[str, Any]]:
    """The numbers that add up, each with its share of the total."""
    cells = {}
    for name in SUMMED:
        value, whole = int(row.measure(name)), total.measure(name)  # type: ignore[arg-type]
        if not value:
            continue
        share = value / whole if whole else 0.0
        exact = f"{value:,} B" if name == "memory" else f"{value:,}"
        tip = exact if row is total else text("share_of_total", language, exact=exact, share=f"{share:.1%}")
        if name == "parameters" and row.trainable != value:
            tip += "\n" + text("frozen_of", language, trainable=f"{row.trainable:,}", all=f"{value:,}")
        shown = numbers.size(value) if name == "memory" else numbers.short(value)
        frozen = " ❄" if name == "parameters" and row.trainable < value else ""
        part = f" · {share:.0%}" if row is not total and share >= 0.005 else ""
        cells[name] = {
            "text": f"{shown}{frozen}{part}",
            "value": value,
            "title": tip,
            "share": None if row is total else share,
        }
    return cells


def reach_text(reach: Reach, language: str) -> str:
    """A receptive field in a word: ``14×14``, or that it is the whole input."""
    words = reach_words(reach)
    if not reach.whole:
        return words or _sides(reach, language)
    return text("reach_whole_of", language, size=words) if words else text("reach_whole", language)


def _sides(reach: Reach, language: str) -> str:
    """The sides where one of them is all of the input."""
    return "×".join(text("heat_whole", language) if e.size is None else str(e.size) for e in reach.extents)


def _reach_in_full(reach: Reach, language: str) -> str:
    of, source = "×".join(map(str, reach.sizes)), ".".join(reach.source)
    jumps = {str(extent.jump) for extent in reach.extents if extent.jump is not None}
    if not reach_words(reach):
        return text("reach_all_of", language, of=of, source=source)
    return text("reach_of", language, size=reach_words(reach), of=of, source=source, jump="×".join(sorted(jumps)))


# ------------------------------------------------------------------ files

_FILE_COLUMNS = (
    "node",
    "component",
    "outputs",
    "dtype",
    "parameters",
    "trainable",
    "flops",
    "share",
    "memory",
    "receptive",
)


def _file_rows(measures: Measures, catalogue: Catalogue, language: str) -> list[list[str]]:
    """Title, nodes and totals with exact figures; blocks stand before what is inside of them, which they sum up."""
    flops = measures.total.flops
    titles = {name: text(f"column_{name}", language) for name in _FILE_COLUMNS if name != "share"}
    titles["share"] = text("column_share", language, column=titles["flops"])
    rows = [[titles[name] for name in _FILE_COLUMNS]]
    for row in (*measures.walk(), measures.total):
        last = row is measures.total
        rows.append([
            text("column_total", language) if last else row.path,
            "" if last else _label(row, catalogue, language),
            " ".join(numbers.shape(spec.shape) for spec in row.outputs.values()),
            " ".join(dict.fromkeys(spec.dtype for spec in row.outputs.values())),
            str(row.parameters), str(row.trainable), str(row.flops), f"{100 * row.flops / flops:.2f}" if flops else "0",
            str(row.memory), "" if last or not row.reach else "; ".join(reach_text(reach, language) for reach in row.reach),
        ])  # fmt: skip
    return rows


def as_csv(measures: Measures, catalogue: Catalogue, language: str) -> str:
    """The table as CSV with exact figures. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in _file_rows(measures, catalogue, language):
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in row])
    return stream.getvalue()


def as_markdown(measures: Measures, catalogue: Catalogue, language: str) -> str:
    """The table in Markdown with exact figures."""
    head, *rows = _file_rows(measures, catalogue, language)
    numeric = {"parameters", "trainable", "flops", "share", "memory", "receptive"}
    rule = ["---:" if name in numeric else "---" for name in _FILE_COLUMNS]
    lines = [head, rule, *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)

"""Small pieces of HTML about comparisons: rows of the list and of the table. Every text is escaped: names come from files."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from builder.comparison import Comparison, Row
from builder.comparison.figures import spread
from builder.comparison.live import Cell
from builder.ui import numbers, times
from builder.ui.comparison_store import Entry
from builder.ui.text import text


def state(name: str, language: str) -> str:
    """The state as a coloured word."""
    return f'<span class="run-state is-{escape(name)}"><i></i>{escape(text(f"state_{name}", language))}</span>'


def list_head(language: str) -> str:
    """The names of the columns of ``list_row``."""
    keys = (
        "comparison_column_name",
        "runs_state",
        "comparison_column_place",
        "comparison_column_amount",
        "comparison_column_best",
    )
    cells = [*(text(key, language) for key in keys), text("runs_created", language)]
    return f'<div class="comparison-row is-head">{"".join(f"<div>{escape(cell)}</div>" for cell in cells)}</div>'


def list_row(entry: Entry, best: str, language: str) -> str:
    """A comparison as one line of the list."""
    plan, progress = entry.plan, entry.progress
    amount = f"{len(plan.choices)} × {plan.seeds}" if plan is not None else "–"
    done = f" {progress.done} / {progress.total}" if progress.alive else ""
    cells = (
        f'<div class="title"><strong>{escape(entry.title(language))}</strong><span>{escape(entry.about(language))}</span></div>',
        f"<div>{state(progress.state, language)}{escape(done)}</div>",
        f'<div class="place">{escape(", ".join(plan.nodes) if plan is not None else "")}</div>',
        f'<div class="number">{escape(amount)}</div>',
        f'<div class="best">{escape(best)}</div>',
        f'<div class="number">{escape(times.moment(entry.created, language))}</div>',
    )
    return f'<div class="comparison-row">{"".join(cells)}</div>'


def bar(share: float, state: str, words: Iterable[str]) -> str:
    """How far a comparison is."""
    return (
        f'<div class="run-progress is-{escape(state)}" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><div style="width:{share * 100:.2f}%"></div></div>'
        f'<div class="run-words">{"".join(f"<span>{escape(word)}</span>" for word in words)}</div>'
    )


def table_head(seeds: tuple[int, ...], first: str, language: str) -> str:
    """The names of the columns of ``table_row``."""
    cells = [
        text("comparison_choice", language), *(text("comparison_seed_n", language, n=seed) for seed in seeds),
        text("comparison_mean", language), text("comparison_against", language, name=first),
        text("comparison_weights", language), text("comparison_seconds", language),
    ]  # fmt: skip
    return _grid([f"<div>{escape(cell)}</div>" for cell in cells], len(seeds), "is-head")


def table_row(label: str, cells: list[Cell], row: Row | None, result: Comparison | None, language: str) -> str:
    """A choice as one line: its trainings, and what they say together as soon as all choices have ended."""
    found = [f'<div class="title">{escape(label)}</div>', *(_cell(cell, language) for cell in cells)]
    if row is None or result is None:
        found += ["<div></div>"] * 4
    else:
        found += [
            f'<div class="mean">{escape(spread(row.mean, row.half_width))}</div>', _against(result, row, language),
            f"<div>{escape(numbers.short(row.parameters))}</div>",
            f"<div>{escape(times.duration(row.seconds, language))}</div>",
        ]  # fmt: skip
    return _grid(found, len(cells))


def _grid(cells: list[str], seeds: int, kind: str = "") -> str:
    return f'<div class="comparison-line {kind}" style="--seeds:{seeds}">{"".join(cells)}</div>'


def _cell(cell: Cell, language: str) -> str:
    if cell.state == "failed":
        reason = cell.message_zh if language == "zh" else cell.message
        return (
            f'<div class="is-failed" title="{escape(reason)}">{escape(text("comparison_failed_cell", language))}</div>'
        )
    if cell.value is not None:
        return f"<div>{cell.value:.4f}</div>"
    if not cell.state:
        return '<div class="is-waiting">·</div>'
    return f'<div class="is-going" style="--share:{cell.share * 100:.0f}%">{cell.share:.0%}</div>'


def _against(result: Comparison, row: Row, language: str) -> str:
    if row is result.rows[0]:
        return f'<div class="is-first">{escape(text("comparison_first", language))}</div>'
    verdict = result.verdict(row)
    words = text(f"comparison_verdict_{verdict}", language)
    mark = {"better": "▲", "worse": "▼", "open": "="}[verdict]
    said = spread(*result.against_first(row), signed=True)
    return f'<div class="is-{verdict}" title="{escape(words)}">{escape(said)} <b aria-label="{escape(words)}">{mark}</b></div>'

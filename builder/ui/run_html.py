"""Small pieces of HTML about runs: state, sparkline, rows of a list. Every text is escaped: titles come from files."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from builder.train import Run
from builder.train.run import Best, History
from builder.ui import drawing, numbers, plots, run_store, theme, times
from builder.ui.plots import Quantity
from builder.ui.run_store import Summary
from builder.ui.text import text

SPARK_W, SPARK_H = 110.0, 26.0


def state(summary: Summary, language: str) -> str:
    """The state as a coloured word."""
    name = summary.status.state
    return f'<span class="run-state is-{escape(name)}"><i></i>{escape(text(f"state_{name}", language))}</span>'


def best(summary: Summary, language: str) -> str:
    """The best value with its name: ``accuracy 0.973``."""
    found = summary.status.best
    return f"{found.name} {found.value:.4g}" if found else ""


def sparkline(history: History, found: Best | None) -> str:
    """The course of what the run watches, of its loss where it watches nothing yet."""
    xs: list[float] = []
    ys: list[float | None] = []
    if found is not None:
        xs, ys = plots.points(history, Quantity("valid", found.name))
    if len(xs) < 2 and history.epochs:
        name = next(iter(plots.names(history, "train")), "")
        xs, ys = plots.points(history, Quantity("train", name))
    known = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    if len(known) < 2:
        return ""
    known = known[:: max(1, len(known) // 80)]
    low, high = min(y for _, y in known), max(y for _, y in known)
    left, right = known[0][0], known[-1][0]
    across, up = (SPARK_W - 4) / ((right - left) or 1), (SPARK_H - 6) / ((high - low) or 1)
    line = " ".join(f"{2 + (x - left) * across:.1f},{SPARK_H - 3 - (y - low) * up:.1f}" for x, y in known)
    style = "fill='none' stroke-width='1.5' stroke-linejoin='round' stroke-linecap='round'"
    return drawing.image(
        lambda mode: f"<polyline points='{line}' stroke='{theme.INDIGO[mode]}' {style}/>", "spark", SPARK_W, SPARK_H
    )


def row(summary: Summary, language: str) -> str:
    """A run as one line of a list."""
    status = summary.status
    done = f"{status.epoch} / {status.epochs}" if status.epoch < status.epochs else str(status.epoch)
    title = f"<strong>{escape(summary.title(language))}</strong><span>{escape(summary.name)}</span>"
    cells = (
        f'<div class="title">{title}</div>',
        state(summary, language),
        f'<div class="best">{escape(best(summary, language))}</div>',
        f"<div>{sparkline(run_store.history(summary.run), status.best)}</div>",
        f'<div class="number">{escape(done)}</div>',
        f'<div class="number">{escape(times.duration(status.seconds, language))}</div>',
        f'<div class="number">{summary.seed}</div>',
        f'<div class="number">{escape(numbers.short(status.parameters)) if status.parameters is not None else "–"}</div>',
        f'<div class="number">{escape(times.moment(summary.created, language))}</div>',
    )
    return f'<div class="run-row">{"".join(cells)}</div>'


def head(language: str) -> str:
    """The names of the columns of ``row``."""
    names = ("run", "state", "best", "course", "epochs", "duration", "seed", "weights_count", "created")
    cells = "".join(f"<div>{escape(text(f'runs_{name}', language))}</div>" for name in names)
    return f'<div class="run-row run-head">{cells}</div>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values as a list."""
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    return f'<dl class="page-facts">{cells}</dl>'


def details(summary: Summary, language: str) -> str:
    """What the folder says about a run."""
    info, status = summary.info, summary.status
    versions = info.get("versions")
    rows = [
        (
            text("runs_best", language),
            f"{best(summary, language)} ({text('epoch_n', language, n=status.best.epoch)})" if status.best else "",
        ),
        (text("runs_epochs", language), f"{status.epoch} / {status.epochs}"),
        (text("runs_duration", language), times.duration(status.seconds, language)),
        (text("runs_seed", language), str(summary.seed)),
        (text("runs_weights_count", language), f"{status.parameters:,}" if status.parameters is not None else ""),
        (text("runs_created", language), times.moment(summary.created, language)),
        (text("runs_values_set", language), ", ".join(map(str, info.get("overrides") or ()))),
        ("PyTorch", str(versions.get("torch", "")) if isinstance(versions, dict) else ""),
    ]
    return facts(rows)


def evaluation(run: Run, language: str) -> str:
    """The results on held-out splits."""
    rows = []
    for split, result in run.evaluation().items():
        if isinstance(result, dict):
            values = {**(result.get("metrics") or {}), **(result.get("losses") or {})}
            shown = "  ".join(f"{n} {v:.4g}" for n, v in values.items() if isinstance(v, int | float))
            rows.append((text("split_" + split, language) if split in ("train", "valid", "test") else split, shown))
    return facts(rows) if rows else ""

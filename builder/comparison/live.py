"""What is known of a comparison while it goes: each training by itself. Imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from builder.comparison.folder import ComparisonFolder
from builder.comparison.plan import Choice, Plan
from builder.train import Run


@dataclass(frozen=True)
class Cell:
    """One training: its state as a run has it (empty: not begun), how much is done, what it reached, or why it failed."""

    state: str = ""
    share: float = 0.0
    value: float | None = None
    message: str = ""
    message_zh: str = ""


def cells(folder: ComparisonFolder, plan: Plan, seeds: tuple[int, ...]) -> dict[Choice, list[Cell]]:
    """By choice, its trainings in the order of the seeds."""
    return {choice: [_cell(folder.run(choice, seed)) for seed in seeds] for choice in plan.choices}


def _cell(run: Run) -> Cell:
    if not run.exists:
        return Cell()
    status = run.status()
    error = status.error or {}
    kept = kept_figure(run, status.best.name) if status.best and status.state == "finished" else None
    return Cell(
        status.state, status.progress, kept[1] if kept else None, error.get("message", ""), error.get("message_zh", "")
    )


def kept_figure(run: Run, name: str) -> tuple[str, float] | None:
    """The split and the value of a figure on held-out data, as far as the run was evaluated: the test data before others."""
    for split in ("test", "valid"):
        results = run.evaluation().get(split)
        if isinstance(results, dict):
            value = {**results.get("losses", {}), **results.get("metrics", {})}.get(name)
            if isinstance(value, int | float) and math.isfinite(value):
                return split, float(value)
    return None


def seconds_left(folder: ComparisonFolder, plan: Plan, seeds: tuple[int, ...]) -> float | None:
    """How long the trainings that are left take, by those that are done; None where none is."""
    statuses = [folder.run(choice, seed).status() for choice in plan.choices for seed in seeds]
    done = [status.seconds for status in statuses if status.state == "finished"]
    left = sum(1 - status.progress for status in statuses if status.state not in ("finished", "failed"))
    return sum(done) / len(done) * left if done else None

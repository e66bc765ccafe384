"""Graphs that differ in one place, trained with several seeds each and compared. Reading and starting imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.comparison.figures import Comparison, Failure, Row
from builder.comparison.folder import ComparisonFolder, Progress, default_folder, home
from builder.comparison.plan import NONE, Choice, Plan, parse_choices, planned, plans
from builder.comparison.plot import figure
from builder.comparison.worker import go_on, start

if TYPE_CHECKING:
    from builder.comparison.comparing import compare

__all__ = [
    "NONE", "Choice", "Comparison", "ComparisonFolder", "Failure", "Plan", "Progress", "Row", "compare", "default_folder", "figure", "go_on", "home",
    "parse_choices", "planned", "plans", "start",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "compare":
        from builder.comparison.comparing import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

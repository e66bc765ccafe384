"""Whether finished runs differ: on the same held-out samples, or over seeds. Reading a result imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.significance.findings import Findings, Measure, Pair, Side, read

if TYPE_CHECKING:
    from builder.significance.judging import judge

__all__ = ["Findings", "Measure", "Pair", "Side", "judge", "read"]


def __getattr__(name: str) -> Any:
    if name == "judge":
        from builder.significance.judging import judge

        return judge
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Graphs that differ in one node, trained with several seeds each and compared."""

from __future__ import annotations

from builder.comparison.compare import compare
from builder.comparison.figures import Comparison, Row
from builder.comparison.plot import figure

__all__ = ["Comparison", "Row", "compare", "figure"]

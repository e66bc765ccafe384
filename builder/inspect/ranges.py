"""What the training split holds of each feature of a table: a model has seen nothing beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Range:
    """The least, the middle and the greatest value of a feature, in its units."""

    name: str
    low: float
    median: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether training has seen values as small and as great, but for the rounding of float32."""
        slack = 1e-6 * max(abs(self.low), abs(self.high))
        return self.low - slack <= value <= self.high + slack


def ranges_of(names: Sequence[str], rows: Tensor) -> tuple[Range, ...]:
    """The range of each column of rows (B, C)."""
    low, median, high = rows.amin(0), rows.median(0).values, rows.amax(0)
    numbers = zip(names, low.tolist(), median.tolist(), high.tolist(), strict=True)
    return tuple(Range(name, *(float(f"{v:.7g}") for v in values)) for name, *values in numbers)

"""What a comparison found, and what can be said of it: means, confidence intervals, paired differences. Imports no torch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

CONFIDENCE = 0.95
Verdict = Literal["better", "worse", "open"]
MARKS: dict[Verdict, str] = {"better": " ▲", "worse": " ▼", "open": " ="}


@dataclass(frozen=True)
class Row:
    """One choice. ``values`` is the figure by seed; ``parameters`` counts weights to learn, ``seconds`` is the mean time of a training."""

    choice: str
    values: tuple[float, ...]
    parameters: int
    seconds: float

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)

    @property
    def half_width(self) -> float | None:
        """Half of the confidence interval of the mean, by Student's t distribution; None with a single seed."""
        return _half_width(self.values)


@dataclass(frozen=True)
class Failure:
    """A training that came to nothing, and why."""

    choice: str
    seed: int
    message: str
    message_zh: str


@dataclass(frozen=True)
class Comparison:
    """The rows in the order of the choices; ``figure`` is the path of the node whose value on ``split`` is compared.

    A choice of which a training failed is no row.
    """

    nodes: tuple[str, ...]
    figure: str
    split: str
    higher_is_better: bool
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def ranked(self) -> list[Row]:
        """The best mean first."""
        return sorted(self.rows, key=lambda row: row.mean, reverse=self.higher_is_better)

    def against_first(self, row: Row) -> tuple[float, float | None]:
        """The mean difference to the first choice, seed by seed, and half of its confidence interval.

        The same seed gives the same order of data, so differences by seed scatter less than the values.
        """
        differences = [a - b for a, b in zip(row.values, self.rows[0].values, strict=True)]
        return sum(differences) / len(differences), _half_width(differences)

    def verdict(self, row: Row) -> Verdict:
        """``better`` or ``worse`` than the first choice where the interval of the difference excludes zero; else ``open``."""
        difference, half = self.against_first(row)
        if half is None or abs(difference) <= half:
            return "open"
        return "better" if (difference > 0) == self.higher_is_better else "worse"

    def to_json(self) -> dict[str, Any]:
        rows = []
        for row in self.rows:
            difference, half = self.against_first(row)
            rows.append(
                {
                    "choice": row.choice, "values": list(row.values), "mean": row.mean, "half_width": row.half_width,
                    "difference": difference, "difference_half_width": half, "verdict": self.verdict(row),
                    "parameters": row.parameters, "seconds": row.seconds,
                }
            )  # fmt: skip
        return {
            "nodes": list(self.nodes), "figure": self.figure, "split": self.split, "higher_is_better": self.higher_is_better,
            "confidence": CONFIDENCE, "seeds": list(self.seeds), "rows": rows,
            "failures": [asdict(failure) for failure in self.failures],
        }  # fmt: skip

    def csv(self) -> str:
        """The rows as comma-separated values, a column for each seed."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        derived = ("mean", "half_width", "difference", "difference_half_width", "verdict", "parameters", "seconds")
        writer.writerow(["choice", *(f"seed {seed}" for seed in self.seeds), *derived])
        for row in self.to_json()["rows"]:
            writer.writerow([row["choice"], *row["values"], *("" if row[key] is None else row[key] for key in derived)])
        return out.getvalue()

    def table(self) -> str:
        """The rows as a table for a terminal, the best first."""
        head = ("choice", f"{self.figure} ({self.split})", f"vs {self.rows[0].choice}", "parameters", "seconds")
        lines: list[tuple[str, ...]] = [head]
        for row in self.ranked:
            first = row is self.rows[0]
            difference = "" if first else spread(*self.against_first(row), signed=True)
            difference += "" if first else MARKS[self.verdict(row)]
            lines.append(
                (row.choice, spread(row.mean, row.half_width), difference, f"{row.parameters:,}", f"{row.seconds:.1f}")
            )
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        said = [
            "  ".join(
                cell.ljust(w) if i < 1 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))
            ).rstrip()
            for line in lines
        ]
        said += [f"{f.choice}, seed {f.seed}, failed: {f.message}" for f in self.failures]
        return "\n".join([*said, f"▲ better, ▼ worse than the first: the {CONFIDENCE:.0%} interval excludes zero"])


def spread(mean: float, half: float | None, signed: bool = False) -> str:
    """A mean with half of its interval: ``+0.0120 ±0.0030``."""
    return f"{mean:{'+' if signed else ''}.4f}" + ("" if half is None else f" ±{half:.4f}")


def _half_width(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    from scipy import stats  # late: it takes a while to load

    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * math.sqrt(variance / len(values))

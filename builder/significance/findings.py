"""What the comparison of runs found, in numbers and in words. Imports no torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from builder.graph import write_atomic
from builder.train.run import read_json

By = Literal["runs", "seeds"]
Interval = Literal["wilson", "normal", "t"]
Test = Literal["mcnemar", "bootstrap", "welch"]
LEVEL = 0.05

TESTS: dict[Test, tuple[str, str]] = {
    "mcnemar": ("McNemar", "McNemar 检验"),
    "bootstrap": ("paired bootstrap", "配对自助法"),
    "welch": ("Welch's t", "Welch t 检验"),
}
INTERVALS: dict[Interval, tuple[str, str]] = {
    "wilson": ("95 % interval by Wilson", "Wilson 95% 区间"),
    "normal": ("95 % interval by the scatter of the samples", "按样本离散程度的 95% 区间"),
    "t": ("95 % interval by Student's t over seeds", "按随机种子的 t 分布 95% 区间"),
}
MEASURES = {"accuracy": ("accuracy", "准确率"), "loss": ("loss", "损失"), "error": ("squared error", "平方误差")}


@dataclass(frozen=True)
class Side:
    """What is compared: a run, or runs of one graph with several seeds.

    Args:
        name: of the run; of the first run of several.
        runs: their names.
        values: the measure of each.
        mean, low, high: of the values, with the 95 % interval.
    """

    name: str
    runs: tuple[str, ...]
    values: tuple[float, ...]
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Two sides by their numbers: the difference (first less second), and whether it can be told from none.

    Args:
        difference, low, high: with the 95 % interval; not a number where there is none.
        p: the chance of so great a difference where there is none.
        adjusted: corrected for the number of pairs (Holm).
        test: which one.
        only: of McNemar's test, samples that only the first and only the second has right.
    """

    first: int
    second: int
    difference: float
    low: float | None
    high: float | None
    p: float
    adjusted: float
    test: Test
    only: tuple[int, int] | None = None

    @property
    def shown(self) -> bool:
        """Whether a difference is shown, at the level of 5 % for all pairs together."""
        return self.adjusted < LEVEL


@dataclass(frozen=True)
class Measure:
    """One figure of all sides, and every pair of them."""

    name: str
    higher_is_better: bool
    interval: Interval
    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]

    def better(self, pair: Pair) -> Side | None:
        """The side that is better; None where no difference is shown."""
        if not pair.shown:
            return None
        return self.sides[pair.first if (pair.difference > 0) == self.higher_is_better else pair.second]


@dataclass(frozen=True)
class Findings:
    """The comparison of runs on a split of ``samples`` samples."""

    split: str
    samples: int
    by: By
    measures: tuple[Measure, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def words(self, language: str = "en", names: dict[str, str] | None = None) -> list[str]:
        """What may be concluded, a sentence for each pair, and how far it reaches.

        Args:
            names: what the sides are called, by their names.
        """
        found = [_sentence(m, pair, language, names or {}) for m in self.measures for pair in m.pairs]
        return [*found, _reach(self, language)]

    def table(self) -> str:
        """The findings for a terminal."""
        lines = []
        for measure in self.measures:
            lines.append(f"{measure.name} ({self.split}, {self.samples:,} samples; {INTERVALS[measure.interval][0]})")
            width = max(len(side.name) for side in measure.sides)
            for side in measure.sides:
                count = f"  {len(side.runs)} seeds" if len(side.runs) > 1 else ""
                lines.append(f"  {side.name:{width}}  {side.mean:.4f}  [{side.low:.4f}, {side.high:.4f}]{count}")
        return "\n".join([*lines, "", *self.words()])


def read(path: Path) -> Findings | None:
    """Findings that were written; None where there is no such file."""
    try:
        return _FINDINGS.validate_python(read_json(path))
    except ValidationError:
        return None


def write(path: str | Path, findings: Findings) -> None:
    """Writes findings as JSON."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(Path(path), json.dumps(findings.to_json(), indent=1, ensure_ascii=False) + "\n")


_FINDINGS = TypeAdapter(Findings)


def chance(p: float) -> str:
    """A p value as people write it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _sentence(measure: Measure, pair: Pair, language: str, names: dict[str, str]) -> str:
    one, two = (names.get(measure.sides[i].name, measure.sides[i].name) for i in (pair.first, pair.second))
    side = measure.better(pair)
    zh = language == "zh"
    what, test = MEASURES[measure.name][zh], TESTS[pair.test][zh]
    given = f"{chance(pair.adjusted)}, {test}" if not zh else f"{chance(pair.adjusted)}，{test}"
    many = len(measure.pairs) > 1
    given += (", Holm" if not zh else "，经 Holm 校正") if many else ""
    if side is None:
        if zh:
            return f"{what}：无法表明“{one}”与“{two}”有差别（{given}）。这并不说明两者相同。"
        return f"{what}: no difference between '{one}' and '{two}' can be shown ({given}). That does not show that they are equal."
    winner = names.get(side.name, side.name)
    loser = two if winner == one else one
    if zh:
        return f"{what}：“{winner}”优于“{loser}”，相差 {abs(pair.difference):.4f}（{given}）。"
    return f"{what}: '{winner}' is better than '{loser}' by {abs(pair.difference):.4f} ({given})."


def _reach(findings: Findings, language: str) -> str:
    if findings.by == "seeds":
        if language == "zh":
            return "结论针对这些图在其他随机种子下的训练，数据划分不变。"
        return "This speaks of trainings of these graphs with other seeds, on the same split of the data."
    if language == "zh":
        return "结论只针对这几个训练好的模型，不针对它们的图：换一个随机种子可能得到相反的结果。要比较图，请为每张图训练多个种子。"
    return (
        "This speaks of these trained models, not of their graphs: other seeds may turn it round. To compare graphs, train "
        "several seeds of each."
    )

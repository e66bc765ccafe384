"""How the nodes of a run have fared while it trained, as its folder tells, and which of them are ill. Imports no torch.

Each line of ``health.jsonl`` and of ``histograms.jsonl`` tells of one moment: ``epoch`` (2.5 is the middle of the
third), ``step``, and ``nodes`` by path. In the first file a node has figures (``FIGURES``, those that it has), in the
second ``weights`` and ``gradients``, each as ``[low, high, counts]`` with bins of equal width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from builder.train.run import Run

FILE, HISTOGRAMS = "health.jsonl", "histograms.jsonl"
BINS = 40
Figure = Literal["dead", "gradient", "update", "rms", "std", "mean"]
FIGURES: tuple[Figure, ...] = ("dead", "gradient", "update", "rms", "std", "mean")
"""Share of units that give nothing on the batch that is looked at; norm of the gradient; size of the last update for
the size of the weights; root mean square, standard deviation and mean of the output."""
Figures = Mapping[str, float]

DEAD = 0.5  # share of dead units above which a node is ill
VANISHING = 1e-5  # gradient norm for the greatest of all nodes
EXPLODING = 100.0  # gradient norm
SLOW, FAST = 1e-5, 1e-1  # update for weights, at the full learning rate; about 1e-3 is usual


@dataclass(frozen=True)
class Record:
    """The figures of all nodes at one moment. ``rate`` is among them where the learning rate is not the full one."""

    epoch: float
    step: int
    nodes: Mapping[str, Figures]

    def values(self, figure: Figure) -> dict[str, float]:
        """One figure by node, of those that have it."""
        return {path: figures[figure] for path, figures in self.nodes.items() if figure in figures}


@dataclass(frozen=True)
class Histogram:
    """How often values fall into bins of equal width from ``low`` to ``high``."""

    epoch: float
    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Illness:
    """What is wrong with a node, in words; ``sign`` is short enough for a badge."""

    kind: Literal["dead", "vanishing", "exploding", "slow", "fast"]
    sign: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


# ------------------------------------------------------------------ reading


def records(run: Run) -> list[Record]:
    """The figures of a run in their order; a line that is still being written is left out."""
    return [Record(line["epoch"], line["step"], _figures(line["nodes"])) for line in run.lines(FILE) if _whole(line)]


def figures(records: Sequence[Record]) -> list[Figure]:
    """The figures that any node has in any of the records."""
    return [name for name in FIGURES if any(record.values(name) for record in records)]


def histograms(run: Run, node: str, of: Literal["weights", "gradients"]) -> list[Histogram]:
    """The histograms of a node's weights, or of their gradients, in their order."""
    found = []
    for line in run.lines(HISTOGRAMS):
        values = line["nodes"].get(node, {}).get(of) if _whole(line) else None
        if isinstance(values, list) and len(values) == 3:
            low, high, counts = values
            found.append(Histogram(line["epoch"], low, high, tuple(counts)))
    return found


def weighty(run: Run) -> list[str]:
    """The nodes that have histograms, in the order of the data."""
    return list(dict.fromkeys(node for line in run.lines(HISTOGRAMS) if _whole(line) for node in line["nodes"]))


def _whole(line: Mapping[str, Any]) -> bool:
    return all(
        isinstance(line.get(key), kind) for key, kind in (("epoch", int | float), ("step", int), ("nodes", dict))
    )


def _figures(nodes: Mapping[str, Any]) -> dict[str, Figures]:
    return {
        path: {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}
        for path, figures in nodes.items()
        if isinstance(figures, dict)
    }


# ------------------------------------------------------------------ judging


def illnesses(record: Record) -> dict[str, list[Illness]]:
    """What is wrong, by node; nodes that are well are not in it."""
    greatest = max(record.values("gradient").values(), default=0.0)
    found = {path: list(filter(None, _ill(figures, greatest))) for path, figures in record.nodes.items()}
    return {path: ill for path, ill in found.items() if ill}


def _ill(figures: Figures, greatest: float) -> tuple[Illness | None, ...]:
    return _dead(figures), _gradient(figures, greatest), _update(figures)


def _dead(figures: Figures) -> Illness | None:
    share = figures.get("dead", 0.0)
    if share <= DEAD:
        return None
    return Illness(
        "dead",
        f"{share:.0%} †",
        f"{share:.0%} of its units are dead: they give nothing on any sample of the batch that is looked at. Lower the "
        "learning rate, or use an activation that lets negative values through.",
        f"{share:.0%} 的单元已失活：在所查看批次的任何样本上都没有输出。请降低学习率，或改用不截断负值的激活函数。",
    )


def _gradient(figures: Figures, greatest: float) -> Illness | None:
    norm = figures.get("gradient")
    if norm is None:
        return None
    if norm > EXPLODING:
        return Illness(
            "exploding",
            "∇↑",
            f"Its gradient is exploding: norm {norm:.2g}. Limit it with clip_norm, or lower the learning rate.",
            f"梯度爆炸：范数 {norm:.2g}。请用 clip_norm 限制梯度，或降低学习率。",
        )
    if norm < VANISHING * greatest:
        ratio = f"{norm / greatest:.1g}"
        return Illness(
            "vanishing",
            "∇↓",
            f"Its gradient is vanishing: norm {norm:.2g}, {ratio} of the greatest here. Residual connections, "
            "normalization or another activation let more of it through.",
            f"梯度消失：范数 {norm:.2g}，仅为此处最大值的 {ratio}。残差连接、归一化或换用激活函数可缓解。",
        )
    return None


def _update(figures: Figures) -> Illness | None:
    ratio, rate = figures.get("update"), figures.get("rate", 1.0)
    if ratio is None:
        return None
    if ratio > FAST:
        return Illness(
            "fast",
            "Δ↑",
            f"One step changes its weights by {ratio:.1%} of their size; about 0.1% is usual. Lower the learning rate.",
            f"一步使其权重改变了自身大小的 {ratio:.1%}，通常约为 0.1%。请降低学习率。",
        )
    if ratio < SLOW * rate:
        return Illness(
            "slow",
            "Δ↓",
            f"One step changes its weights by only {ratio:.1g} of their size; about 1e-3 is usual. It hardly learns: "
            "raise the learning rate.",
            f"一步仅使其权重改变自身大小的 {ratio:.1g}，通常约为 1e-3。它几乎没有学习：请提高学习率。",
        )
    return None


# ------------------------------------------------------------------ of blocks


def with_blocks(values: Mapping[str, float], figure: Figure) -> dict[str, float]:
    """A figure of nodes, and of the blocks around them, by path.

    The norm of a block's gradient is that of all of them together; of other figures the one farthest from the usual
    stands for the block: the most dead, the largest output, the update that is farthest from 1e-3.
    """
    inside: dict[str, list[float]] = {}
    for path, value in values.items():
        for around in _around(path):
            inside.setdefault(around, []).append(value)
    return {path: _together(found, figure) for path, found in inside.items()} | dict(values)


def _around(path: str) -> Iterator[str]:
    """The paths of the blocks that a node lies in."""
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _together(values: Sequence[float], figure: Figure) -> float:
    if figure == "gradient":
        return math.hypot(*values)
    if figure == "update":
        return max(values, key=lambda value: abs(math.log10(max(value, 1e-12) / 1e-3)))
    return max(values, key=abs)


def ills_with_blocks(record: Record) -> dict[str, list[tuple[str, Illness]]]:
    """What is wrong at a node, or within a block, each with the path of the node that is ill."""
    found: dict[str, list[tuple[str, Illness]]] = {}
    for path, ills in illnesses(record).items():
        for at in (*_around(path), path):
            found.setdefault(at, []).extend((path, ill) for ill in ills)
    return found

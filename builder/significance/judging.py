"""Judges runs on the same held-out samples and compares them, one by one or in groups of seeds."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.inspect import Inspector
from builder.inspect.evaluation import Evaluation, evaluate
from builder.inspect.features import spread
from builder.inspect.heads import Head
from builder.inspect.interval import NORMAL, wilson
from builder.significance.findings import By, Findings, Interval, Measure, Pair, Side
from builder.significance.grouping import groups_of
from builder.significance.statistics import bootstrap, holm, mcnemar, spread_of_mean, t_interval, welch
from builder.train import Run, TrainError
from components.data._base import SplitName

MOST = 10  # runs that are compared one by one
LOOKED_AT = 256  # samples whose data are compared


@dataclass(frozen=True)
class Judged:
    """The answers of a run on a split.

    Args:
        run: which one.
        evaluation: its answers.
        data: stands for the samples: equal for runs that were given the same.
    """

    run: Run
    evaluation: Evaluation
    data: str


def judge(runs: Sequence[Run], split: SplitName = "test", by: By | None = None) -> Findings:
    """Compares finished runs.

    Args:
        runs: two or more.
        split: of the data, on which they are judged by their best weights.
        by: each run by itself, or the runs of one graph together as its seeds; None for seeds where each graph has several.

    Raises:
        TrainError: the runs cannot be compared: they see other data, answer something else, or are too few.
        GraphError, InspectError: a run cannot be read, or its split is empty.
    """
    if len(runs) < 2:
        raise TrainError(
            f"A comparison needs two runs or more. Got {len(runs)}.", f"比较至少需要两次训练，收到 {len(runs)} 次。"
        )
    groups = groups_of(runs, by)
    by = by or ("seeds" if len(groups) < len(runs) else "runs")
    if by == "runs" and len(runs) > MOST:
        raise TrainError(
            f"At most {MOST} runs can be compared one by one. Got {len(runs)}.",
            f"逐个比较至多 {MOST} 次训练，收到 {len(runs)} 次。",
        )
    judged = [_judged(run, split) for run in runs]
    for other in judged[1:]:
        _refuse_different(judged[0], other)
    samples = len(np.unique(judged[0].evaluation.sample))
    measures = _of_seeds(judged, groups) if by == "seeds" else _of_runs(judged)
    return Findings(split, samples, by, measures)


def _judged(run: Run, split: SplitName) -> Judged:
    if run.checkpoint() is None:
        raise TrainError(
            f"The run '{run.name}' has no checkpoint yet: train it first.", f"“{run.name}”尚无检查点：请先训练。"
        )
    inspector = Inspector(run)
    head = next((head for head in inspector.heads if head.target is not None), None)
    if head is None:
        raise TrainError(
            f"The run '{run.name}' has no answers that could be right or wrong: its losses look at no target.",
            f"“{run.name}”没有可评判对错的答案：其损失没有目标值。",
        )
    evaluation = evaluate(inspector, split, head)
    return Judged(run, evaluation, _digest(inspector, split, head))


def _digest(inspector: Inspector, split: SplitName, head: Head) -> str:
    """Stands for the data of a split: what the model is given, and what is right."""
    size = inspector.size(split)
    batch = inspector.batch(split, spread(size, LOOKED_AT).tolist())
    found = hashlib.sha256(str(size).encode())
    for end in [*inspector.needed, *([head.target] if head.target in batch else [])]:
        if end is not None:
            tensor = batch[end].contiguous()
            found.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            found.update(tensor.numpy().tobytes())
    return found.hexdigest()


def _refuse_different(one: Judged, other: Judged) -> None:
    """TrainError where two runs were not judged on the same samples, or by different questions."""
    a, b = one.evaluation, other.evaluation
    same = one.data == other.data and np.array_equal(a.sample, b.sample) and np.array_equal(a.position, b.position)
    if same and a.head.by_class and b.head.by_class:
        same = a.truth is not None and b.truth is not None and np.array_equal(a.truth, b.truth)
    if not same:
        raise TrainError(
            f"'{one.run.name}' and '{other.run.name}' are judged on different data (another data set, split or order), so "
            "they cannot be compared.",
            f"“{one.run.name}”与“{other.run.name}”所用的评判数据不同（数据集、划分或顺序不同），无法比较。",
        )
    if (a.head.task, a.head.names) != (b.head.task, b.head.names):
        raise TrainError(
            f"'{one.run.name}' answers {_said(a.head)}, '{other.run.name}' {_said(b.head)}: that cannot be compared.",
            f"“{one.run.name}”与“{other.run.name}”回答的问题不同，无法比较。",
        )


def _said(head: Head) -> str:
    kinds = {"classes": "classes", "yes_no": "yes or no", "values": "numbers", "image": "images"}
    return f"{len(head.names)} {kinds[head.task]}" if head.names else kinds[head.task]


# ------------------------------------------------------------------ run by run


def _of_runs(judged: Sequence[Judged]) -> tuple[Measure, ...]:
    first = judged[0].evaluation
    _, owner = np.unique(first.sample if first.head.batched else first.position, return_inverse=True)
    counts = np.bincount(owner).astype(float)
    pairs = list(itertools.combinations(range(len(judged)), 2))
    single = bool((counts == 1).all())
    found = []
    if first.head.by_class:
        right = np.stack([_right(j) for j in judged])
        sums = _by_sample(right.astype(float), owner)
        shares = sums.sum(0) / counts.sum()
        if single:
            low, high = wilson(shares, np.full(len(judged), counts.sum()))
        else:
            half = NORMAL * spread_of_mean(sums, counts)
            low, high = np.maximum(shares - half, 0), np.minimum(shares + half, 1)
        differences = bootstrap(sums, counts, pairs)
        tested = [mcnemar(right[a], right[b]) for a, b in pairs] if single else None
        chances = [t[0] for t in tested] if tested else [d.p for d in differences]
        made = [
            Pair(
                *pair, d.value, d.low, d.high, p, adjusted, "mcnemar" if tested else "bootstrap",
                (tested[i][1], tested[i][2]) if tested else None,
            )
            for i, (pair, d, p, adjusted) in enumerate(zip(pairs, differences, chances, holm(chances), strict=True))
        ]  # fmt: skip
        sides = _sides(judged, shares, low, high)
        found.append(Measure("accuracy", True, "wilson" if single else "normal", sides, tuple(made)))
    losses = np.stack([j.evaluation.loss for j in judged]).astype(float)
    if np.isfinite(losses).all():
        sums = _by_sample(losses, owner)
        means, half = sums.sum(0) / counts.sum(), NORMAL * spread_of_mean(sums, counts)
        differences = bootstrap(sums, counts, pairs)
        adjusted = holm([d.p for d in differences])
        made = [Pair(*pair, *d, a, "bootstrap") for pair, d, a in zip(pairs, differences, adjusted, strict=True)]
        name = "error" if first.head.task in ("values", "image") else "loss"
        found.append(Measure(name, False, "normal", _sides(judged, means, means - half, means + half), tuple(made)))
    return tuple(found)


def _right(judged: Judged) -> np.ndarray:
    truth, predicted = judged.evaluation.truth, judged.evaluation.predicted
    if truth is None or predicted is None:
        raise ValueError("An evaluation of classes must know what is right. Got none.")
    return truth == predicted


def _by_sample(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Sums (N, R) over the answers of each sample."""
    return np.stack([np.bincount(owner, weights=row) for row in values], 1)


def _sides(judged: Sequence[Judged], means: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[Side, ...]:
    return tuple(
        Side(j.run.name, (j.run.name,), (float(mean),), float(mean), float(a), float(b))
        for j, mean, a, b in zip(judged, means, low, high, strict=True)
    )


# ------------------------------------------------------------------ seeds


def _of_seeds(judged: Sequence[Judged], groups: Sequence[Sequence[int]]) -> tuple[Measure, ...]:
    evaluations = [j.evaluation for j in judged]
    wanted: list[tuple[str, bool, list[float]]] = []
    if evaluations[0].head.by_class:
        wanted.append(("accuracy", True, [e.accuracy for e in evaluations]))
    name = "error" if evaluations[0].head.task in ("values", "image") else "loss"
    wanted.append((name, False, [float(e.loss.mean()) for e in evaluations]))
    interval: Interval = "t"
    found = []
    for name, higher, values in wanted:
        if not np.isfinite(values).all():
            continue
        of_group = [[values[i] for i in group] for group in groups]
        sides = tuple(
            Side(judged[group[0]].run.name, tuple(judged[i].run.name for i in group), tuple(own), float(np.mean(own)), *t_interval(own))
            for group, own in zip(groups, of_group, strict=True)
        )  # fmt: skip
        pairs = list(itertools.combinations(range(len(groups)), 2))
        differences = [welch(of_group[a], of_group[b]) for a, b in pairs]
        adjusted = holm([d.p for d in differences])
        made = []
        for pair, d, chance in zip(pairs, differences, adjusted, strict=True):
            low, high = (end if np.isfinite(end) else None for end in (d.low, d.high))
            made.append(Pair(*pair, d.value, low, high, d.p, chance, "welch"))
        found.append(Measure(name, higher, interval, sides, tuple(made)))
    return tuple(found)

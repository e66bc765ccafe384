"""Which runs are seeds of one graph. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence

from builder.significance.findings import By
from builder.train import Run, TrainError
from builder.train.plan import fingerprint


def groups_of(runs: Sequence[Run], by: By | None = None) -> list[list[int]]:
    """The runs of the same graph, trained as long, by their numbers; each by itself where they are compared one by one.

    Raises:
        TrainError: seeds are asked for, and there is one graph only, one with a single run, or a seed twice.
        GraphError: a run's graph cannot be read.
    """
    found: dict[tuple[str, object], list[int]] = {}
    for number, run in enumerate(runs):
        found.setdefault((fingerprint(run.graph()), run.info().get("epochs")), []).append(number)
    groups = list(found.values())
    if by != "seeds":
        return groups if by is None and _fits(runs, groups) is None else [[i] for i in range(len(runs))]
    wrong = _fits(runs, groups)
    if wrong is not None:
        raise wrong
    return groups


def _fits(runs: Sequence[Run], groups: Sequence[Sequence[int]]) -> TrainError | None:
    """Why these are no groups of seeds to compare; None where they are."""
    if len(groups) < 2:
        return TrainError(
            "All these runs train the same graph: there is nothing to compare by seeds.",
            "这些训练都是同一张图，无法按随机种子比较。",
        )
    for group in groups:
        seeds = [runs[i].info().get("seed") for i in group]
        if len(group) < 2:
            name = runs[group[0]].name
            return TrainError(
                f"'{name}' is the only run of its graph: to compare by seeds, choose two or more of each.",
                f"“{name}”是其图的唯一一次训练：要按随机种子比较，每张图至少选择两次。",
            )
        if len(set(seeds)) < len(seeds):
            name = runs[group[0]].name
            return TrainError(
                f"Two runs of the graph of '{name}' have the same seed, so they are not independent.",
                f"与“{name}”同图的训练中有两次种子相同，彼此不独立。",
            )
    return None

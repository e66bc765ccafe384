"""Trains the variants one after the other and reads what they reached. What was finished before is not trained again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from builder.comparison.figures import Comparison, Row
from builder.comparison.plot import figure
from builder.comparison.variants import variant
from builder.graph import Graph, GraphError, flatten, load, write_atomic
from builder.train import Run, TrainError, evaluate, train
from builder.train.evaluation import higher_is_better
from builder.train.plan import fingerprint

RESULT, PICTURE = "comparison.json", "comparison.html"


def compare(
    graph: Graph | str | Path,
    node: str,
    choices: Sequence[str],
    out: str | Path,
    seeds: int = 3,
    epochs: int | None = None,
    report: Callable[[str], None] | None = None,
) -> Comparison:
    """Puts each choice in a node's place, trains with each seed, and compares the figure that the runs watch, on held-out data.

    Args:
        graph: the graph, or the path of its file.
        node: path of the node; a step into a block's use changes the block, and so every use of it.
        choices: component ids; ``none`` lets what comes in pass by.
        out: the folder of the runs (``<choice>/seed<k>``) and of the result, ``comparison.json`` and ``comparison.html``.
        seeds: how many; the graph's own seed and those after it.
        epochs: of each training; the graph's where None.
        report: called with a line at each training's end.

    Raises:
        GraphError, CompileError: a variant is no graph that can be trained; nothing is trained then.
        TrainError: a training failed, or the variants are not judged by the same figure.
    """
    if not choices or seeds < 1:
        raise GraphError(
            f"A comparison needs at least one choice and one seed. Got {len(choices)} and {seeds}.",
            f"比较至少需要一个选项和一个随机种子，收到 {len(choices)} 个和 {seeds} 个。",
            node,
        )
    graph = graph if isinstance(graph, Graph) else load(graph)
    variants = {choice: variant(graph, node, choice) for choice in dict.fromkeys(choices)}
    first = int(graph.training.get("seed", 0))
    numbers = tuple(range(first, first + seeds))
    rows: list[Row] = []
    judges: list[tuple[str, str, bool]] = []
    for choice, changed in variants.items():
        outcomes = []
        for seed in numbers:
            found = _outcome(changed, Path(out) / choice / f"seed{seed}", seed, epochs)
            outcomes.append(found)
            judges.append(found[:3])
            if judges[-1] != judges[0]:
                raise _different(choice, found, *judges[0][:2])
            if report:
                report(f"{choice}, seed {seed}: {found.figure} {found.value:.4f} in {found.seconds:.1f} s")
        seconds = sum(found.seconds for found in outcomes) / len(outcomes)
        rows.append(Row(choice, tuple(found.value for found in outcomes), outcomes[0].parameters, seconds))
    result = Comparison(node, *judges[0], numbers, tuple(rows))
    _write(result, Path(out))
    return result


class _Outcome(NamedTuple):
    """What a run reached: its figure on a split, the weights to learn, and the time of its training."""

    figure: str
    split: str
    higher_is_better: bool
    value: float
    parameters: int
    seconds: float


def _different(choice: str, found: _Outcome, figure: str, split: str) -> TrainError:
    return TrainError(
        f"'{choice}' is judged by '{found.figure}' ({found.split}), the first choice by '{figure}' ({split}), which "
        "cannot be compared. Add a metric that all have.",
        f"“{choice}”以“{found.figure}”（{found.split}）评判，而第一个选项以“{figure}”（{split}）评判，无法比较。"
        "请添加各选项共有的指标。",
    )


def _outcome(graph: Graph, folder: Path, seed: int, epochs: int | None) -> _Outcome:
    """What a run of this variant reached; it is trained, or goes on, where it is not finished."""
    run = Run(folder)
    wanted = epochs or graph.training.get("epochs")
    if run.exists and run.info().get("fingerprint") != fingerprint(graph):
        raise TrainError(
            f"The folder '{folder}' holds a run of another graph. Choose another folder.",
            f"文件夹“{folder}”中是另一张图的训练记录。请另选文件夹。",
        )
    status = run.status() if run.exists else None
    if status is None or status.state != "finished" or (wanted and not status.ended_by and status.epochs < wanted):
        resume = run.exists and run.checkpoint("last") is not None
        train(graph, folder, epochs=epochs, seed=None if resume else seed, resume=resume)
        status = run.status()
    if status is None or status.best is None:
        raise TrainError(
            f"The run '{folder}' has no figure to compare by: the graph needs a metric or a loss.",
            f"训练“{folder}”没有可比较的指标：图中需要指标或损失。",
        )
    for split in ("test", "valid"):
        try:
            results = evaluate(run, split)
        except TrainError:
            if split == "valid":
                raise
            continue  # the data have no test split
        values = {**results["losses"], **results["metrics"]}
        if status.best.name in values and math.isfinite(values[status.best.name]):
            break
    name, value = status.best.name, values[status.best.name]
    better = higher_is_better(flatten(graph), name)
    return _Outcome(name, split, better, float(value), status.parameters or 0, status.seconds)


def _write(result: Comparison, out: Path) -> None:
    import plotly.io as plotly

    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / RESULT, json.dumps(result.to_json(), indent=1, ensure_ascii=False))
    write_atomic(out / PICTURE, plotly.to_html(figure(result), include_plotlyjs=True, full_html=True))

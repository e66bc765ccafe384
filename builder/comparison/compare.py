"""Trains the variants one after the other and reads what they reached. What was finished before is not trained again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from builder.comparison.figures import Comparison, Row
from builder.comparison.plot import figure
from builder.comparison.variants import variant
from builder.graph import Graph, flatten, load, write_atomic
from builder.train import Run, TrainError, evaluate, train
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
        TrainError: a training failed.
    """
    graph = graph if isinstance(graph, Graph) else load(graph)
    variants = {choice: variant(graph, node, choice) for choice in dict.fromkeys(choices)}
    first = int(graph.training.get("seed", 0))
    numbers = tuple(range(first, first + seeds))
    rows, found = [], None
    for choice, changed in variants.items():
        outcomes = []
        for seed in numbers:
            outcomes.append(_outcome(changed, Path(out) / choice / f"seed{seed}", seed, epochs))
            found = found or outcomes[0]
            if report:
                value = outcomes[-1]["value"]
                report(
                    f"{choice}, seed {seed}: {outcomes[-1]['figure']} {value:.4f} in {outcomes[-1]['seconds']:.1f} s"
                )
        seconds = sum(o["seconds"] for o in outcomes) / len(outcomes)
        rows.append(Row(choice, tuple(o["value"] for o in outcomes), outcomes[0]["parameters"], seconds))
    assert found is not None
    result = Comparison(node, found["figure"], found["split"], found["higher_is_better"], numbers, tuple(rows))
    _write(result, Path(out))
    return result


def _outcome(graph: Graph, folder: Path, seed: int, epochs: int | None) -> dict[str, Any]:
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
    return {
        "figure": status.best.name,
        "value": float(values[status.best.name]),
        "split": split,
        "higher_is_better": _higher_is_better(graph, status.best.name),
        "parameters": status.parameters or 0,
        "seconds": status.seconds,
    }


def _higher_is_better(graph: Graph, path: str) -> bool:
    return bool(getattr(flatten(graph).nodes[path].component.factory, "higher_is_better", False))


def _write(result: Comparison, out: Path) -> None:
    import plotly.io as plotly

    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / RESULT, json.dumps(result.to_json(), indent=1, ensure_ascii=False))
    write_atomic(out / PICTURE, plotly.to_html(figure(result), include_plotlyjs=True, full_html=True))

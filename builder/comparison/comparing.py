"""Trains the variants one after the other and reads what they reached. What was finished before is not trained again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from builder.comparison.figures import Comparison, Failure, Row
from builder.comparison.folder import PICTURE, RESULT, ComparisonFolder, Progress
from builder.comparison.live import kept_figure
from builder.comparison.plan import Choice, Plan
from builder.comparison.plot import figure
from builder.comparison.variants import variant
from builder.compiler import CompileError
from builder.graph import Graph, GraphError, flatten, load, write_atomic
from builder.train import Run, TrainError, evaluate, train
from builder.train.evaluation import higher_is_better
from builder.train.plan import fingerprint

Report = Callable[[str], None]


class Stopped(Exception):
    """Someone asked to stop."""


def compare(graph: Graph | str | Path, plan: Plan, out: str | Path, report: Report | None = None) -> Comparison | None:
    """Trains the graph with each choice and each seed, and compares the figure that the runs watch, on held-out data.

    A training that fails is told in the result; the others go on.

    Args:
        graph: the graph, or the path of its file.
        plan: the places, the choices and the seeds.
        out: the folder, see ``ComparisonFolder``; what was trained there before is not trained again.
        report: called with a line at each training's end.

    Returns:
        The result, or None where someone asked to stop.

    Raises:
        GraphError, CompileError: a variant is no graph that can be trained; nothing is trained then.
        TrainError: all trainings failed, or the variants are not judged by the same figure.
    """
    graph = graph if isinstance(graph, Graph) else load(graph)
    folder = ComparisonFolder(out)
    lock = folder.lock()
    try:
        folder.clear_request()
        return _Comparing(graph, plan, folder, report or (lambda line: None)).go()
    finally:
        os.close(lock)


class _Outcome(NamedTuple):
    """What a run reached: its figure on a split, the weights to learn, and the time of its training."""

    figure: str
    split: str
    higher_is_better: bool
    value: float
    parameters: int
    seconds: float


class _Comparing:
    """One comparison, as it goes."""

    def __init__(self, graph: Graph, plan: Plan, folder: ComparisonFolder, report: Report) -> None:
        self.graph, self.plan, self.folder, self.report = graph, plan, folder, report
        self.progress = Progress("starting", total=len(plan.runs(graph)))

    def go(self) -> Comparison | None:
        self.folder.prepare(self.graph, self.plan)
        try:
            self._tell("starting")
            variants = {c: variant(self.graph, self.plan.nodes, c, self.plan.place) for c in self.plan.choices}
            found = self._train(variants)
            self._write(found)
            self._tell("finished")
            return found
        except Stopped:
            self._tell("stopped")
            return None
        except Exception as error:
            self.progress.error = _in_words(error)
            self._tell("failed")
            raise

    def _tell(self, state: Any) -> None:
        self.progress.state = state
        self.folder.write(self.progress)

    def _train(self, variants: dict[Choice, Graph]) -> Comparison:
        rows: list[Row] = []
        failures: list[Failure] = []
        first: _Outcome | None = None
        for choice, changed in variants.items():
            outcomes: list[_Outcome] = []
            for seed in self.plan.numbers(self.graph):
                self.progress.choice, self.progress.seed = choice.name, seed
                self._tell("running")
                try:
                    found = self._outcome(changed, self.folder.run(choice, seed), seed)
                except TrainError as error:
                    failures.append(Failure(choice.name, seed, error.message, error.message_zh))
                    self.report(f"{choice.name}, seed {seed}: {error}")
                else:
                    first = first or found
                    if found[:3] != first[:3]:
                        raise _different(choice.name, found, *first[:2])
                    outcomes.append(found)
                    self.report(
                        f"{choice.name}, seed {seed}: {found.figure} {found.value:.4f} in {found.seconds:.1f} s"
                    )
                self.progress.done += 1
            if len(outcomes) == self.plan.seeds:
                seconds = sum(found.seconds for found in outcomes) / len(outcomes)
                values = tuple(found.value for found in outcomes)
                rows.append(Row(choice.name, values, outcomes[0].parameters, seconds))
        if first is None or not rows:
            raise TrainError(failures[0].message, failures[0].message_zh)
        return Comparison(self.plan.nodes, *first[:3], self.plan.numbers(self.graph), tuple(rows), tuple(failures))

    def _outcome(self, graph: Graph, run: Run, seed: int) -> _Outcome:
        """What a run of this variant reached; it is trained, or goes on, where it is not finished."""
        if run.exists and run.info().get("fingerprint") != fingerprint(graph):
            raise TrainError(
                f"The folder '{run.path}' holds a run of another graph. Choose another folder.",
                f"文件夹“{run.path}”中是另一张图的训练记录。请另选文件夹。",
            )
        trained = self._finish(graph, run, seed)
        status = run.status()
        if status.best is None:
            raise TrainError(
                f"The run '{run.path}' has no figure to compare by: the graph needs a metric or a loss.",
                f"训练“{run.path}”没有可比较的指标：图中需要指标或损失。",
            )
        name = status.best.name
        split, value = _judged(run, name, trained)
        better = higher_is_better(flatten(graph), name)
        return _Outcome(name, split, better, value, status.parameters or 0, status.seconds)

    def _finish(self, graph: Graph, run: Run, seed: int) -> bool:
        """Trains a run to its end; whether there was anything to train.

        Raises:
            Stopped: someone asked to stop meanwhile.
        """
        wanted = self.plan.epochs or graph.training.get("epochs")
        if run.exists:
            status = run.status()
            if status.state == "finished" and not (wanted and not status.ended_by and status.epochs < wanted):
                return False
        if self.folder.asked_to_stop():
            raise Stopped

        def look(_: dict[str, Any]) -> None:
            if self.folder.asked_to_stop():
                run.request("stop")

        try:
            ended = train(
                graph, run.path, self.plan.epochs, None if run.exists else seed, resume=run.exists, report=look
            )
        except CompileError as error:
            raise TrainError(**_in_words(error)) from error
        if ended["state"] != "finished":
            raise Stopped
        return True

    def _write(self, result: Comparison) -> None:
        import json

        import plotly.io as plotly

        write_atomic(self.folder.file(RESULT), json.dumps(result.to_json(), indent=1, ensure_ascii=False))
        write_atomic(self.folder.file(PICTURE), plotly.to_html(figure(result), include_plotlyjs=True, full_html=True))


def _judged(run: Run, name: str, trained: bool) -> tuple[str, float]:
    """The split and the value of a figure: on the test data, on the validation data where there are none of them.

    Raises:
        TrainError: it is no finite number on either.
    """
    found = None if trained else kept_figure(run, name)
    for split in ("test", "valid"):
        if found is not None:
            return found
        try:
            evaluate(run, split)
        except TrainError:
            if split == "valid":
                raise
            continue  # the data have no test split
        found = kept_figure(run, name)
    if found is None:
        raise TrainError(
            f"'{name}' is no finite number on held-out data: the training diverged.",
            f"“{name}”在留出数据上不是有限值：训练已发散。",
        )
    return found


def _in_words(error: Exception) -> dict[str, str]:
    if isinstance(error, CompileError):
        problem = error.report.problems[0]
        return {"message": problem.message, "message_zh": problem.message_zh, "node": problem.node}
    if isinstance(error, GraphError | TrainError):
        return {"message": error.message, "message_zh": error.message_zh, "node": error.node}
    text = f"{type(error).__name__}: {error}"
    return {"message": text, "message_zh": text, "node": ""}


def _different(choice: str, found: _Outcome, figure: str, split: str) -> TrainError:
    return TrainError(
        f"'{choice}' is judged by '{found.figure}' ({found.split}), the first choice by '{figure}' ({split}), which "
        "cannot be compared. Add a metric that all have.",
        f"“{choice}”以“{found.figure}”（{found.split}）评判，而第一个选项以“{figure}”（{split}）评判，无法比较。"
        "请添加各选项共有的指标。",
    )

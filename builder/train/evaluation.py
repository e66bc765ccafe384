"""Losses and metrics of a split: the program of what metric, loss and strategy nodes look at, without gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from builder.compiler import Compiled, End
from builder.compiler.inference import arguments
from builder.graph import Flat
from builder.train import checkpoint
from builder.train.devices import Devices
from builder.train.diagnose import failed_forward
from builder.train.errors import TrainError, in_words
from builder.train.follow import Followers
from builder.train.loader import Batch, Loader, batches
from builder.train.prepare import SplitName, loaders_of
from builder.train.run import Run
from builder.train.step import name_of, numbers_of
from components.metric._base import Metric

RANDOM_IN_EVALUATION = "random_in_evaluation"
"""The tag of components that draw random numbers in evaluation as in training."""


def figures_of(compiled: Compiled) -> dict[str, list[End]]:
    """By name, the values to look at: inputs of metrics, losses, sums of optimizers, what strategies watch."""
    found: dict[str, list[End]] = {}
    for node in compiled.of_kind("metric"):
        found[node.path] = [end for ends in compiled.sources(node.path).values() for end in ends]
    for node in compiled.of_kind("loss"):
        found |= {name_of(compiled, end): [end] for end in numbers_of(compiled, node.path)}
    for node in compiled.of_kind("optimizer"):
        ends = node.inputs["loss"]
        if len(ends) > 1 or name_of(compiled, ends[0]) not in found:
            found[node.path] = ends
    for node in compiled.of_kind("strategy"):
        for end in node.inputs.get("metric", ()):
            found.setdefault(name_of(compiled, end), [end])
    return found


def higher_is_better(flat: Flat, name: str) -> bool:
    """Whether more of a figure is better, by its name in logs; less is where no metric gave it."""
    return bool(getattr(flat.nodes[name.partition(".")[0]].component.factory, "higher_is_better", False))


def latest_is_best(compiled: Compiled) -> bool:
    """Whether no figure says which epoch is best: the losses of several optimizers work against or beside each other."""
    judged = compiled.of_kind("metric") or any("metric" in n.component.inputs for n in compiled.of_kind("strategy"))
    return len(compiled.of_kind("optimizer")) > 1 and not judged


def draws_in_evaluation(compiled: Compiled, paths: Iterable[str]) -> bool:
    """Whether one of these nodes, or one in a block that it takes, draws random numbers in evaluation too."""
    nodes = (compiled.flat.nodes[path] for path in paths)
    return any(RANDOM_IN_EVALUATION in n.component.tags for node in nodes for n in (node, *node.within()))


class Evaluation:
    """The figures of one split.

    Values that need the same data sets are computed together, so that a small one counts once however large another is.

    Args:
        compiled: the graph.
        loaders: of the split, by data set node.
        devices: where to compute.
    """

    def __init__(self, compiled: Compiled, loaders: Mapping[str, Loader], devices: Devices) -> None:
        self.compiled, self.devices = compiled, devices
        self.metrics = {node.path: node for node in compiled.of_kind("metric")}
        self._sources = {path: compiled.sources(path) for path in self.metrics}
        groups: dict[tuple[str, ...], _Group] = {}
        for path, ends in figures_of(compiled).items():
            program = compiled.program(ends, phase="evaluate")
            sources = tuple(dict.fromkeys(data for data, _ in program.inputs))  # type: ignore[union-attr]
            if sources and all(len(loaders[data]) for data in sources):
                groups.setdefault(sources, _Group([loaders[d] for d in sources])).wanted[path] = ends
        self.groups = list(groups.values())
        for group in self.groups:
            group.compile(compiled, devices)
        used = compiled.ancestors([end for group in self.groups for end in group.outputs])
        self.draws = draws_in_evaluation(compiled, used)
        self.seed = int(compiled.graph.training.get("seed", 0))

    @torch.no_grad()
    def __call__(self) -> dict[str, float]:
        """The figures over the split by path: of metrics, losses, and optimizers whose sum is not one loss node."""
        self.devices.level_buffers(self.compiled.root)
        self.compiled.root.eval()
        try:
            found: dict[str, float] = {}
            with self.devices.fixed_random_numbers(self.seed) if self.draws else contextlib.nullcontext():
                for group in self.groups:
                    found |= self._run(group)
            return found
        finally:
            self.compiled.root.train()

    def _run(self, group: _Group) -> dict[str, float]:
        losses = {path: ends for path, ends in group.wanted.items() if path not in self.metrics}
        metrics = [path for path in group.wanted if path in self.metrics]
        rows: list[Tensor] = []
        counts: list[int] = []
        sums_of: dict[str, Tensor] = {}
        for batch in batches(group.loaders, rank=self.devices.rank, world=self.devices.world):
            counts.append(batch.samples if batch.share else 0)
            values = group.values(batch, self.devices)
            for ends in losses.values():
                rows.append(values[ends[0]] if len(ends) == 1 else torch.stack([values[end] for end in ends]).sum())
            for path in metrics:
                sums = self._update(path, values)
                sums = sums if batch.share else torch.zeros_like(sums)
                sums_of[path] = sums_of[path] + sums if path in sums_of else sums
        figures = {path: float(self._metric(path).compute(self.devices.sum(s))) for path, s in sums_of.items()}
        if losses:
            table = torch.stack(rows).view(len(counts), len(losses)).tolist()
            totals = [sum(n * row[i] for n, row in zip(counts, table, strict=True) if n) for i in range(len(losses))]
            *totals, count = self.devices.sum_numbers([*totals, sum(counts)])
            figures |= {path: total / count for path, total in zip(losses, totals, strict=True)}
        return figures

    def _metric(self, path: str) -> Metric:
        module = self.compiled.module(path)
        if not isinstance(module, Metric):
            raise TypeError(
                f"The component of the metric '{path}' must be a Metric. Got {type(module).__name__} instead."
            )
        return module

    def _update(self, path: str, values: Mapping[End, Tensor]) -> Tensor:
        node = self.metrics[path]
        given = {port: [values[end] for end in ends] for port, ends in self._sources[path].items()}
        args, kwargs = arguments(node.component, given)
        try:
            return self._metric(path).update(*args, **kwargs)
        except (ValueError, RuntimeError) as error:
            raise TrainError(*in_words(error), path) from error


class _Group:
    """Values that need the same data sets, and the program for all of them."""

    def __init__(self, loaders: Sequence[Loader]) -> None:
        self.loaders = loaders
        self.wanted: dict[str, list[End]] = {}

    def compile(self, compiled: Compiled, devices: Devices) -> None:
        ends = list(dict.fromkeys(end for ends in self.wanted.values() for end in ends))
        self.program: fx.GraphModule = compiled.program(ends, phase="evaluate")
        self.inputs: list[End] = list(self.program.inputs)  # type: ignore[arg-type]
        self.outputs: list[End] = list(self.program.outputs)  # type: ignore[arg-type]
        self.forward = devices.forward(self.program)

    def values(self, batch: Batch, devices: Devices) -> dict[End, Tensor]:
        given = devices.move(batch).values
        try:
            return dict(zip(self.outputs, self.forward(*[given[end] for end in self.inputs]), strict=True))
        except Exception as error:
            raise failed_forward(error, self.program) from error


def evaluate(run: str | Path | Run, split: SplitName = "test") -> dict[str, Any]:
    """Losses and metrics of a run's best weights on a split, which are also kept in the run folder.

    Returns:
        ``split``, ``epoch`` (of the weights), ``samples``, ``losses`` and ``metrics`` by node.

    Raises:
        TrainError: there is no run or no checkpoint yet, the checkpoint does not fit, or the split is empty.
    """
    run = run if isinstance(run, Run) else Run(run)
    if not run.exists:
        raise TrainError(f"'{run.path}' is no run folder.", f"“{run.path}”不是训练文件夹。")
    path = run.checkpoint("best")
    if path is None:
        raise TrainError(
            f"The run '{run.path}' has no checkpoint yet: train it first.", f"“{run.path}”尚无检查点：请先训练。"
        )
    seed = int(run.info().get("seed", 0))
    compiled = Compiled(run.graph(), seed=seed)
    tensors, state = checkpoint.load(path)
    checkpoint.load_weights(compiled.root, tensors)
    Followers(compiled)(float(state.get("epoch", 0)), float(run.info().get("epochs", 1)))
    devices = Devices()
    devices.place(compiled.root)
    loaders = loaders_of(compiled, split, seed)
    evaluation = Evaluation(compiled, loaders, devices)
    if not evaluation.groups:
        raise TrainError(f"The {split} split holds no samples.", f"{split} 划分中没有样本。")
    figures = evaluation()
    results = {
        "split": split,
        "epoch": state.get("epoch", 0),
        "samples": max(len(loader.split) for loader in loaders.values()),
        "losses": {p: v for p, v in figures.items() if p not in evaluation.metrics},
        "metrics": {p: v for p, v in figures.items() if p in evaluation.metrics},
    }
    run.write_evaluation(run.evaluation() | {split: results})
    return results

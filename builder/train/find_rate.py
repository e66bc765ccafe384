"""Searches for a learning rate: trains a fresh model for some steps while the rate of one optimizer rises exponentially."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from builder.compiler import Compiled
from builder.graph import Graph
from builder.train.devices import Devices
from builder.train.errors import NotFiniteError, TrainError
from builder.train.loader import Batch, Loader, batches
from builder.train.plan import plan
from builder.train.prepare import fetch, fit_transforms, loaders_of
from builder.train.rate_search import HIGH, LOW, STEPS, RateSearch, has_diverged
from builder.train.step import Step
from builder.train.steps import Steps


def find_rate(
    graph: Graph | str | Path,
    optimizer: str = "",
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
    seed: int | None = None,
    report: Callable[[RateSearch], None] | None = None,
) -> RateSearch:
    """The loss over rising learning rates, each tried for one update, until it diverges.

    The model is new, as a training of this seed would begin with it, and is thrown away. Other optimizers keep their rates,
    schedules stand at their beginning.

    Args:
        graph: the graph, or the path of its file.
        optimizer: path of the optimizer; the graph's only one where empty.
        low, high: the first and the last rate.
        steps: updates.
        seed: of weights and order; the graph's where None.
        report: called after each update.

    Raises:
        GraphError, CompileError: the graph is not one, or cannot be compiled.
        TrainError: there is no such optimizer, the values are not in order, or the training fails before it diverges.
    """
    if not 0 < low < high < math.inf or steps < 2:
        raise TrainError(
            f"The rates must rise from above 0 to a finite one in at least 2 steps. Got {low:g} to {high:g} in {steps}.",
            f"学习率须从大于 0 的值递增至有限值，且至少 2 步，收到 {low:g} 至 {high:g}，{steps} 步。",
        )
    planned = plan(graph, None, seed, ())
    devices = Devices()
    with devices.own_random_numbers():
        compiled = Compiled(planned, seed=planned.training["seed"])
        devices.place(compiled.root)
        every = Steps(compiled, devices)
        step = _chosen(every.steps, optimizer)
        fetch(compiled, devices, lambda *_: None)
        loaders = loaders_of(compiled, "train", planned.training["seed"], training=True)
        training = [loader for path, loader in loaders.items() if path in set(every.datasets)]
        if not training:
            raise TrainError("The losses depend on no data set.", "损失不依赖任何数据集。", step.path)
        devices.seed(planned.training["seed"])
        fit_transforms(compiled, loaders, devices)
        compiled.root.train()
        found = RateSearch(step.path, (), (), low, high, steps, step.rate)
        return _sweep(found, every, step, training, report or (lambda search: None))


def _chosen(steps: Sequence[Step], optimizer: str) -> Step:
    found = [step for step in steps if step.path == optimizer] if optimizer else list(steps)
    if len(found) != 1:
        known, known_zh = ", ".join(step.path for step in steps), "、".join(step.path for step in steps)
        raise TrainError(
            f"Say whose learning rate: one of {known}. Got {optimizer or 'none'}.",
            f"请指明是哪个优化器的学习率：{known_zh}。收到 {optimizer or '无'}。",
        )
    return found[0]


def _sweep(
    found: RateSearch, every: Steps, step: Step, training: Sequence[Loader], report: Callable[[RateSearch], None]
) -> RateSearch:
    groups = step.optimizer.param_groups
    shares = [group["lr"] / (found.present or 1.0) for group in groups]
    step.schedule, step.window = [], None
    growth = (found.high / found.low) ** (1 / (found.steps - 1))
    place, figure = every.steps.index(step), step.names.index(step.figure)
    held: list[float] = []  # the losses of the batches of one update
    for number, batch in enumerate(_endless(training), 1):
        rate = found.low * growth ** len(found.rates)
        for group, share in zip(groups, shares, strict=True):
            group["lr"] = rate * share
        try:
            logged = dict(every(every.devices.move(batch), number, 0.0, 1))
        except NotFiniteError:
            if len(found.losses) < 2:
                raise  # not the rate's fault
            return replace(found, diverged=True, state="finished")
        if place not in logged:
            continue  # it is not this optimizer's turn
        held.append(float(logged[place][figure]))
        if len(held) < step.accumulate:
            continue
        loss = sum(held) / len(held)
        held = []
        if not math.isfinite(loss):
            return replace(found, diverged=True, state="finished")
        found = replace(found, rates=(*found.rates, rate), losses=(*found.losses, loss))
        report(found)
        if has_diverged(found.losses):
            return replace(found, diverged=True, state="finished")
        if len(found.rates) == found.steps:
            return replace(found, state="finished")
    return found


def _endless(training: Sequence[Loader]) -> Iterator[Batch]:
    epoch = 0
    while True:
        yield from batches(training, epoch)
        epoch += 1

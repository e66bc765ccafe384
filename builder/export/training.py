"""What a graph's training consists of, as an exported script has to say it: data, turns of the optimizers, judges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.compiler import Compiled, End
from builder.export.errors import ExportError
from builder.export.layout import Demand, Layout, demand
from builder.graph import FlatNode
from builder.train.evaluation import figures_of
from builder.train.follow import chain_at
from builder.train.loader import LoaderSettings
from builder.train.plan import DEFAULT_EPOCHS
from builder.train.step import Step, name_of
from builder.train.steps import Steps
from builder.train.strategies import Choosing, Relabelling
from components.optimizer._averaged import AveragedWeights

MOST_CASES = 64
"""Ways in which optimizers with periods of their own may meet."""


@dataclass(frozen=True)
class OptimizerPlan:
    """One optimizer node.

    Args:
        node: the node.
        step: what it does, in the app.
        schedule: paths of the schedule nodes, the first one first.
        prefixes: beginnings of the names of the parameters that it owns; None where it owns all that there are.
    """

    node: FlatNode
    step: Step
    schedule: Sequence[str]
    prefixes: tuple[str, ...] | None

    @property
    def losses(self) -> Sequence[End]:
        return self.node.inputs["loss"]

    @property
    def logs_sum(self) -> bool:
        return self.node.path in self.step.names


@dataclass(frozen=True)
class Turn:
    """What is computed before some optimizers act: ``no_grad`` are paths that nobody differentiates."""

    demand: Demand
    no_grad: frozenset[str]


@dataclass(frozen=True)
class Case:
    """Steps in which the same optimizers act: their numbers, and the turns, one for each (one for all at once)."""

    acting: tuple[int, ...]
    turns: Sequence[Turn]


@dataclass(frozen=True)
class Group:
    """Figures of an evaluation that need the same data sets: by name, the values."""

    data: tuple[str, ...]
    wanted: Mapping[str, Sequence[End]]
    demand: Demand


@dataclass
class TrainingPlan:
    """The training of a graph."""

    compiled: Compiled
    settings: dict[str, LoaderSettings]
    """Of each data set."""
    data: list[str]
    """The data sets that the training takes."""
    seed: int
    epochs: int
    simultaneous: bool
    optimizers: list[OptimizerPlan]
    cases: list[Case]
    groups: list[Group]
    metrics: list[FlatNode] = field(default_factory=list)
    stopping: list[FlatNode] = field(default_factory=list)
    rounds: list[FlatNode] = field(default_factory=list)
    """Strategies that choose data from round to round."""
    views: list[tuple[FlatNode, Demand]] = field(default_factory=list)
    """Visualizers, with what they show."""
    fits: list[FlatNode] = field(default_factory=list)
    """Transforms that measure the training data."""
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        demands = [turn.demand for case in self.cases for turn in case.turns]
        demands += [group.demand for group in self.groups]
        demands += [shown for _, shown in self.views]
        demands += [demand(self.compiled, self.pool(node)) for node in self.rounds]
        if any(isinstance(o.step.optimizer, AveragedWeights) for o in self.optimizers):
            demands += [demand(self.compiled, o.step.values, "train") for o in self.optimizers]
        self.layout = Layout(self.compiled, self.compiled.predictions, demands)

    def pool(self, node: FlatNode) -> list[End]:
        """What a strategy looks at."""
        return [ends[0] for ends in self.compiled.sources(node.path).values()]

    @property
    def outputs(self) -> list[End]:
        """What the model gives."""
        return self.layout.results

    @property
    def watched(self) -> str:
        """The figure that says which epoch is best."""
        for node in self.stopping:
            return self.watches(node)
        if self.metrics:
            return self.metrics[0].path
        return self.optimizers[0].step.figure

    def watches(self, node: FlatNode) -> str:
        """The figure that a strategy watches."""
        return name_of(self.compiled, node.inputs["metric"][0])


def plan_training(compiled: Compiled) -> TrainingPlan:
    """The training of a graph.

    Raises:
        ExportError: it is of a kind that the exported script cannot say.
        TrainError: a setting breaks its rule.
    """
    if not compiled.of_kind("optimizer"):
        raise ExportError(
            "The graph has no optimizer, so there is no training to write. Export it as python instead.",
            "图中没有优化器，因此没有训练脚本可写。请改用 python 格式导出。",
        )
    steps = Steps(compiled, _Anywhere())  # type: ignore[arg-type]  # nothing is computed
    training = compiled.graph.training
    datasets = compiled.of_kind("dataset")
    used = set(steps.datasets)
    strategies = {n.path: compiled.build(n.path) for n in compiled.of_kind("strategy")}
    rounds = [n for n in compiled.of_kind("strategy") if isinstance(strategies[n.path], Choosing | Relabelling)]
    return TrainingPlan(
        compiled,
        {node.path: LoaderSettings.read(node.settings) for node in datasets},
        [node.path for node in datasets if node.path in used],
        int(training.get("seed", 0)),
        int(training.get("epochs", DEFAULT_EPOCHS)),
        steps.simultaneous,
        _optimizers(compiled, steps),
        _cases(compiled, steps),
        _groups(compiled),
        metrics=compiled.of_kind("metric"),
        stopping=[n for n in compiled.of_kind("strategy") if n not in rounds],
        rounds=rounds,
        views=[(n, demand(compiled, _shown(compiled, n), "generate")) for n in compiled.of_kind("visualizer")],
        fits=[n for n in compiled.of_kind("transform") if hasattr(compiled.module(n.path), "fit")],
    )


def _shown(compiled: Compiled, node: FlatNode) -> list[End]:
    return [(node.path, port) for port in compiled.report.nodes[node.path].outputs][:1]


class _Anywhere:
    """Stands in for the devices of a step that is never run."""

    def update(self, optimizer: object) -> None:
        return None


# ------------------------------------------------------------------ optimizers


def _optimizers(compiled: Compiled, steps: Steps) -> list[OptimizerPlan]:
    found = []
    trained = {id(p) for p in compiled.root.parameters() if p.requires_grad}
    for step in steps:
        node = compiled.flat.nodes[step.path]
        if step.estimator is not None:
            raise ExportError(
                f"'{node.path}' computes the loss several times a step, which a training script cannot say yet.",
                f"“{node.path}”每步要多次计算损失，训练脚本暂不支持。",
                node.path,
            )
        chosen = {id(p) for p in step.parameters}
        alone = len(steps.steps) == 1 and not step.reaches_others
        prefixes = None if alone or chosen == trained else _cover(compiled, chosen)
        found.append(OptimizerPlan(node, step, chain_at(compiled, node), prefixes))
    return found


def _cover(compiled: Compiled, chosen: set[int]) -> tuple[str, ...]:
    """The shortest beginnings of names that only these trainable parameters have."""
    every = {name: id(p) in chosen for name, p in compiled.root.named_parameters() if p.requires_grad}
    rest = [name for name, mine in every.items() if not mine]
    found: dict[str, None] = {}
    for name in (name for name, mine in every.items() if mine):
        parts = name.split(".")
        starts = [".".join(parts[: i + 1]) + ("." if i + 1 < len(parts) else "") for i in range(len(parts))]
        found[next(s for s in starts if not any(other.startswith(s) for other in rest))] = None
    return tuple(found)


# ------------------------------------------------------------------ turns


def _cases(compiled: Compiled, steps: Steps) -> list[Case]:
    """Every way in which optimizers meet in a step, with what is computed then."""
    found = [_case(compiled, steps, acting) for acting in _meetings(steps)]
    if len(found) > MOST_CASES:
        raise ExportError(
            f"The optimizers meet in {len(found)} different ways, too many for a script that says each: give them "
            "periods that divide each other.",
            f"优化器有 {len(found)} 种不同的同步方式，脚本无法逐一写出：请使用能相互整除的周期。",
        )
    return found


def _meetings(steps: Steps) -> list[tuple[int, ...]]:
    """The sets of optimizers that act together somewhere, the largest first."""
    period = math.lcm(*(step.every for step in steps))
    windows = [step.window for step in steps if step.window is not None]
    epochs = {1, *itertools.chain(*windows), *(last + 1 for _, last in windows)}
    moments = itertools.product(range(1, min(period, 10_000) + 1), sorted(epochs))
    found = {tuple(i for i, step in enumerate(steps) if step.acts(n, epoch)) for n, epoch in moments}
    return sorted(found - {()}, key=lambda acting: (-len(acting), acting))


def _case(compiled: Compiled, steps: Steps, acting: tuple[int, ...]) -> Case:
    turns = []
    for turn in steps.planned(acting):
        ends = tuple(dict.fromkeys([*turn.ends, *turn.keeps]))
        given, absent = frozenset([*turn.given, *turn.absent]), frozenset(turn.absent)
        paths = compiled.ancestors(ends, "train", given)
        paths = [path for path in paths if compiled.flat.nodes[path].component.kind != "dataset"]
        order = [p for p in paths if p in turn.no_grad] + [p for p in paths if p not in turn.no_grad]
        turns.append(Turn(Demand(ends, "train", tuple(order), given, absent), turn.no_grad))
    return Case(acting, turns)


# ------------------------------------------------------------------ evaluation


def _groups(compiled: Compiled) -> list[Group]:
    """The figures of an evaluation, those together that need the same data sets."""
    found: dict[tuple[str, ...], dict[str, list[End]]] = {}
    for name, ends in figures_of(compiled).items():
        paths = compiled.ancestors(ends)
        read = {s for p in paths for sources in compiled.sources(p).values() for s, _ in sources} | {p for p, _ in ends}
        data = tuple(p for p in paths if p in read and compiled.flat.nodes[p].component.kind == "dataset")
        if data:
            found.setdefault(data, {})[name] = ends
    return [Group(data, names, demand(compiled, _all(names.values()))) for data, names in found.items()]


def _all(ends: Iterable[Sequence[End]]) -> list[End]:
    return list(itertools.chain(*ends))


# ------------------------------------------------------------------ the app's training


def first_losses(compiled: Compiled, steps: int, epochs: int) -> dict[str, float]:
    """The mean logged values of the first steps of a training in the app, which a script has to reproduce."""
    from builder.train.devices import Devices
    from builder.train.loader import batches
    from builder.train.meter import Meter
    from builder.train.prepare import fit_transforms, loaders_of
    from builder.train.strategies import Rounds

    seed = int(compiled.graph.training.get("seed", 0))
    devices = Devices()
    with devices.own_random_numbers():
        fresh = Compiled(compiled.graph, seed=seed)
        devices.place(fresh.root)
        optimizers = Steps(fresh, devices)
        meters = [Meter(step.names) for step in optimizers]
        loaders = loaders_of(fresh, "train", seed, training=True)
        for node in fresh.of_kind("strategy"):
            strategy: Any = fresh.build(node.path)
            if isinstance(strategy, Choosing | Relabelling):
                Rounds(fresh, node, strategy, loaders, devices, seed)
        devices.seed(seed)
        fit_transforms(fresh, loaders, devices)
        fresh.root.train()
        used = [loader for path, loader in loaders.items() if path in set(optimizers.datasets)]
        count = max(len(loader) for loader in used)
        for number, batch in enumerate(batches(used)):
            if number == steps:
                break
            for index, values in optimizers(devices.move(batch), number + 1, number / count, epochs):
                meters[index].add(values, batch.samples)
        found: dict[str, float] = {}
        for meter in meters:
            found |= meter.epoch()
        return found


def is_available(plan: TrainingPlan, trained: bool) -> bool:
    """Whether the data can be read on this machine. Nothing is downloaded for it: those that are were there for a run."""
    for path in plan.settings:
        if "download" in plan.compiled.flat.nodes[path].component.tags and not trained:
            return False
        try:
            plan.compiled.dataset(path).load("train")
        except (ValueError, OSError):  # what is missing is said where a training starts
            return False
    return True

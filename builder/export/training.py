"""What a graph's training consists of, as an exported script has to say it: model, criterion, who steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from builder.compiler import Compiled, End
from builder.export.errors import ExportError
from builder.graph import FlatNode
from builder.train.loader import LoaderSettings
from builder.train.plan import DEFAULT_EPOCHS
from builder.train.step import Step
from builder.train.steps import Steps

STOPPING = "reg_early_stopping"


@dataclass(frozen=True)
class OptimizerPlan:
    """One optimizer node.

    Args:
        node: the node.
        losses: what it sums and minimises.
        logged: the loss nodes whose values its steps log.
        logs_sum: whether the sum itself is logged too, under the node's path.
        schedule: paths of the schedule nodes, the first one first.
        clip_norm: largest norm of the gradients.
        prefixes: beginnings of the names of the parameters that it owns; None where it owns all that its losses reach.
    """

    node: FlatNode
    losses: Sequence[End]
    logged: Sequence[End]
    logs_sum: bool
    schedule: Sequence[str]
    clip_norm: float | None
    prefixes: tuple[str, ...] | None


@dataclass
class TrainingPlan:
    """The training of a graph with one data set."""

    compiled: Compiled
    data: FlatNode
    settings: LoaderSettings
    seed: int
    epochs: int
    outputs: list[End] = field(default_factory=list)
    """What the model has to give: predictions, and what losses or metrics share with it."""
    criterion: list[End] = field(default_factory=list)
    """What is computed from the model's outputs and the data: losses, their sums, inputs of metrics."""
    optimizers: list[OptimizerPlan] = field(default_factory=list)
    metrics: list[FlatNode] = field(default_factory=list)
    stopping: list[FlatNode] = field(default_factory=list)
    fits: list[FlatNode] = field(default_factory=list)
    """Transforms that measure the training data."""

    def is_data(self, end: End) -> bool:
        return end[0] == self.data.path

    def is_given(self, end: End) -> bool:
        """Whether a value needs no computation behind the model."""
        return self.is_data(end) or end in self.outputs

    @property
    def raw(self) -> list[End]:
        """The data ports that anything in the training reads, in their order."""
        ends = {
            end for path in self._paths() for ends in self.compiled.flat.nodes[path].inputs.values() for end in ends
        }
        ports = self.compiled.report.nodes[self.data.path].outputs
        return [end for port in ports if (end := (self.data.path, port)) in ends]

    def _paths(self) -> list[str]:
        metrics = [end for node in self.metrics for ends in node.inputs.values() for end in ends]
        return [*self.compiled.ancestors([*self.criterion, *metrics, *self.outputs]), *(n.path for n in self.metrics)]

    @property
    def watched(self) -> str:
        """The node whose value says which epoch is best."""
        for node in self.stopping:
            return node.inputs["metric"][0][0]
        if self.metrics:
            return self.metrics[0].path
        first = self.optimizers[0]
        return first.node.path if first.logs_sum else first.logged[-1][0]

    def higher_is_better(self, path: str) -> bool:
        return bool(getattr(self.compiled.module(path), "higher_is_better", False))


def plan_training(compiled: Compiled) -> TrainingPlan:
    """The training of a graph.

    Raises:
        ExportError: it is of a kind that the exported script cannot say.
        TrainError: a setting breaks its rule.
    """
    data = compiled.of_kind("dataset")
    optimizers = compiled.of_kind("optimizer")
    if len(data) != 1 or "/" in data[0].path:
        raise _unsupported("several data sets, or one inside a block", "多个数据集，或位于模块内的数据集", data)
    if not optimizers:
        raise ExportError(
            "The graph has no optimizer, so there is no training to write. Export it as python instead.",
            "图中没有优化器，因此没有训练脚本可写。请改用 python 格式导出。",
        )
    others = [n for n in compiled.of_kind("strategy") if n.component.id != STOPPING]
    others += compiled.of_kind("sampler", "regularizer")
    if others:
        raise _unsupported(others[0].component.name, others[0].component.name_zh, others)
    training = compiled.graph.training
    plan = TrainingPlan(
        compiled,
        data[0],
        LoaderSettings.read(data[0].settings),
        int(training.get("seed", 0)),
        int(training.get("epochs", DEFAULT_EPOCHS)),
        metrics=compiled.of_kind("metric"),
        stopping=compiled.of_kind("strategy"),
        fits=[n for n in compiled.of_kind("transform") if hasattr(compiled.module(n.path), "fit")],
    )
    losses = [(node.path, "loss") for node in compiled.of_kind("loss")]
    sums = [end for node in optimizers for end in node.inputs["loss"]]
    looked_at = [end for node in plan.metrics for ends in node.inputs.values() for end in ends]
    plan.outputs = _outputs(compiled, [*losses, *sums, *looked_at], data[0].path)
    plan.criterion = [e for e in dict.fromkeys([*losses, *sums, *looked_at]) if not plan.is_given(e)]
    plan.optimizers = [_optimizer(compiled, node, len(optimizers)) for node in optimizers]
    return plan


def _unsupported(what: str, what_zh: str, nodes: Sequence[FlatNode]) -> ExportError:
    return ExportError(
        f"A training with this cannot be written as a script yet: {what}. The other formats can be exported.",
        f"暂不能导出含有此项的训练脚本：{what_zh}。可以使用其他导出格式。",
        nodes[-1].path if nodes else "",
    )


def _outputs(compiled: Compiled, ends: Iterable[End], data: str) -> list[End]:
    """The model's predictions, and other values of its inside that lead to ``ends``."""
    outputs = dict.fromkeys(compiled.predictions)
    inside = set(compiled.ancestors(outputs)) - {data}
    waiting, seen = list(ends), set()
    while waiting:
        end = waiting.pop(0)
        if end in seen or end in outputs or end[0] == data:
            continue
        seen.add(end)
        if end[0] in inside:
            outputs[end] = None
        else:
            waiting += [e for sources in compiled.flat.nodes[end[0]].inputs.values() for e in sources]
    return list(outputs)


def _optimizer(compiled: Compiled, node: FlatNode, count: int) -> OptimizerPlan:
    step = Step(compiled, node, _Anywhere())  # type: ignore[arg-type]  # it needs no device to say what it does
    ends = node.inputs["loss"]
    logged = step.losses
    reached = compiled.parameters_of(ends)
    chosen = {name for name, parameter in reached.items() if any(parameter is p for p in step.parameters)}
    alone = count == 1 and len(chosen) == len(reached)
    chain, following = [], node.inputs.get("schedule")
    while following:
        chain.append(following[0][0])
        following = compiled.flat.nodes[chain[-1]].inputs.get("then")
    prefixes = None if alone else _cover(compiled, chosen)
    return OptimizerPlan(node, ends, logged, node.path in step.names, chain, step.clip_norm, prefixes)


class _Anywhere:
    """Stands in for the devices of a step that is never run."""

    def update(self, optimizer: object) -> None:
        return None


def _cover(compiled: Compiled, chosen: set[str]) -> tuple[str, ...]:
    """The shortest beginnings of names that only these trainable parameters have."""
    every = [name for name, parameter in compiled.root.named_parameters() if parameter.requires_grad]
    rest = [name for name in every if name not in chosen]
    found: dict[str, None] = {}
    for name in every:
        if name in chosen:
            parts = name.split(".")
            starts = [".".join(parts[: i + 1]) + ("." if i + 1 < len(parts) else "") for i in range(len(parts))]
            found[next(s for s in starts if not any(other.startswith(s) for other in rest))] = None
    return tuple(found)


def first_losses(compiled: Compiled, steps: int, epochs: int) -> dict[str, float]:
    """The mean logged values of the first steps of a training in the app, which a script has to reproduce."""
    from builder.train.devices import Devices
    from builder.train.loader import batches
    from builder.train.meter import Meter
    from builder.train.prepare import fit_transforms, loaders_of

    seed = int(compiled.graph.training.get("seed", 0))
    devices = Devices()
    with devices.own_random_numbers():
        fresh = Compiled(compiled.graph, seed=seed)
        devices.place(fresh.root)
        optimizers = Steps(fresh, devices)
        meters = [Meter(step.names) for step in optimizers]
        loaders = loaders_of(fresh, "train", seed, training=True)
        devices.seed(seed)
        fit_transforms(fresh, loaders, devices)
        fresh.root.train()
        count = max(len(loader) for loader in loaders.values())
        for number, batch in enumerate(batches(list(loaders.values()))):
            if number == steps:
                break
            for step in optimizers:
                step.set_rate(number / count, epochs)
            for index, values in optimizers(devices.move(batch), number + 1, 1)[0]:
                meters[index].add(values, batch.samples)
        found: dict[str, float] = {}
        for meter in meters:
            found |= meter.epoch()
        return found


def is_available(plan: TrainingPlan, trained: bool) -> bool:
    """Whether the data can be read on this machine. Nothing is downloaded for it: those that are were there for a run."""
    if "download" in plan.data.component.tags and not trained:
        return False
    try:
        plan.compiled.dataset(plan.data.path).load("train")
    except (ValueError, OSError):  # what is missing is said where a training starts
        return False
    return True

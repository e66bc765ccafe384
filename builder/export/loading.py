"""The data of a training script: which samples each step takes, from one data set or several side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from builder.compiler import End
from builder.export.library import Symbol
from builder.export.script import Both
from builder.export.training import TrainingPlan
from builder.graph import FlatNode
from builder.train.prepare import evaluation_batch
from components import registry

_GENERATOR = '''
def generator(*keys: object) -> torch.Generator:
    """Random numbers that follow from the keys alone."""
    digest = hashlib.blake2b("/".join(map(str, keys)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
'''
_SUBSET = '''
def subset(labels: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """Draws so many samples of each class."""
    found = []
    for label in labels[labels != -100].unique().tolist():
        members = (labels == label).nonzero().flatten()
        found.append(members[torch.randperm(len(members), generator=draws)[:count]])
    return torch.cat(found).sort().values
'''
_REPEAT = '''
def repeat(batches: Callable[[int], list[Tensor]], steps: int) -> list[Tensor]:
    """The batches of a data set that starts again until there are enough; ``batches`` gives those of each pass."""
    found: list[Tensor] = []
    passes = 0
    while len(found) < steps:
        found += batches(passes)
        passes += 1
    return found[:steps]
'''
_TOGETHER = '''
def together(*plans: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
    """Batches of several data sets side by side; the shorter ones start again."""
    steps = max(map(len, plans))
    return zip(*([plan[i % len(plan)] for i in range(steps)] for plan in plans), strict=True)
'''
_LABELS = '''
def labels_of(split) -> Tensor:
    """The label of every sample."""
    return split.__getitems__(torch.arange(len(split)))["y"].to(torch.int64)
'''


class Loading:
    """Writes what has to do with data.

    Args:
        plan: the training.
        library: of the script.
        made: the expression that makes a component with these values.
    """

    def __init__(self, plan: TrainingPlan, library: Both, made: Callable[[str, dict[str, Any]], str]) -> None:
        self.plan, self.library, self.made = plan, library, made
        self.alone = len(plan.settings) == 1
        self.loaders = {loader_name(path, self.alone) for path in self._used()}

    def _used(self) -> list[str]:
        """The data sets that the script reads."""
        used = {*self.plan.data, *(path for group in self.plan.groups for path in group.data)}
        return [path for path in self.plan.settings if path in used]

    def _name(self, path: str, tail: str, alone: str | None = None) -> str:
        return (alone or tail) if self.alone else f"{path.replace('/', '_')}_{tail}"

    def _size(self, path: str) -> str:
        return self._name(path, "BATCH_SIZE").upper()

    def indices(self, path: str) -> str:
        """The variable of a batch's indices."""
        return self._name(path, "indices")

    def split(self, path: str) -> str:
        """A split in an evaluation."""
        return self._name(path, "split")

    # -------------------------------------------------------------- the head

    def constants(self) -> list[str]:
        lines = []
        for path in self._used():
            settings = self.plan.settings[path]
            lines += [f"{self._size(path)} = {settings.batch_size}"] * (path in self.plan.data)
            lines.append(f"EVALUATION_{self._size(path)} = {evaluation_batch(self.plan.compiled, settings)}")
        return lines

    def functions(self) -> list[str]:
        """The functions of the module that say which samples a step takes."""
        self.library.own.use(Symbol("hashlib", ""))
        found = [_GENERATOR] if any(self._draws(path) for path in self.plan.data) else []
        tensor = self.library.own.tensor
        settings = [self.plan.settings[path] for path in self.plan.data]
        by_class = any(s.subset and s.subset.get("per_class") for s in settings)
        if by_class or any(map(self._looks_at_labels, self.plan.data)) or any(map(self.relabels, self.plan.rounds)):
            found.append(_LABELS)
        if by_class:
            found.append(_SUBSET)
        found += [self._batches(path, tensor) for path in self.plan.data]
        if len(self.plan.data) > 1:
            self.library.own.use(Symbol("collections.abc", "Callable"))
            found.append(_REPEAT)
        if any(len(group.data) > 1 for group in self.plan.groups):
            self.library.own.use(Symbol("collections.abc", "Iterator"))
            found.append(_TOGETHER)
        return found

    def _draws(self, path: str) -> bool:
        settings = self.plan.settings[path]
        return settings.shuffle or settings.subset is not None or settings.sampler is not None or bool(self.plan.rounds)

    def _batches(self, path: str, tensor: str) -> str:
        settings, size, of = self.plan.settings[path], self._size(path), "" if self.alone else f" of {path}"
        name, several = self._name(path, "batches"), len(self.plan.data) > 1
        doc = f'    """Which samples{of} each step of an epoch takes."""\n'
        again, turn = (", cycle: int = 0", "cycle") if several else ("", "0")
        if settings.sampler is not None:
            return (
                f"def {name}(samples: {tensor}, labels: {tensor}, epoch: int{again}) -> list[{tensor}]:\n{doc}"
                f'    draws = generator(SEED, epoch, {path!r}, {turn}, "sampler")\n'
                f"    return [samples[places] for places in {name}_sampler.batches(labels, {size}, draws)]\n"
            )
        order = (
            f"    samples = samples[torch.randperm(len(samples), generator=generator(SEED, epoch, {path!r}, {turn}))]\n"
        )
        split = f"samples.split({size})" + f"[: len(samples) // {size}]" * settings.drop_last
        return (
            f"def {name}(samples: {tensor}, epoch: int{again}) -> list[{tensor}]:\n{doc}"
            f"{order if settings.shuffle else ''}    return list({split})\n"
        )

    def samplers(self) -> list[str]:
        """The samplers, as variables of the module."""
        found = []
        for path in self.plan.data:
            sampler = self.plan.settings[path].sampler
            if sampler is not None:
                values, _ = registry.get(sampler["component"]).check(sampler.get("params", {}))
                found.append(f"{self._name(path, 'batches')}_sampler = {self.made(sampler['component'], values)}")
        return found

    # -------------------------------------------------------------- before the loop

    def load(self) -> list[str]:
        """Reads the data."""
        lines = []
        for path in self._used():
            data = "data" if self.alone else path.replace("/", "_")
            lines.append(f"{data} = {loader_name(path, self.alone)}()")
            if self._prepares(path):
                lines.append(f"{data}.prepare()")
            train, valid = self._name(path, "train", "train_set"), self._name(path, "valid", "valid_set")
            if path in self.plan.data:
                lines.append(f'{train}, {valid} = {data}.load("train"), {data}.load("valid")')
            else:
                lines.append(f'{valid} = {data}.load("valid")')
        return lines

    def _prepares(self, path: str) -> bool:
        """Whether the data set has to fetch something first."""
        methods = [c.__dict__ for c in type(self.plan.compiled.dataset(path)).__mro__]
        return sum("prepare" in m for m in methods) > 1

    def prepare(self, counts: bool) -> list[str]:
        """Which samples take part; with ``counts`` also how many steps an epoch has."""
        lines = []
        for path in self.plan.data:
            settings, split = self.plan.settings[path], self._name(path, "train", "train_set")
            samples = self._name(path, "samples")
            starts = next((n for n in self.plan.rounds if self.chosen(n) == path), None)
            if starts is not None and settings.subset is None:
                count = int(self.plan.compiled.analysis.values[starts.path]["initial"])
                draws = f'generator(SEED, {starts.path!r}, "initial")'
                lines.append(f"{samples} = torch.randperm(len({split}), generator={draws})[:{count}].sort().values")
            elif settings.subset is None:
                lines.append(f"{samples} = torch.arange(len({split}))")
            else:
                count, draws = (
                    int(settings.subset["count"]),
                    f'generator({int(settings.subset.get("seed", 0))}, {path!r}, "subset")',
                )
                if settings.subset.get("per_class"):
                    lines.append(f"{samples} = subset(labels_of({split}), {count}, {draws})")
                else:
                    lines.append(f"{samples} = torch.randperm(len({split}), generator={draws})[:{count}].sort().values")
            if settings.sampler is not None:
                lines.append(self._sampled(path))
        return [*lines, *self.count(counts)]

    def _sampled(self, path: str) -> str:
        """The labels that a sampler looks at."""
        split, samples = self._name(path, "train", "train_set"), self._name(path, "samples")
        if not self._looks_at_labels(path):
            return f"{self._name(path, 'labels')} = torch.full((len({samples}),), -100)  # nobody looks at them"
        return f"{self._name(path, 'labels')} = labels_of({split})[{samples}]"

    def _looks_at_labels(self, path: str) -> bool:
        """Whether the sampler of a data set needs its labels."""
        sampler = self.plan.settings[path].sampler
        return sampler is not None and getattr(registry.get(sampler["component"]).factory, "needs_labels", True)

    def count(self, counts: bool) -> list[str]:
        """How many steps an epoch has, where that is asked for."""
        if not counts and len(self.plan.data) == 1:
            return []
        lengths = [f"len({self._pass(path, '0', '')})" for path in self.plan.data]
        longest = lengths[0] if len(lengths) == 1 else f"max({', '.join(lengths)})"
        return [f"steps = {longest}"]

    # -------------------------------------------------------------- rounds

    def relabels(self, node: FlatNode) -> bool:
        """Whether a strategy gives labels of its own."""
        return hasattr(node.component.factory, "relabel")

    def chosen(self, node: FlatNode) -> str:
        """The data set from which a strategy chooses samples."""
        compiled = self.plan.compiled
        paths = compiled.ancestors([ends[0] for ends in compiled.sources(node.path).values()])
        return next(path for path in paths if compiled.flat.nodes[path].component.kind == "dataset")

    def start(self, node: FlatNode, relabels: bool) -> list[str]:
        """Which samples have labels before the first round."""
        path = self.chosen(node)
        split, samples = self._name(path, "train", "train_set"), self._name(path, "samples")
        lines = [f"labelled = {samples}"]
        return [*lines, f"taught = labels_of({split})"] if relabels else lines

    def round(self, node: FlatNode, name: str, relabels: bool, counts: bool) -> list[str]:
        """The end of a round: which samples take part in the next one."""
        path = self.chosen(node)
        split, samples = self._name(path, "train", "train_set"), self._name(path, "samples")
        given = f"look(model, {split}, pool, device), generator(SEED, {node.path!r}, epoch + 1)"
        if relabels:
            lines = [
                f"chosen, found = {name}.relabel({given})",
                f"taught = labels_of({split})",
                "taught[pool[chosen]] = found",
                f"{samples} = torch.cat([labelled, pool[chosen]]).sort().values",
            ]
        else:
            lines = [
                f"chosen = {name}.choose({given})",
                f"{samples} = labelled = torch.cat([labelled, pool[chosen]]).sort().values",
            ]
        if self.plan.settings[path].sampler is not None:
            lines.append(self._sampled(path))
        return [
            f"outside = torch.ones(len({split}), dtype=torch.bool)",
            "outside[labelled] = False",
            "pool = outside.nonzero().flatten()",
            f"if (epoch + 1) % {name}.every == 0 and len(pool):",
            *(f"    {line}" for line in [*lines, *self.count(counts)]),
        ]

    def look(self, raw: Sequence[End], names: Sequence[str], lines: Sequence[str], values: Mapping[str, str]) -> str:
        """The function that gives what a strategy looks at, by its ports."""
        path = raw[0][0]
        batch = [line.replace(self.split(path), "split") for line in self.batch(raw, "split", names)]
        text = [
            "@torch.no_grad()",
            f"def look(model: {self.library.own.nn}.Module, split, pool: {self.library.own.tensor}, device)"
            f" -> dict[str, {self.library.own.tensor}]:",
            '    """What is known of samples that have no labels yet."""',
            "    model.eval()",
            "    seen = []",
            "    with torch.random.fork_rng():  # the same numbers each time",
            "        torch.manual_seed(SEED)",
            f"        for {self.indices(path)} in pool.split(EVALUATION_{self._size(path)}):",
            *(f"            {line}" for line in [*batch, *lines]),
            f"            seen.append([{', '.join(f'{value}.cpu()' for value in values.values())}])",
            "    model.train()",
            f"    return dict(zip({list(values)!r}, map(torch.cat, zip(*seen, strict=True)), strict=True))",
        ]
        return "\n".join(text) + "\n"

    def _pass(self, path: str, epoch: str, cycle: str) -> str:
        given = [self._name(path, "samples")]
        given += [self._name(path, "labels")] * (self.plan.settings[path].sampler is not None)
        return f"{self._name(path, 'batches')}({', '.join([*given, epoch, *[cycle] * bool(cycle)])})"

    # -------------------------------------------------------------- loops

    def loop(self) -> list[str]:
        """The head of the loop over the steps of an epoch."""
        if len(self.plan.data) == 1:
            path = self.plan.data[0]
            return [f"for step, {self.indices(path)} in enumerate({self._pass(path, 'epoch', '')}[: args.steps]):"]
        plans = [f"repeat(lambda n: {self._pass(path, 'epoch', 'n')}, steps)[: args.steps]" for path in self.plan.data]
        names = ", ".join(self.indices(path) for path in self.plan.data)
        return [f"plans = {', '.join(plans)}", f"for step, ({names}) in enumerate(zip(*plans, strict=True)):"]

    def batch(self, raw: Sequence[End], which: str, names: Sequence[str]) -> list[str]:
        """From indices to the tensors of a batch, of the splits for ``train`` or of an evaluation's."""
        lines = []
        for path in dict.fromkeys(path for path, _ in raw):
            split = self.split(path) if which == "split" else self._name(path, "train", "train_set")
            lines.append(f"{self._name(path, 'batch')} = {split}.__getitems__({self.indices(path)})")
        taught = [self.chosen(node) for node in self.plan.rounds if which == "train" and self.relabels(node)]
        ports = [
            f"taught[{self.indices(path)}].to(device)"
            if port == "y" and path in taught
            else f'{self._name(path, "batch")}["{port}"].to(device)'
            for path, port in raw
        ]
        if len({path for path, _ in raw}) > 1:
            return [*lines, *(f"{name} = {port}" for name, port in zip(names, ports, strict=True))]
        return [*lines, f"{', '.join(names)} = {', '.join(ports)}"] if raw else lines

    def target(self, data: Sequence[str]) -> str:
        return ", ".join(self.indices(path) for path in data)

    def evaluation(self, data: Sequence[str]) -> str:
        """The batches of an evaluation."""
        plans = [f"torch.arange(len({self.split(path)})).split(EVALUATION_{self._size(path)})" for path in data]
        return plans[0] if len(plans) == 1 else f"together({', '.join(plans)})"

    def split_arguments(self, data: Iterable[str]) -> list[str]:
        used = set(data)
        return [self.split(path) for path in self._used() if path in used]

    def valid(self) -> list[str]:
        """The splits that are given to an evaluation."""
        used = {path for group in self.plan.groups for path in group.data}
        return [self._name(path, "valid", "valid_set") for path in self._used() if path in used]

    # -------------------------------------------------------------- whole splits

    def everything(self, paths: Sequence[str]) -> list[str]:
        lines = []
        for path in paths:
            split = self._name(path, "train", "train_set")
            lines.append(f"{self.whole(path)} = {split}.__getitems__(torch.arange(len({split})))")
        return lines

    def whole(self, path: str) -> str:
        return "everything" if self.alone else f"all_{path.replace('/', '_')}"


def loader_name(path: str, alone: bool) -> str:
    """The function of ``data.py`` that makes a data set."""
    return "load_data" if alone else f"load_{path.replace('/', '_')}"

"""Writes how a project judges its model: losses and metrics over a split."""

from __future__ import annotations

from builder.compiler.inference import arguments
from builder.export.computing import Scribe
from builder.export.layout import Demand
from builder.export.loading import Loading
from builder.export.script import Both
from builder.export.text import indented
from builder.export.training import Group, TrainingPlan
from builder.graph import FlatNode
from builder.train.evaluation import draws_in_evaluation


class EvaluationWriter:
    """Writes the function that judges.

    Args:
        plan: what the training consists of.
        scribe: of the script's computations.
        loading: of the script's data.
        library: what the script uses.
    """

    def __init__(self, plan: TrainingPlan, scribe: Scribe, loading: Loading, library: Both) -> None:
        self.plan, self.scribe, self.loading, self.library = plan, scribe, loading, library
        self.compiled = plan.compiled

    def function(self) -> str:
        """The function ``evaluate`` of the script."""
        torch_, nn = self.library.own.torch, self.library.own.nn
        splits = ", ".join(self.loading.split_arguments(path for g in self.plan.groups for path in g.data))
        lines = [
            f"@{torch_}.no_grad()",
            f"def evaluate(model: {nn}.Module, metrics: dict, {splits}, device) -> dict[str, float]:",
            '    """Losses and metrics over a split."""',
            "    model.eval()",
        ]
        several = len(self.plan.groups) > 1
        lines += ["    figures: dict[str, float] = {}"] * several
        body: list[str] = []
        for group in self.plan.groups:
            body += self._group(group, several)
        if self._draws():
            fork = [
                f"with {torch_}.random.fork_rng():  # the same numbers each time",
                f"    {torch_}.manual_seed(SEED)",
            ]
            lines += indented([*fork, *indented(body, 4)], 4)
        else:
            lines += indented(body, 4)
        lines += ["    model.train()", "    return figures"]
        return "\n".join(lines) + "\n\n\n"

    def _draws(self) -> bool:
        """Whether an evaluation draws random numbers."""
        used = {path for group in self.plan.groups for path in group.demand.order}
        return draws_in_evaluation(self.compiled, used)

    def _group(self, group: Group, several: bool) -> list[str]:
        d = group.demand
        values, figures, metrics = [], [], []
        paths = {node.path: node for node in self.plan.metrics}
        first = self.loading.indices(group.data[0])
        raw = self.scribe.data_of(d)
        given = self.scribe.read(raw)
        pieces = self.scribe.pieces(d)
        for name, ends in group.wanted.items():
            if name in paths:
                metrics.append(name)
                values.append((name, self._call(f"metrics[{name!r}].update", paths[name], d)))
            else:
                figures.append(name)
                values.append((name, f"len({first}) * {self.scribe.sum_of(ends, d)}.item()"))
        lines = [
            "totals: dict = {}" if not several else "totals, seen = {}, 0",
            f"for {self.loading.target(group.data)} in {self.loading.evaluation(group.data)}:",
            *indented(self.loading.batch(raw, "split", given), 4),
            *indented(self.scribe.block(pieces), 4),
            "    values = {",
            *(f"        {name!r}: {value}," for name, value in values),
            "    }",
            "    totals = {name: totals.get(name, 0) + value for name, value in values.items()}",
            *[f"    seen += len({first})"] * several,
        ]
        count = "seen" if several else f"len({self.loading.split(group.data[0])})"
        mean = f"{{name: float(totals[name] / {count}) for name in {figures!r}}}"
        judged = "{name: float(metrics[name].compute(totals[name])) for name in " + f"{metrics!r}}}"
        if len(self.plan.groups) == 1:
            judged = "{name: float(m.compute(totals[name])) for name, m in metrics.items()}"
        found = " | ".join([mean] * bool(figures) + [judged] * bool(metrics))
        return [*lines, f"figures {'|=' if several else '='} {found}"]

    def _call(self, function: str, node: FlatNode, d: Demand) -> str:
        """A call of a node's module on named values."""
        args, kwargs = arguments(node.component, self.compiled.sources(node.path, d.phase))
        given = ["None" if end is None else self.scribe.value(end, d) for end in args]
        given += [f"{k}={self.scribe.value(end, d)}" for k, end in kwargs.items()]
        return f"{function}({', '.join(given)})"

"""Writes one training step of a project: what each optimizer computes, takes gradients of and changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.export.conditions import Cases
from builder.export.errors import ExportError
from builder.export.layout import Demand
from builder.export.library import Symbol
from builder.export.text import indented, number_text
from builder.export.training import OptimizerPlan

if TYPE_CHECKING:
    from builder.export.train_script import TrainWriter


@dataclass(frozen=True)
class OptimizerNames:
    """What an optimizer's things are called in the script."""

    parameters: str
    optimizer: str
    schedule: str
    acts: str
    """Whether it acts in a step; empty where it always does."""
    total: str
    penalty: str


class StepWriter:
    """Writes the lines of a step.

    Args:
        training: the writer of the script around it.
    """

    def __init__(self, training: TrainWriter) -> None:
        self.training, self.plan, self.compiled, self.layout = (
            training,
            training.plan,
            training.compiled,
            training.layout,
        )
        self.scribe, self.loading, self.library = training.scribe, training.loading, training.library

    def lines(self) -> list[str]:
        demands = [turn.demand for case in self.plan.cases for turn in case.turns]
        raw = self.scribe.data_of(*demands)
        lines = self.loading.batch(raw, "train", self.scribe.read(raw))
        if self.training.counts_steps():
            lines.append("number += 1")
        if self.training.follows_time():
            lines.append("moment = epoch + step / steps")
        lines += self.training.followed("moment") + self.training.averaging.follow("moment")
        for number, plan in enumerate(self.plan.optimizers):
            if not plan.step.always:
                lines.append(f"{self.training.names_of(number).acts} = {self._when(plan)}")
        if self.plan.simultaneous and len(self.plan.optimizers) > 1:
            lines += self._together()
        else:
            for number in range(len(self.plan.optimizers)):
                lines += self._turn(number)
        lines += self._averages()
        return (
            lines
            if self.training.counts_apart()
            else [*lines, f"seen += len({self.loading.indices(self.plan.data[0])})"]
        )

    def _when(self, plan: OptimizerPlan) -> str:
        conditions = [f"number % {plan.step.every} == 0"] * (plan.step.every > 1)
        if plan.step.window is not None:
            first, last = plan.step.window
            conditions.append(f"{first} <= epoch + 1 <= {last}")
        return " and ".join(conditions)

    def _heading(self, number: int) -> list[str]:
        return [f"# {self.plan.optimizers[number].node.path}"] if len(self.plan.optimizers) > 1 else []

    def _turn(self, number: int) -> list[str]:
        """The turn of one optimizer among those that act one after the other."""
        plan, names = self.plan.optimizers[number], self.training.names_of(number)
        mine = [case for case in self.plan.cases if number in case.acting]
        turns = [case.turns[case.acting.index(number)] for case in mine]
        flags = {i: self.training.names_of(i).acts for i in range(number) if self.training.names_of(i).acts}
        cases = Cases([{name: i in case.acting for i, name in flags.items()} for case in mine])
        before = [{p for t in c.turns[: c.acting.index(number)] for p in t.demand.order} for c in mine]
        always = set.intersection(*before)
        computed = cases.merged([self.scribe.pieces(t.demand, t.no_grad, always) for t in turns], self.scribe.block)
        d = turns[0].demand
        lines = [*computed, *self._rate(plan, names), *self._backward(plan, names, d), *self._update(plan, names)]
        lines += self._logged(plan, names, d)
        if names.acts:
            lines = [f"if {names.acts}:", *indented(lines, 4)]
        return [*self._heading(number), *lines]

    def _together(self) -> list[str]:
        """All optimizers at once, on the weights as they are."""
        lines: list[str] = []
        owned = [{id(p) for p in plan.step.parameters} for plan in self.plan.optimizers]
        if sum(map(len, owned)) != len(set().union(*owned)):
            raise ExportError(
                "Optimizers that act at once on the same parameters cannot be written as a script.",
                "同时更新相同参数的多个优化器无法写入脚本。",
            )
        for place, case in enumerate(self.plan.cases):
            turn = case.turns[0]
            body = self.scribe.block(self.scribe.pieces(turn.demand, turn.no_grad))
            for number in case.acting:
                plan, names = self.plan.optimizers[number], self.training.names_of(number)
                keep = number != case.acting[-1]
                body += [*self._heading(number), *self._backward(plan, names, turn.demand, keep)]
            for number in case.acting:
                plan, names = self.plan.optimizers[number], self.training.names_of(number)
                body += [*self._rate(plan, names), *self._update(plan, names), *self._logged(plan, names, turn.demand)]
            if len(self.plan.cases) > 1:
                flags = {i: self.training.names_of(i).acts for i in range(len(self.plan.optimizers))}
                words = [name if i in case.acting else f"not {name}" for i, name in flags.items() if name]
                last = place and place == 2 ** len(words) - 1
                head = "else:" if last else f"{'elif' if place else 'if'} {' and '.join(words)}:"
                body = [head, *indented(body, 4)]
            lines += body
        return lines

    def _backward(self, plan: OptimizerPlan, names: OptimizerNames, d: Demand, keep: bool = False) -> list[str]:
        value = self.scribe.sum_of(plan.losses, d)
        lines = []
        if len(plan.losses) > 1:
            lines.append(f"{names.total} = {value}")
            value = names.total
        if plan.step.penalties:
            lines.append(f"{names.penalty} = {self.training.penalty(plan)}")
            value = f"({value} + {names.penalty})"
        given = [] if plan.prefixes is None else [f"inputs={names.parameters}"]
        given += ["retain_graph=True"] * keep
        if plan.step.accumulate > 1:
            count = self._count(names)
            first = self.loading.indices(self.plan.data[0])
            return [
                *lines,
                f"(len({first}) * {value}).backward({', '.join(given)})",
                f"{count} += 1",
                f"{count}_samples += len({first})",
            ]
        return [*lines, f"{names.optimizer}.zero_grad()", f"{value}.backward({', '.join(given)})"]

    def _count(self, names: OptimizerNames) -> str:
        return (
            "waiting" if len(self.plan.optimizers) == 1 else f"{names.parameters.removesuffix('_parameters')}_waiting"
        )

    def waiting(self) -> list[str]:
        return [
            f"{self._count(names)} = {self._count(names)}_samples = 0  # batches whose gradients are not applied yet"
            for number, plan in enumerate(self.plan.optimizers)
            if plan.step.accumulate > 1 and (names := self.training.names_of(number))
        ]

    def _update(self, plan: OptimizerPlan, names: OptimizerNames) -> list[str]:
        nn, step = self.library.own.nn, plan.step
        lines = []
        if step.accumulate > 1:
            lines += [
                f"for p in {names.parameters}:",
                "    if p.grad is not None:",
                f"        p.grad /= {self._count(names)}_samples",
            ]
        if step.clip_norm is not None:
            lines.append(f"{nn}.utils.clip_grad_norm_({names.parameters}, {number_text(step.clip_norm)})")
        if step.clip_value is not None:
            lines.append(f"{nn}.utils.clip_grad_value_({names.parameters}, {number_text(step.clip_value)})")
        lines.append(f"{names.optimizer}.step()")
        if step.accumulate > 1:
            count = self._count(names)
            lines += [f"{names.optimizer}.zero_grad()", f"{count} = {count}_samples = 0"]
            lines = [f"if {count} == {step.accumulate}:", *indented(lines, 4)]
        return lines

    def _logged(self, plan: OptimizerPlan, names: OptimizerNames, d: Demand) -> list[str]:
        first = self.loading.indices(self.plan.data[0])
        values = [self.scribe.value(end, d) for end in plan.step.losses]
        if plan.logs_sum:
            values.append(names.total if len(plan.losses) > 1 else self.scribe.sum_of(plan.losses, d))
        values += [names.penalty] * bool(plan.step.penalties)
        later = self.plan.optimizers[self.plan.optimizers.index(plan) + 1 :]
        taken = {name for other in later for name in other.step.names}  # what several log is the last one's
        found = {name: v for name, v in zip(plan.step.names, values, strict=True) if name not in taken}
        lines = [f"totals[{name!r}] += len({first}) * {value}.item()" for name, value in found.items()]
        if self.training.counts_apart():
            lines += [f"seen[{name!r}] += len({first})" for name in found]
        return lines

    def _rate(self, plan: OptimizerPlan, names: OptimizerNames) -> list[str]:
        if not plan.schedule:
            return []
        rate = number_text(float(self.training.optimizer(plan).defaults["lr"]))
        factor = self.training.factor(names.schedule, plan.schedule, "moment")
        return [f"for group in {names.optimizer}.param_groups:", f'    group["lr"] = {rate} * {factor}']

    def _averages(self) -> list[str]:
        lines: dict[str, None] = {}
        modules = {id(module): name for name, module in self.compiled.root.named_modules()}
        targets = {self.compiled.target(p): p for p in self.layout.constructed}
        for average in self.compiled.averages:
            path = targets.get(modules[id(average.twin)])
            if path is None:
                continue
            owner = str(self.compiled.analysis.examples[path])
            twin = path
            for prefix in self.layout.settles["weights"]:
                if path.startswith(prefix):
                    twin, owner = prefix.rstrip("/"), self.layout.scopes[prefix].twin.rstrip("/")
                    if "/" in self.layout.scopes[prefix].attribute:  # all copies of a repeated block together
                        twin, owner = twin.rpartition("/")[0], owner.rpartition("/")[0]
            share = f"1 - {number_text(average.decay)}"
            if average.rise == "cosine":
                math = self.library.own.use(Symbol("math", ""))
                share = f"({share}) * (({math}.cos({math}.pi * (moment / args.epochs)) + 1) / 2)"
            lines[f"follow({self.scribe.target(twin)}, {self.scribe.target(owner)}, {share})"] = None
        found = list(lines)
        flags = [self._changes(number) for number in range(len(self.plan.optimizers))]
        if found and all(flags):
            found = [f"if {' or '.join(flags)}:", *indented(found, 4)]
        return found

    def _changes(self, number: int) -> str:
        """The condition under which an optimizer has changed its weights in a step; empty where it always has."""
        plan, names = self.plan.optimizers[number], self.training.names_of(number)
        parts = [names.acts] * bool(names.acts) + [f"{self._count(names)} == 0"] * (plan.step.accumulate > 1)
        return " and ".join(parts)

    def follow(self) -> list[str]:
        if not self.compiled.averages or not self._averages():
            return []
        torch_, nn = self.library.own.torch, self.library.own.nn
        return [
            f"@{torch_}.no_grad()\n"
            f"def follow(twin: {nn}.Module, owner: {nn}.Module, share: float) -> None:\n"
            '    """Moves the weights of a module towards those of another by a share of the way."""\n'
            "    for mine, theirs in zip(twin.parameters(), owner.parameters(), strict=True):\n"
            "        mine.lerp_(theirs, share)\n"
        ]

"""Writes ``train.py`` of a project: an explicit PyTorch loop that does what the graph says, and the parts it is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from builder.compiler import Compiled, End
from builder.compiler.inference import arguments
from builder.export.classes import write_classes
from builder.export.constructors import MISSING, Argument, Construction, construction, record
from builder.export.errors import ExportError
from builder.export.library import Library, Symbol
from builder.export.model import ModelSource
from builder.export.scopes import Key, model_scope
from builder.export.script import LOCALS, Script, construction_source, library_of, script_text, symbol_of
from builder.export.text import Names, literal
from builder.export.training import OptimizerPlan, TrainingPlan
from builder.graph import FlatNode
from builder.train.prepare import evaluation_batch


def write_train(plan: TrainingPlan, model: ModelSource, title: str, ships_initial: bool) -> dict[str, Script]:
    """The training loop, ``train.py``, and the losses, metrics and schedules that it is made of, ``parts.py``.

    Args:
        plan: what the training consists of.
        model: the model's file.
        title: for the docstring.
        ships_initial: whether the first weights lie beside the script, because its own construction gives others.

    Raises:
        ExportError: something in the graph cannot be written as a script.
    """
    return _TrainWriter(plan, model, title, ships_initial).scripts()


class _TrainWriter:
    def __init__(self, plan: TrainingPlan, model: ModelSource, title: str, ships_initial: bool) -> None:
        self.plan, self.model, self.title, self.ships_initial = plan, model, title, ships_initial
        self.compiled = plan.compiled
        nodes = [*plan.metrics, *plan.stopping]
        nodes += [self.compiled.flat.nodes[path] for o in plan.optimizers for path in o.schedule]
        nodes += [self.compiled.flat.nodes[p] for p in self._criterion_paths()]
        symbols = [symbol_of(node.component.factory) for node in nodes]
        symbols += [symbol_of(type(self.compiled.build(o.node.path, params=[_PARAMETER]))) for o in plan.optimizers]
        if any(len(o.schedule) > 1 for o in plan.optimizers):
            symbols.append(_CHAINED)
        roots = ["forward", "update", "compute", "factor", "watch", "fit", "length"]
        taken = [
            *LOCALS,
            model.name,
            "Criterion",
            "SEED",
            "EPOCHS",
            "BATCH_SIZE",
            "EVALUATION_BATCH_SIZE",
            "HERE",
            "load_data",
        ]
        self.parts = library_of([s for s in symbols if s.ours], roots, taken)
        self.imported: set[str] = set()
        for node in nodes:
            if node.component.form == "class":
                self.parts.object(node.component.factory)
        self.library = Library(Names([*taken, *self.parts.defined]))
        for module in ("argparse", "json", "torch"):
            self.library.use(Symbol(module, ""))
        self.library.use(Symbol("pathlib", "Path"))
        self.library.use(Symbol("safetensors.torch", "save_file"))
        # Variables stay apart from all that the files define.
        functions = [node.component.factory.__name__ for node in nodes]
        self.names = Names([*self.library.names.taken, *self.parts.names.taken, *functions])
        self.raw = {end: self.names.new(end[1]) for end in plan.raw}
        single = len(plan.criterion) == 1
        self.criterion = {e: self.names.new("loss" if single else e[0].replace("/", "_")) for e in plan.criterion}
        single = len(plan.outputs) == 1
        self.outputs = {e: self.names.new("prediction" if single else e[0].replace("/", "_")) for e in plan.outputs}

    def _criterion_paths(self) -> list[str]:
        """The nodes that the criterion computes."""
        scope = model_scope(self.compiled, self.plan.criterion, self.plan.outputs)
        return [leaf.path for leaf in scope.leaves() if leaf.live]

    # -------------------------------------------------------------- the pieces

    def _object(self, value: Any) -> str:
        """The name of a class or function in the training script: one of torch's, or one of the parts."""
        if not symbol_of(value).ours:
            return self.library.object(value)
        name = self.parts.object(value)
        self.imported.add(name)
        return name

    def _made(self, node: FlatNode) -> str:
        """The expression that makes what stands at a node."""
        if node.component.form == "builder":
            found = record(lambda: self.compiled.build(node.path))
        else:
            found = construction(node.component.factory, self.compiled.analysis.values[node.path])
        return construction_source(found, self._object)

    def scripts(self) -> dict[str, Script]:
        plan = self.plan
        criterion = self._criterion()
        main = self._main(criterion)
        body = _WRITTEN + self._order() + self._evaluate()
        own = f"from data import load_data\nfrom model import {self.model.name}\n"
        if self.imported:
            own += f"from parts import {', '.join(sorted(self.imported))}\n"
        summary = f"Trains {self.title} and keeps the weights of the best epoch in trained.safetensors."
        note = "The weights, the order of the samples and everything random follow from SEED."
        text = script_text(f"{summary}\n\n{note}", self.library, own, _constants(plan), body, main)
        found = {"train.py": Script(text)}
        if self.imported:
            doc = f"The losses, metrics and schedules of {self.title}."
            found["parts.py"] = Script(script_text(doc, self.parts, self.parts.definitions()))
        return found

    def _order(self) -> str:
        plan = self.plan
        if not plan.settings.shuffle:
            return ""
        hashlib = self.library.use(Symbol("hashlib", ""))
        key = f"{{SEED}}/{{epoch}}/{plan.data.path}/0"
        return (
            f"def order(samples: int, epoch: int) -> {self.library.tensor}:\n"
            '    """The order of the samples in an epoch."""\n'
            f'    digest = {hashlib}.blake2b(f"{key}".encode(), digest_size=8).digest()\n'
            '    generator = torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)\n'
            "    return torch.randperm(samples, generator=generator)\n\n\n"
        )

    def _criterion(self) -> str:
        """The expression that makes the criterion; a class for it where it is more than one loss."""
        plan = self.plan
        paths = self._criterion_paths()
        if len(plan.criterion) == 1 and len(paths) == 1 and "/" not in paths[0]:
            node = self.compiled.flat.nodes[paths[0]]
            if node.component.form != "op" and not node.settings.get("init") and not node.settings.get("frozen"):
                self.call = self._call("criterion", node)
                return self._made(node)
        scope = model_scope(self.compiled, plan.criterion, plan.outputs)
        given: dict[End, str] = {**self.outputs, **self.raw}
        inputs: dict[Key, str] = {("", *e): name for e, name in given.items() if ("", *e) in scope.used}
        doc = "What the training minimises, and what its metrics look at."
        write_classes(self.compiled, scope, self.parts, "Criterion", inputs, doc)
        self.imported.add("Criterion")
        self.call = f"criterion({', '.join(inputs.values())})"
        return "Criterion()"

    def _call(self, function: str, node: FlatNode) -> str:
        """A call of a node's module on named values."""
        known = {**self.raw, **self.outputs, **self.criterion}
        args, kwargs = arguments(node.component, node.inputs)
        given = ["None" if end is None else known[end] for end in args]
        return f"{function}({', '.join([*given, *(f'{k}={known[end]}' for k, end in kwargs.items())])})"

    def _forward(self) -> list[str]:
        """From a batch to the values of the criterion."""
        given = [self.raw[end] for end in self.model.arguments]
        lines = [f"{', '.join(self.outputs.values())} = model({', '.join(given)})"]
        if self.criterion:
            lines.append(f"{', '.join(self.criterion.values())} = {self.call}")
        return lines

    def _batch(self, split: str) -> list[str]:
        """From indices to the tensors of a batch."""
        ports = [f'batch["{port}"].to(device)' for _, port in self.raw]
        return [f"batch = {split}.__getitems__(indices)", f"{', '.join(self.raw.values())} = {', '.join(ports)}"]

    # -------------------------------------------------------------- evaluation

    def _evaluate(self) -> str:
        torch_, nn = self.library.torch, self.library.nn
        values = []
        for end in self.criterion:
            if self._is_figure(end):
                values.append((end[0], f"len(indices) * {self.criterion[end]}.item()"))
        for plan in self.plan.optimizers:
            if plan.logs_sum:
                values.append((plan.node.path, f"len(indices) * {self._sum(plan)}.item()"))
        figures = [name for name, _ in values]
        for node in self.plan.metrics:
            values.append((node.path, self._call(f"metrics[{node.path!r}].update", node)))
        lines = [
            f"@{torch_}.no_grad()",
            f"def evaluate(model: {nn}.Module, criterion: {nn}.Module, metrics: dict, split, device)"
            " -> dict[str, float]:",
            '    """Losses and metrics over a split."""',
            "    model.eval()",
            "    criterion.eval()",
            "    totals: dict = {}",
            f"    for indices in {torch_}.arange(len(split)).split(EVALUATION_BATCH_SIZE):",
            *_indented([*self._batch("split"), *self._forward()], 8),
            "        values = {",
            *(f"            {name!r}: {value}," for name, value in values),
            "        }",
            "        totals = {name: totals.get(name, 0) + value for name, value in values.items()}",
            "    model.train()",
            "    criterion.train()",
            f"    figures = {{name: float(totals[name] / len(split)) for name in {figures!r}}}",
            "    return figures | {name: float(m.compute(totals[name])) for name, m in metrics.items()}",
        ]
        return "\n".join(lines) + "\n\n\n"

    def _is_figure(self, end: End) -> bool:
        return self.compiled.flat.nodes[end[0]].component.kind == "loss"

    def _sum(self, plan: OptimizerPlan) -> str:
        terms = [self.criterion[end] for end in plan.losses]
        return terms[0] if len(terms) == 1 else f"{self.library.torch}.stack([{', '.join(terms)}]).sum()"

    # -------------------------------------------------------------- the loop

    def _main(self, criterion: str) -> str:
        plan = self.plan
        torch_ = self.library.torch
        metrics = ", ".join(f"{n.path!r}: {self._made(n)}" for n in plan.metrics)
        logged = [path for o in plan.optimizers for path in self._logged(o)]
        lines = [
            "def main() -> None:",
            "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
            '    parser.add_argument("--epochs", type=int, default=EPOCHS)',
            '    parser.add_argument("--steps", type=int, help="end every epoch after so many steps, for a quick try")',
            "    args = parser.parse_args()",
            f'    device = {torch_}.accelerator.current_accelerator(check_available=True) or {torch_}.device("cpu")',
            "",
            "    data = load_data()",
            *["    data.prepare()"] * self._prepares(),
            '    train_set, valid_set = data.load("train"), data.load("valid")',
            "",
            f"    {torch_}.manual_seed(SEED)",
            f"    model = {self.model.name}().to(device)",
            *self._initial(),
            f"    criterion = {criterion}.to(device)",
            f"    metrics = {{{metrics}}}",
            *self._optimizers(),
            *self._stopping(),
            "",
            f"    {torch_}.manual_seed(SEED)  # what is random in the training starts here",
            *self._fits(),
            f"    steps = {self._steps()}",
            "    best, history = None, []",
            "    for epoch in range(args.epochs):",
            f"        totals, seen = dict.fromkeys({logged!r}, 0.0), 0",
            f"        samples = {self._epoch_order()}",
            "        for step, indices in enumerate(samples.split(BATCH_SIZE)[: args.steps or steps]):",
            *_indented(self._step(), 12),
            "        train = {name: total / seen for name, total in totals.items()}",
            "        valid = evaluate(model, criterion, metrics, valid_set, device)",
            *_indented(self._judge(), 8),
            "",
            "",
            'if __name__ == "__main__":',
            "    main()",
        ]
        return "\n".join(lines) + "\n"

    def _prepares(self) -> bool:
        """Whether the data set has to fetch something first."""
        methods = [c.__dict__ for c in type(self.compiled.dataset(self.plan.data.path)).__mro__]
        return sum("prepare" in m for m in methods) > 1

    def _initial(self) -> list[str]:
        if not self.ships_initial:
            return []
        load_file = self.library.use(Symbol("safetensors.torch", "load_file"))
        return [
            f'    model.load_state_dict({load_file}(HERE / "initial.safetensors"))  # the weights of the first step'
        ]

    def _steps(self) -> str:
        if self.plan.settings.drop_last:
            return "len(train_set) // BATCH_SIZE"
        math = self.library.use(Symbol("math", ""))
        return f"{math}.ceil(len(train_set) / BATCH_SIZE)"

    def _epoch_order(self) -> str:
        if self.plan.settings.shuffle:
            return "order(len(train_set), epoch)"
        return f"{self.library.torch}.arange(len(train_set))"

    def _optimizers(self) -> list[str]:
        lines = []
        for number, plan in enumerate(self.plan.optimizers):
            names = self._names(number)
            if names.parameters != "model.parameters()":
                lines.append(f"    {names.parameters} = {self._parameters(plan)}")
            made = _optimizer_call(self.compiled, plan)
            lines.append(
                f"    {names.optimizer} = {construction_source(made, self._object, {id(_PARAMETER): names.parameters})}"
            )
            if plan.schedule:
                chain = [self._made(self.compiled.flat.nodes[path]) for path in plan.schedule]
                lines.append(f"    {names.schedule} = {chain[0] if len(chain) == 1 else '[' + ', '.join(chain) + ']'}")
        return lines

    def _parameters(self, plan: OptimizerPlan) -> str:
        inside = set(self.model_names)
        outside = [n for n in self.compiled.parameters_of(plan.losses) if n not in inside]
        if plan.prefixes is None:
            return "[*model.parameters(), *criterion.parameters()]" if outside else "model.parameters()"
        chosen = f"if p.requires_grad and name.startswith({plan.prefixes!r})"
        source = "[*model.named_parameters(), *criterion.named_parameters()]" if outside else "model.named_parameters()"
        return f"[p for name, p in {source} {chosen}]"

    @property
    def model_names(self) -> list[str]:
        return [name for name, _ in self.compiled.program(self.plan.outputs).named_parameters()]

    def _names(self, number: int) -> _OptimizerNames:
        if len(self.plan.optimizers) == 1:
            whole = self._parameters(self.plan.optimizers[0])
            return _OptimizerNames("parameters" if "[" in whole else whole, "optimizer", "schedule")
        path = self.plan.optimizers[number].node.path.replace("/", "_")
        return _OptimizerNames(f"parameters_of_{path}", f"optimizer_{path}", f"schedule_{path}")

    def _stopping(self) -> list[str]:
        lines = []
        for number, node in enumerate(self.plan.stopping):
            better = self.plan.higher_is_better(node.inputs["metric"][0][0])
            lines += [f"    stopping{number or ''} = {self._made(node)}", f"    stopping{number or ''}.watch({better})"]
        return lines

    def _fits(self) -> list[str]:
        """What transforms measure on the training data."""
        if not self.plan.fits:
            return []
        inside = set(self.compiled.ancestors(self.plan.outputs))
        torch_ = self.library.torch
        lines = [
            f"    with {torch_}.no_grad():  # what the transforms measure on the training data",
            "        model.eval()",
            f"        everything = train_set.__getitems__({torch_}.arange(len(train_set)))",
        ]
        for node in self.plan.fits:
            if node.path not in inside:
                raise _not_scripted(node)
            given = [self._measured(end) for ends in node.inputs.values() for end in ends]
            lines.append(f"        model.{self.compiled.target(node.path)}.fit({', '.join(given)})")
        return [*lines, "        model.train()"]

    def _measured(self, end: End) -> str:
        """A value on the whole training split, made by a chain of transforms."""
        if self.plan.is_data(end):
            return f'everything["{end[1]}"].to(device)'
        node = self.compiled.flat.nodes[end[0]]
        target = self.compiled.target(end[0])
        if target is None or len(node.component.outputs) != 1:
            raise _not_scripted(node)
        args, kwargs = arguments(node.component, node.inputs)
        given = [self._measured(e) if e else "None" for e in args] + [
            f"{k}={self._measured(e)}" for k, e in kwargs.items()
        ]
        return f"model.{target}({', '.join(given)})"

    def _logged(self, plan: OptimizerPlan) -> list[str]:
        return [path for path, _ in plan.logged] + [plan.node.path] * plan.logs_sum

    def _step(self) -> list[str]:
        lines = self._batch("train_set")
        scheduled = [n for n, o in enumerate(self.plan.optimizers) if o.schedule]
        if scheduled:
            lines.append("moment = epoch + step / steps")
        for number, plan in enumerate(self.plan.optimizers):
            names = self._names(number)
            if plan.schedule:
                lines += self._rate(plan, names)
            total = self._sum(plan)
            lines += self._forward()
            value = total
            if len(plan.losses) > 1:
                lines.append(f"total = {total}")
                value = "total"
            lines.append(f"{names.optimizer}.zero_grad()")
            lines.append(f"{value}.backward({'' if plan.prefixes is None else f'inputs={names.parameters}'})")
            if plan.clip_norm is not None:
                clip = f"{self.library.nn}.utils.clip_grad_norm_"
                lines.append(f"{clip}({names.parameters}, {ast.unparse(literal(float(plan.clip_norm)))})")
            lines.append(f"{names.optimizer}.step()")
            lines += [f"totals[{p!r}] += len(indices) * {self.criterion[p, q]}.item()" for p, q in plan.logged]
            if plan.logs_sum:
                lines.append(f"totals[{plan.node.path!r}] += len(indices) * {value}.item()")
        return [*lines, "seen += len(indices)"]

    def _rate(self, plan: OptimizerPlan, names: _OptimizerNames) -> list[str]:
        rate = ast.unparse(literal(float(self.compiled.build(plan.node.path, params=[_PARAMETER]).defaults["lr"])))
        if len(plan.schedule) == 1:
            factor = f"{names.schedule}.factor(moment, args.epochs)"
        else:
            chained = self.parts.use(_CHAINED)
            self.imported.add(chained)
            factor = f"{chained}({names.schedule}, moment, args.epochs)"
        return [f"for group in {names.optimizer}.param_groups:", f'    group["lr"] = {rate} * {factor}']

    def _judge(self) -> list[str]:
        """What happens at the end of an epoch."""
        plan = self.plan
        better = plan.higher_is_better(plan.watched)
        for node in plan.stopping[:1]:
            strategy = self.compiled.build(node.path)
            strategy.watch(better)
            better = strategy.higher_is_better
        lines = [
            'history.append({"epoch": epoch + 1, "train": train, "valid": valid})',
            '(HERE / "history.json").write_text(json.dumps(history, indent=1))',
            'print(f"epoch {epoch + 1}: train {written(train)}; valid {written(valid)}", flush=True)',
            f"value = valid[{plan.watched!r}]",
            f"if best is None or value {'>' if better else '<'} best:",
            "    best = value",
            '    save_file(model.state_dict(), HERE / "trained.safetensors")',
        ]
        checks = []
        for number, node in enumerate(plan.stopping):
            checks.append(f"stopping{number or ''}.update(valid[{node.inputs['metric'][0][0]!r}])")
        if checks:
            # Every strategy sees every epoch.
            lines += [f"stop = [{', '.join(checks)}]", "if any(stop):", "    break"]
        return lines


_WRITTEN = '''
def written(figures: dict[str, float]) -> str:
    """Figures for the screen."""
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())


'''


@dataclass(frozen=True)
class _OptimizerNames:
    parameters: str
    optimizer: str
    schedule: str


_PARAMETER = torch.nn.Parameter(torch.zeros(1))
"""Stands for the parameters of an optimizer whose construction is read."""
_CHAINED = Symbol("components.schedule._base", "chained_factor")


def _not_scripted(node: FlatNode) -> ExportError:
    return ExportError(
        f"{node.path}: what this transform measures cannot be written as a script, as its input is computed by more "
        "than a chain of layers.",
        f"{node.path}：该变换的统计无法写入脚本，因为其输入不是由层的链条直接得到。",
        node.path,
    )


def _constants(plan: TrainingPlan) -> str:
    return (
        f"HERE = Path(__file__).parent\nSEED = {plan.seed}\nEPOCHS = {plan.epochs}\n"
        f"BATCH_SIZE = {plan.settings.batch_size}\n"
        f"EVALUATION_BATCH_SIZE = {evaluation_batch(plan.compiled, plan.settings)}\n"
    )


def _indented(lines: Iterable[str], spaces: int) -> list[str]:
    return [" " * spaces + line for line in lines]


def _optimizer_call(compiled: Compiled, plan: OptimizerPlan) -> Construction:
    """How the optimizer of a node is made, with its rate always said."""
    found = record(lambda: compiled.build(plan.node.path, params=[_PARAMETER]))
    kept = [Argument(a.keyword, a.value, MISSING if a.hint == "lr" else a.default, a.hint) for a in found.arguments]
    return Construction(found.target, kept)

"""Writes ``train.py`` of a project: an explicit PyTorch loop that does what the graph says, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from builder.compiler import End
from builder.compiler.inference import arguments
from builder.export.averaging_script import AveragingWriter
from builder.export.computing import Scribe
from builder.export.constructors import MISSING, Argument, Construction, construction, is_plain_builder, record
from builder.export.errors import ExportError
from builder.export.evaluation_script import EvaluationWriter
from builder.export.generate_script import write_generate
from builder.export.layout import demand
from builder.export.library import Library, Symbol, definition
from builder.export.loading import Loading
from builder.export.model import ModelSource
from builder.export.scopes import Scope
from builder.export.script import LOCALS, Both, Script, construction_source, library_of, script_text, symbol_of
from builder.export.step_script import OptimizerNames, StepWriter
from builder.export.text import Names, indented
from builder.export.training import OptimizerPlan, TrainingPlan
from builder.graph import FlatNode
from builder.train.evaluation import higher_is_better, latest_is_best
from builder.train.follow import followers
from components import registry

PARAMETER = torch.nn.Parameter(torch.zeros(1, 1))
"""Stands for the parameters of an optimizer whose construction is read."""
CHAINED = Symbol("components.schedule._base", "chained_factor")
ROOTS = [
    "forward", "update", "compute", "factor", "watch", "fit", "length", "batches", "choose", "relabel", "follow",
    "averaged",
]  # fmt: skip


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
    return TrainWriter(plan, model, title, ships_initial).scripts()


class TrainWriter:
    """Writes the scripts of one training."""

    def __init__(self, plan: TrainingPlan, model: ModelSource, title: str, ships_initial: bool) -> None:
        self.plan, self.model, self.title, self.ships_initial = plan, model, title, ships_initial
        self.compiled, self.layout = plan.compiled, plan.layout
        self.averaging = AveragingWriter(self)
        nodes = self._nodes()
        taken = [*LOCALS, model.name, *self._constants_taken()]
        symbols = [symbol_of(node.component.factory) for node in nodes]
        symbols += [symbol_of(type(self.optimizer(o))) for o in plan.optimizers]
        symbols += [
            symbol_of(registry.get(s.sampler["component"]).factory) for s in plan.settings.values() if s.sampler
        ]
        symbols += [symbol_of(p.component.factory) for o in plan.optimizers for p in o.step.penalties]
        if self.chains():
            symbols.append(CHAINED)
        parts = library_of([s for s in symbols if s.ours], ROOTS, taken)
        for node in nodes:
            if node.component.form == "class":
                parts.object(node.component.factory)
        library = Library(Names([*taken, *parts.defined]))
        for module in ("argparse", "json", "torch"):
            library.use(Symbol(module, ""))
        library.use(Symbol("pathlib", "Path"))
        library.use(Symbol("safetensors.torch", "save_file"))
        self.library = Both(library, parts)
        functions = [node.component.factory.__name__ for node in self.compiled.flat.nodes.values()]
        self.names = Names(
            [*library.names.taken, *parts.names.taken, *functions, *self._data_names(), *self._names_taken()]
        )
        self.scribe = Scribe(self.layout, model, self.library, self.names, self._logged_ends())
        self.loading = Loading(plan, self.library, self.made_component)
        self.step = StepWriter(self)
        self.regularizers = {
            id(penalty): self.names.new(penalty.component.id.removeprefix("reg_"))
            for plan in plan.optimizers
            for penalty in plan.step.penalties
        }
        self.module_names = {id(module): name for name, module in self.compiled.root.named_modules()}

    def _constants_taken(self) -> list[str]:
        sizes = [f"{self._upper(path)}BATCH_SIZE" for path in self.plan.settings]
        return [
            "SEED",
            "EPOCHS",
            "HERE",
            "load_data",
            "evaluate",
            "written",
            *sizes,
            *(f"EVALUATION_{s}" for s in sizes),
        ]

    def _upper(self, path: str) -> str:
        return "" if len(self.plan.settings) == 1 else f"{path.replace('/', '_').upper()}_"

    def _data_names(self) -> list[str]:
        words = [path.replace("/", "_") for path in self.plan.settings]
        return [
            f"{w}{tail}"
            for w in words
            for tail in ("", "_train", "_valid", "_batches", "_indices", "_batch", "_samples")
        ]

    def _names_taken(self) -> list[str]:
        found = []
        for number in range(len(self.plan.optimizers)):
            names = self.names_of(number)
            found += [names.parameters, names.optimizer, names.schedule, names.acts, names.total, names.penalty]
        found += self.averaging.LOCALS * bool(self.averaging.optimizers)
        return [name for name in found if name.isidentifier()]

    def _nodes(self) -> list[FlatNode]:
        """The nodes that the scripts make or call themselves, without those of the model."""
        plan, flat = self.plan, self.compiled.flat
        nodes = [*plan.metrics, *plan.stopping, *plan.rounds, *(flat.nodes[p] for p in sorted(self.layout.outside))]
        nodes += [flat.nodes[path] for chain in self.chains(1) for path in chain]
        for id, item in self.layout.view.items.items():
            if (
                not isinstance(item, Scope)
                and item.owner is None
                and not (self.layout.whole and id in self.layout.inside)
            ):
                nodes.append(item.node)
        return list({node.path: node for node in nodes}.values())

    def chains(self, least: int = 2) -> list[Sequence[str]]:
        """The chains of schedules with at least so many."""
        chains = [o.schedule for o in self.plan.optimizers] + [chain for _, chain in self._followers()]
        return [chain for chain in chains if len(chain) >= least]

    def _followers(self) -> list[tuple[str, Sequence[str]]]:
        """The modules whose strength follows a schedule, by path, with the paths of the schedules."""
        found = followers(self.compiled)
        return [(path, chain) for path, chain in found.items() if path in self.layout.constructed]

    def _logged_ends(self) -> dict[End, str]:
        found = {}
        for plan in self.plan.optimizers:
            found |= dict(zip(plan.step.losses, plan.step.names, strict=False))
        for group in self.plan.groups:
            for name, ends in group.wanted.items():
                if len(ends) == 1 and self.compiled.flat.nodes[ends[0][0]].component.kind == "loss":
                    found.setdefault(ends[0], name)
        return found

    # -------------------------------------------------------------- the pieces

    def made(self, node: FlatNode, library: Both | None = None) -> str:
        """The expression that makes what stands at a node."""
        values = self.compiled.analysis.values[node.path]
        return self.made_component(node.component.id, values, library)

    def made_component(self, id: str, values: dict[str, Any], library: Both | None = None) -> str:
        """The expression that makes a component, in this script or in another that shares its parts."""
        component = registry.get(id)
        factory = component.factory
        plain = component.form == "builder" and is_plain_builder(definition(symbol_of(factory)).tree)
        made = record(lambda: registry.create(id, **values)) if plain else construction(factory, values)
        return construction_source(made, (library or self.library).object)

    def scripts(self) -> dict[str, Script]:
        main = self._main()
        evaluate = EvaluationWriter(self.plan, self.scribe, self.loading, self.library).function()
        modules = "".join(
            f"{name} = {self.made(self.compiled.flat.nodes[path])}\n"
            for path, name in self.scribe.modules.items()
            if self.compiled.flat.nodes[path].component.kind == "loss"
        )
        modules += "".join(
            f"{self.regularizers[id(p)]} = {self.made_component(p.component.id, dict(p.params))}\n"
            for plan in self.plan.optimizers
            for p in plan.step.penalties
        )
        modules += "".join(f"{line}\n" for line in self.loading.samplers())
        body = [*self.step.follow(), _WRITTEN, *self.loading.functions(), *self._look(), evaluate]
        own = f"from data import {', '.join(sorted(self.loading.loaders))}\nfrom model import {self.model.name}\n"
        if self.library.imported:
            own += f"from parts import {', '.join(sorted(self.library.imported))}\n"
        which = "latest" if self._keeps_latest() else "best"
        summary = f"Trains {self.title} and keeps the weights of the {which} epoch in trained.safetensors."
        note = "The weights, the order of the samples and everything random follow from SEED."
        head = self._constants() + (f"\n{modules}" if modules else "")
        text = script_text(f"{summary}\n\n{note}", self.library.own, own, head, "\n\n".join(body), main)
        found = {"train.py": Script(text)}
        if self.plan.views:
            found["generate.py"] = write_generate(self)
        if self.library.parts.defined:
            doc = f"The losses, metrics and schedules of {self.title}."
            found["parts.py"] = Script(script_text(doc, self.library.parts, self.library.parts.definitions()))
        return found

    def _constants(self) -> str:
        plan = self.plan
        lines = ["HERE = Path(__file__).parent", f"SEED = {plan.seed}", f"EPOCHS = {plan.epochs}"]
        return "\n".join([*lines, *self.loading.constants()]) + "\n"

    # -------------------------------------------------------------- the loop

    def _main(self) -> str:
        plan, torch_ = self.plan, self.library.own.torch
        metrics = ", ".join(f"{n.path!r}: {self.made(n)}" for n in plan.metrics)
        logged = list(dict.fromkeys(name for o in plan.optimizers for name in o.step.names))
        apart = self.counts_apart()
        lines = [
            "def main() -> None:",
            "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
            '    parser.add_argument("--epochs", type=int, default=EPOCHS)',
            '    parser.add_argument("--steps", type=int, help="end every epoch after so many steps, for a quick try")',
            "    args = parser.parse_args()",
            f'    device = {torch_}.accelerator.current_accelerator(check_available=True) or {torch_}.device("cpu")',
            "",
            *indented(self.loading.load(), 4),
            "",
            f"    {torch_}.manual_seed(SEED)",
            f"    model = {self.model.name}().to(device)",
            *self._initial(),
            f"    metrics = {{{metrics}}}",
            *indented(self._optimizers(), 4),
            *indented(self._schedules(), 4),
            *self._stopping(),
            "",
            f"    {torch_}.manual_seed(SEED)  # what is random in the training starts here",
            *self._fits(),
            *indented(self.loading.prepare(self.follows_time()), 4),
            *indented(self._choosing(), 4),
            "    history = []" if self._keeps_latest() else "    best, history = None, []",
            *["    number = 0  # of steps"] * self.counts_steps(),
            *indented(self.step.waiting(), 4),
            "    for epoch in range(args.epochs):",
            f"        totals, seen = dict.fromkeys({logged!r}, 0.0), 0"
            if not apart
            else f"        totals = dict.fromkeys({logged!r}, 0.0)\n        seen = dict.fromkeys(totals, 0)",
            *indented(self.loading.loop(), 8),
            *indented(self.step.lines(), 12),
            "        train = {name: total / seen for name, total in totals.items()}"
            if not apart
            else "        train = {name: total / seen[name] for name, total in totals.items() if seen[name]}",
            *indented(self.followed("epoch + 1"), 8),
            *indented(self.averaging.judged(self._judge()), 8),
            *indented(self._rounds(), 8),
            "",
            "",
            'if __name__ == "__main__":',
            "    main()",
        ]
        return "\n".join(lines) + "\n"

    def counts_apart(self) -> bool:
        """Whether figures are means over steps of their own."""
        return any(not o.step.always for o in self.plan.optimizers)

    def counts_steps(self) -> bool:
        return any(o.step.every > 1 for o in self.plan.optimizers)

    def _initial(self) -> list[str]:
        if not self.ships_initial:
            return []
        load_file = self.library.own.use(Symbol("safetensors.torch", "load_file"))
        return [
            f'    model.load_state_dict({load_file}(HERE / "initial.safetensors"))  # the weights of the first step'
        ]

    # -------------------------------------------------------------- optimizers

    def optimizer(self, plan: OptimizerPlan) -> torch.optim.Optimizer:
        return self.compiled.build(plan.node.path, params=[PARAMETER])

    def names_of(self, number: int) -> OptimizerNames:
        plan = self.plan.optimizers[number]
        if len(self.plan.optimizers) == 1:
            whole = self._parameters(plan)
            parameters = "parameters" if "[" in whole or plan.step.accumulate > 1 else whole
            acts = "" if plan.step.always else "acts"
            return OptimizerNames(parameters, "optimizer", "schedule", acts, "total", "penalty")
        path = plan.node.path.replace("/", "_")
        acts = "" if plan.step.always else f"{path}_acts"
        optimizer = path if "opt" in path else f"{path}_optimizer"
        total = f"{path}_loss" if "loss" not in path else path
        return OptimizerNames(f"{path}_parameters", optimizer, f"{path}_schedule", acts, total, f"{path}_penalty")

    def _optimizers(self) -> list[str]:
        lines = []
        for number, plan in enumerate(self.plan.optimizers):
            names = self.names_of(number)
            if names.parameters != self._parameters(plan):
                lines.append(f"{names.parameters} = {self._parameters(plan)}")
            made = self._optimizer_call(plan)
            given = names.parameters
            if plan.node.settings.get("decay", "all") == "weights":
                given = (
                    f'[{{"params": [p for p in {given} if p.dim() > 1]}}, '
                    f'{{"params": [p for p in {given} if p.dim() < 2], "weight_decay": 0.0}}]'
                )
            source = construction_source(made, self.library.object, {id(PARAMETER): given})
            lines.append(f"{names.optimizer} = {source}")
        return lines

    def _optimizer_call(self, plan: OptimizerPlan) -> Construction:
        """How the optimizer of a node is made, with its rate always said."""
        found = record(lambda: self.optimizer(plan))
        kept = [Argument(a.keyword, a.value, MISSING if a.hint == "lr" else a.default, a.hint) for a in found.arguments]
        return Construction(found.target, kept)

    def _parameters(self, plan: OptimizerPlan) -> str:
        if plan.prefixes is None:
            return "model.parameters()"
        modules = [p for p in plan.prefixes if p.endswith(".")]
        if len(plan.prefixes) == 1 and modules:
            return f"list(model.{modules[0]}parameters())"
        return f"[{', '.join(f'*model.{p}parameters()' if p in modules else f'model.{p}' for p in plan.prefixes)}]"

    def penalty(self, plan: OptimizerPlan) -> str:
        """The expression of what the weights pay that an optimizer trains."""
        terms = []
        for penalty in plan.step.penalties:
            name, held = self.regularizers[id(penalty)], penalty.weights
            weights = [f"model.{self.module_names[id(w.module)]}.{w.name}" for w in held]
            if len(weights) == 1 or penalty.component.variadic:
                terms.append(f"{name}({', '.join(weights)})")
            else:
                terms.append(f"sum({name}(w) for w in [{', '.join(weights)}])")
        return " + ".join(terms)

    def _schedules(self) -> list[str]:
        lines = []
        for number, plan in enumerate(self.plan.optimizers):
            if plan.schedule:
                lines.append(f"{self.names_of(number).schedule} = {self._chain(plan.schedule)}")
        for path, chain in self._followers():
            lines.append(f"{self._follower(path)} = {self._chain(chain)}")
        return lines

    def _follower(self, path: str) -> str:
        return f"{path.replace('/', '_')}_schedule"

    def _chain(self, paths: Sequence[str]) -> str:
        made = [self.made(self.compiled.flat.nodes[path]) for path in paths]
        return made[0] if len(made) == 1 else f"[{', '.join(made)}]"

    def factor(self, schedule: str, chain: Sequence[str], moment: str) -> str:
        if len(chain) == 1:
            return f"{schedule}.factor({moment}, args.epochs)"
        return f"{self.library.use(CHAINED)}({schedule}, {moment}, args.epochs)"

    def followed(self, moment: str) -> list[str]:
        """Tells the modules that follow a schedule where the training stands."""
        return [
            f"{self.scribe.target(path)}.follow({self.factor(self._follower(path), chain, moment)})"
            for path, chain in self._followers()
        ]

    def _stopping(self) -> list[str]:
        lines = []
        for number, node in enumerate(self.plan.stopping):
            better = higher_is_better(self.compiled.flat, self.plan.watches(node))
            lines += [f"    stopping{number or ''} = {self.made(node)}", f"    stopping{number or ''}.watch({better})"]
        return lines

    def _fits(self) -> list[str]:
        """What transforms measure on the training data."""
        if not self.plan.fits:
            return []
        torch_ = self.library.own.torch
        lines = [
            f"    with {torch_}.no_grad():  # what the transforms measure on the training data",
            "        model.eval()",
            *indented(self.loading.everything(self._measured_sets()), 8),
        ]
        for node in self.plan.fits:
            if node.path not in self.layout.constructed:
                raise _not_scripted(node)
            given = [self._measured(end) for ends in self.compiled.sources(node.path).values() for end in ends]
            lines.append(f"        {self.scribe.target(node.path)}.fit({', '.join(given)})")
        return [*lines, "        model.train()"]

    def _measured_sets(self) -> list[str]:
        ends = [e for n in self.plan.fits for ends in self.compiled.sources(n.path).values() for e in ends]
        paths = self.compiled.ancestors(ends)
        return [p for p in paths if self.compiled.flat.nodes[p].component.kind == "dataset"]

    def _measured(self, end: End) -> str:
        """A value on the whole training split, made by a chain of transforms."""
        path, port = self.compiled.passed(end)
        node = self.compiled.flat.nodes[path]
        if node.component.kind == "dataset":
            return f'{self.loading.whole(path)}["{port}"].to(device)'
        if path not in self.layout.constructed or len(node.component.outputs) != 1:
            raise _not_scripted(node)
        args, kwargs = arguments(node.component, self.compiled.sources(path))
        given = [self._measured(e) if e else "None" for e in args]
        given += [f"{k}={self._measured(e)}" for k, e in kwargs.items()]
        return f"{self.scribe.target(path)}({', '.join(given)})"

    def follows_time(self) -> bool:
        rises = any(average.rise == "cosine" for average in self.compiled.averages)
        return bool(self.chains(1)) or rises or bool(self.averaging.optimizers)

    # -------------------------------------------------------------- the end of an epoch

    def _keeps_latest(self) -> bool:
        """Whether nothing says which epoch is best."""
        return latest_is_best(self.compiled)

    def _judge(self) -> list[str]:
        """What happens at the end of an epoch."""
        plan = self.plan
        better = higher_is_better(self.compiled.flat, plan.watched)
        for node in plan.stopping[:1]:
            strategy = self.compiled.build(node.path)
            strategy.watch(better)
            better = strategy.higher_is_better
        lines = [
            f"valid = evaluate(model, metrics, {', '.join(self.loading.valid())}, device)",
            'history.append({"epoch": epoch + 1, "train": train, "valid": valid})',
            '(HERE / "history.json").write_text(json.dumps(history, indent=1))',
            'print(f"epoch {epoch + 1}: train {written(train)}; valid {written(valid)}", flush=True)',
        ]
        save = 'save_file(model.state_dict(), HERE / "trained.safetensors")'
        if self._keeps_latest():
            lines.append(f"{save}  # no loss of several says which epoch is best")
        else:
            lines += [
                f"value = valid[{plan.watched!r}]",
                f"if best is None or value {'>' if better else '<'} best:",
                "    best = value",
                f"    {save}",
            ]
        checks = [
            f"stopping{number or ''}.update(valid[{plan.watches(node)!r}])" for number, node in enumerate(plan.stopping)
        ]
        if checks:
            # Every strategy sees every epoch.
            lines += [f"stop = [{', '.join(checks)}]", "if any(stop):", "    break"]
        return lines

    def _choosing(self) -> list[str]:
        """The strategy that chooses data from round to round."""
        lines = []
        for node in self._single_round():
            lines.append(f"strategy = {self.made(node)}")
            lines += self.loading.start(node, self.loading.relabels(node))
        return lines

    def _rounds(self) -> list[str]:
        return [
            line
            for node in self._single_round()
            for line in self.loading.round(node, "strategy", self.loading.relabels(node), self.follows_time())
        ]

    def _look(self) -> list[str]:
        """The function by which it sees the samples."""
        found = []
        for node in self._single_round():
            ends = {port: ends[0] for port, ends in self.compiled.sources(node.path).items()}
            d = demand(self.compiled, ends.values())
            raw = self.scribe.data_of(d)
            names = self.scribe.read(raw)
            lines = [line for piece in self.scribe.pieces(d) for line in piece.lines]
            values = {port: self.scribe.value(end, d) for port, end in ends.items()}
            found.append(self.loading.look(raw, names, lines, values))
        return found

    def _single_round(self) -> list[FlatNode]:
        if len(self.plan.rounds) > 1:
            node = self.plan.rounds[1]
            raise ExportError(
                f"{node.path}: a script with several strategies that choose data cannot be written.",
                f"{node.path}：含有多个数据选择策略的脚本无法写出。",
                node.path,
            )
        return self.plan.rounds


_WRITTEN = '''
def written(figures: dict[str, float]) -> str:
    """Figures for the screen."""
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
'''


def _not_scripted(node: FlatNode) -> ExportError:
    return ExportError(
        f"{node.path}: what this transform measures cannot be written as a script, as its input is computed by more "
        "than a chain of layers.",
        f"{node.path}：该变换的统计无法写入脚本，因为其输入不是由层的链条直接得到。",
        node.path,
    )

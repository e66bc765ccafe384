"""What a demand computes as lines of a script: the model as a whole, or its parts one after the other."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from builder.compiler import End
from builder.compiler.names import target_of
from builder.export.calls import Calls, Unit, units
from builder.export.errors import ExportError
from builder.export.layout import WHOLE, Demand, Layout, leaves_of, reads
from builder.export.model import ModelSource
from builder.export.scopes import Key, Leaf, Scope, Value, resolve
from builder.export.script import Both
from builder.export.templates import GENERIC_PORTS
from builder.export.text import Names


@dataclass(frozen=True)
class Piece:
    """The lines of one call, with the items that it computes."""

    items: tuple[str, ...]
    lines: tuple[str, ...]
    plain: bool
    """Whether nobody differentiates it."""


class Scribe:
    """Writes computations of one script; a value has the same name in all of them.

    Args:
        layout: what is computed where.
        model: the model's file.
        library: the functions and classes of the script's parts.
        names: those that are taken.
        logged: values that are figures.
    """

    def __init__(self, layout: Layout, model: ModelSource, library: Both, names: Names, logged: Iterable[End]) -> None:
        self.layout, self.model, self.library, self.names = layout, model, library, names
        self.compiled, self.view = layout.compiled, layout.view
        self.modules = {path: names.new(self._module_name(path)) for path in sorted(layout.outside)}
        """The variables of modules that hang in no class, by path."""
        self.variables: dict[Value, str] = {}
        self.stand_ins: dict[Value, End] = {}
        logged = list(logged)
        ports = [port for _, port in logged]
        for end in logged:
            wanted = end[0].rpartition("/")[2] if end[1] == "loss" or ports.count(end[1]) > 1 else end[1]
            value = resolve(self.view, end)
            if value not in self.variables:
                self.variables[value] = names.new("loss" if len(logged) == 1 else wanted)
        results = layout.results if layout.whole else []
        for end in results:
            value = resolve(self.view, end)
            if value not in self.variables:
                self.variables[value] = names.new("prediction" if len(results) == 1 else self._wanted(value))

    def _module_name(self, path: str) -> str:
        kinds = [self.compiled.flat.nodes[p].component.kind for p in self.layout.outside]
        if self.compiled.flat.nodes[path].component.kind == "loss":
            return "criterion" if kinds.count("loss") == 1 else f"{path.replace('/', '_')}_criterion"
        return f"{path.replace('/', '_')}_view"

    # -------------------------------------------------------------- data

    def read(self, ends: Sequence[End]) -> list[str]:
        """The variables of data ports."""
        ports = [port for _, port in ends]
        for path, port in ends:
            value = Value("", ("", path, port))
            if value not in self.variables:
                alone = ports.count(port) == 1
                self.variables[value] = self.names.new(port if alone else f"{path.replace('/', '_')}_{port}")
        return [self.variables[Value("", ("", *end))] for end in ends]

    def data_of(self, *demands: Demand) -> list[End]:
        """The data ports that computations read, in the order of the data sets."""
        wanted = {v.key[1:] for d in demands for v in self._inputs(d)}
        nodes = self.compiled.flat.nodes
        sets = [path for path in self.compiled.analysis.order if nodes[path].component.kind == "dataset"]
        return [
            (path, port) for path in sets for port in self.compiled.report.nodes[path].outputs if (path, port) in wanted
        ]

    def _inputs(self, d: Demand) -> list[Value]:
        found = [self.resolved(resolve(self.view, end), d) for end in d.ends]
        for name in self.layout.sequence(d):
            if name == WHOLE:
                found += [Value("", ("", *end)) for end in self.model.arguments]
            else:
                found += [self.resolved(v, d) for v in reads(self.view.items[name])]
        return [value for value in found if not value.item]

    # -------------------------------------------------------------- values

    def resolved(self, value: Value, d: Demand) -> Value:
        return self.layout.resolved(value, d.phase, optional=not self.layout.whole)

    def value(self, end: End, d: Demand) -> str:
        """The variable of a value in a computation."""
        return self.variable(self.resolved(resolve(self.view, end), d))

    def sum_of(self, ends: Sequence[End], d: Demand) -> str:
        """The sum of several values, or the only one."""
        terms = [self.value(end, d) for end in ends]
        return terms[0] if len(terms) == 1 else f"{self.library.own.torch}.stack([{', '.join(terms)}]).sum()"

    def variable(self, value: Value) -> str:
        if value not in self.variables:
            self.variables[value] = self.names.new(self._wanted(value))
        return self.variables[value]

    def _wanted(self, value: Value) -> str:
        """A name for a value: what its port is called, or the one who reads it; else the node's."""
        item, port = self.view.items[value.item], value.key[-1 if value.key[0] == "" else 0]
        id = value.item.rpartition("/")[2]
        readers = [
            name
            for other in self.view.items.values()
            for name, values in (
                other.inputs.items() if isinstance(other, Leaf) else ((key[0], [v]) for key, v in other.inputs.items())
            )
            if value in values
        ]
        if len(item.live) > 1 and isinstance(item, Leaf):
            return f"{id}_{port}"
        words = [
            w
            for w in (port, *dict.fromkeys(readers))
            if w not in (*GENERIC_PORTS, "loss") and w not in self.names and w
        ]
        called = (isinstance(item, Scope) and not item.owner) or (isinstance(item, Leaf) and item.owner == item.path)
        return words[0] if words else f"{id}_output" if called else id

    # -------------------------------------------------------------- lines

    def pieces(self, d: Demand, no_grad: Collection[str] = (), before: Collection[str] = ()) -> list[Piece]:
        """The calls of a computation, in their order; ``before`` are paths that were computed earlier in the step."""
        self.stand_ins = {resolve(self.view, end): end for end in d.absent if end[0] not in before}
        names = self.layout.sequence(d)
        wanted = self.layout.trace(d, optional=not self.layout.whole)
        calls = Calls(
            self.layout, self.library, self.view, "model", outside=self.modules, resolved=lambda v: self.resolved(v, d)
        )
        unit_of = {id: unit for unit in units(self.view) for id in unit.items}
        found: list[Piece] = []
        done: set[str] = set()
        for name in names:
            if name == WHOLE:
                inside = tuple(id for id in self.view.items if id in self.layout.inside)
                found.append(Piece(inside, (self._whole(),), self._is_plain(inside, no_grad)))
            elif name not in done:
                unit = unit_of[name]
                if not (unit.repeated and unit.chain and all(id in wanted for id in unit.items)):
                    unit = Unit([name])
                done |= set(unit.items)
                items = tuple(unit.items)
                found.append(Piece(items, tuple(self._call(calls, unit, wanted)), self._is_plain(items, no_grad)))
        return found

    def _is_plain(self, items: Iterable[str], no_grad: Collection[str]) -> bool:
        return all(leaf.path in no_grad for id in items for leaf in leaves_of(self.view.items[id]) if leaf.live)

    def _whole(self) -> str:
        given = self.read(list(self.model.arguments))
        results = [self.variable(resolve(self.view, end)) for end in self.layout.results]
        return f"{', '.join(results)} = model({', '.join(given)})"

    def _call(self, calls: Calls, unit: Unit, wanted: dict[str, set[Key]]) -> list[str]:
        lines: list[str] = []
        for step in calls.steps(unit, wanted):
            names = {v: self.variable(self._present(v, step.reads)) for v in step.reads}
            statements = step.emit(names, [None if v is None else self.variable(v) for v in step.writes])
            lines += [line for made in statements for line in ast.unparse(made).splitlines()]
        return lines

    def _present(self, value: Value, others: Sequence[Value]) -> Value:
        """The value itself, or where it is absent, because nothing depends on it, one of the same form."""
        if value not in self.stand_ins:
            return value
        nodes = self.compiled.report.nodes
        path, port = self.stand_ins[value]
        for other in others:
            end = self.view.origins[other]
            if other not in self.stand_ins and nodes[end[0]].outputs[end[1]] == nodes[path].outputs[port]:
                return other
        raise ExportError(
            f"The value '{path}.{port}' is not computed where a loss of several outputs reads it: such a step cannot be "
            "written as a script.",
            f"多输出损失所读取的值“{path}.{port}”此时并未计算：这样的步骤无法写入脚本。",
            path,
        )

    def block(self, pieces: Sequence[Piece]) -> list[str]:
        """The lines of pieces; those that nobody differentiates stand first, without gradients."""
        lines: list[str] = []
        plain = [piece for piece in pieces if piece.plain]
        if plain and pieces[: len(plain)] == plain:
            lines = ["with torch.no_grad():", *(f"    {line}" for piece in plain for line in piece.lines)]
            pieces = pieces[len(plain) :]
        return lines + [line for piece in pieces for line in piece.lines]

    def target(self, path: str) -> str:
        """The expression of the module at a path of the model."""
        return f"model.{target_of(path)}"

"""One scope as the body of a class: its constructor and its forward as syntax trees, with holes where values go.

Uses of a block that differ in nothing but the holes become one class, whose constructor takes what differs.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from builder.compiler.inference import build
from builder.compiler.names import target_of
from builder.export.calls import Calls, Step, Unit, expression, in_node, statement, units
from builder.export.constructors import MISSING, Argument, Construction, construction, is_plain_builder, record
from builder.export.layout import Layout, passing
from builder.export.library import Library, Symbol, definition
from builder.export.scopes import Key, Leaf, Reference, Scope, Value, values_of, view
from builder.export.text import Names, literal
from components import registry
from components.tensor_spec import TensorSpec

GENERIC_PORTS = frozenset({"x", "xs", "y", "a", "b"})
"""Ports whose names say nothing about what they take."""


@dataclass(frozen=True)
class Hole:
    """A parameter's value at one place. ``keyword`` says that it may be left out where it equals ``default``."""

    value: Any
    hint: str
    default: Any = MISSING
    keyword: bool = False

    @property
    def key(self) -> str:
        return f"{type(self.value).__name__} {self.value!r}"


@dataclass(frozen=True)
class Line:
    """A statement with the shapes of what it makes, by name, for its comment."""

    statement: ast.stmt
    shapes: Sequence[tuple[str, TensorSpec]] = ()


@dataclass(frozen=True)
class ClassUse:
    """How a scope constructs one of the blocks within it: a class of the file and the arguments."""

    name: str
    values: Mapping[str, Any]


@dataclass
class Template:
    """The class body of one scope."""

    scope: Scope
    inits: list[ast.stmt] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    """Those of the arguments that are modules."""
    lines: list[Line] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    shapes: list[TensorSpec | None] = field(default_factory=list)
    """Of the arguments that are tensors; None where nobody knows."""
    has_forward: bool = False
    holes: list[Hole] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for the scopes that one class can stand for."""
        statements = [*self.inits, *(line.statement for line in self.lines)]
        return *map(ast.dump, statements), *self.arguments, "->", *self.results


class Writer(Calls):
    """Writes the template of one scope.

    Args:
        layout: what is computed where.
        library: where imports and inlined definitions go.
        blocks: the class of each inner scope, by its prefix.
    """

    def __init__(self, layout: Layout, library: Library, blocks: Mapping[str, ClassUse], scope: Scope) -> None:
        self.blocks, self.own, self.file = blocks, scope, library
        seen = view(scope) if scope.block else layout.view
        super().__init__(layout, library, seen, resolved=lambda v: passing(seen, v, scope.phase))

    def template(self, inputs: Mapping[Key, str]) -> Template:
        """The template of a scope; ``inputs`` are the wanted names of what comes in, in their order."""
        self.made = Template(self.own)
        self.constructed: set[str] = set()
        self.closing: list[ast.stmt] = []
        for unit in units(self.own):
            self._construct(unit)
        self.made.inits += self.closing
        if not self.own.block:
            self._forward(self.layout.forward_items, inputs)
        elif self.own.called or not self.own.open:
            self._forward({id: item.live for id, item in self.scope.items.items() if item.live}, inputs)
        return self.made

    def hole(self, value: Any, hint: str, default: Any = MISSING, keyword: bool = False) -> ast.expr:
        literal(value)  # raises where it cannot be written
        self.made.holes.append(Hole(value, hint, default, keyword))
        return ast.Name(f"__hole_{len(self.made.holes) - 1}__", ast.Load())

    # ------------------------------------------------------------------ __init__

    def _construct(self, unit: Unit) -> None:
        ids = [id for id in unit.items if id not in self.constructed]
        if len(ids) < len(unit.items):
            return
        item = self.own.items[ids[0]]
        owner = self._owner_beside(item)
        if owner:  # a sharer may stand before the owner of its module
            found = next((u for u in units(self.own) if owner in u.items), None)
            if found and unit.items[0] not in found.items:
                self._construct(found)
                self.constructed |= set(unit.items)
                return
        if (isinstance(item, Leaf) and item.owner != item.path) or (isinstance(item, Scope) and item.owner):
            return
        self.constructed |= set(ids)
        if unit.repeated:
            self._construct_stack(unit)
        elif isinstance(item, Scope):
            place = self._place(ids[0])
            self._assign(place, self._use(item))
            self._settle(item, f"self.{place}")
        else:
            self._construct_leaf(item, self._place(ids[0]))

    def _owner_beside(self, item: Leaf | Scope) -> str:
        """The item of this scope that holds the module which an item uses."""
        if isinstance(item, Leaf):
            return next((i for i, o in self.own.items.items() if isinstance(o, Leaf) and o.path == item.owner), "")
        return next((i for i, o in self.own.items.items() if isinstance(o, Scope) and o.prefix == item.owner), "")

    def _place(self, id: str) -> str:
        item = self.own.items[id]
        path = item.prefix if isinstance(item, Scope) else item.path
        return target_of(path.rstrip("/").removeprefix(self.own.prefix))

    def _assign(self, attribute: str, value: ast.expr) -> None:
        target = ast.Attribute(ast.Name("self", ast.Load()), attribute, ast.Store())
        self.made.inits.append(ast.fix_missing_locations(ast.Assign([target], value)))

    def _use(self, scope: Scope) -> ast.expr:
        use = self.blocks[scope.prefix]
        values = [Argument("" if i < 2 else name, v, MISSING, name) for i, (name, v) in enumerate(use.values.items())]
        return self._call(use.name, values)

    def _construct_stack(self, unit: Unit) -> None:
        """Copies of a block: one line where they are all alike, else one entry each."""
        scopes = [item for id in unit.items if isinstance(item := self.own.items[id], Scope)]
        uses = [self.blocks[s.prefix] for s in scopes]
        container = self._place(unit.items[0]).rpartition(".")[0]
        keys = [self._place(id).rpartition(".")[2] for id in unit.items]
        entries: ast.expr
        if all(use == uses[0] for use in uses):
            entries = expression(f'{{f"n{{i}}": None for i in range({len(keys)})}}')
            entries.value = self._use(scopes[0])  # type: ignore[attr-defined]
        else:
            entries = ast.Dict([ast.Constant(key) for key in keys], [self._use(s) for s in scopes])
        if unit.chained:
            entries = ast.Call(expression(self.library.use(Symbol("collections", "OrderedDict"))), [entries], [])
        kind = "Sequential" if unit.chained else "ModuleDict"
        self._assign(container, ast.Call(expression(f"{self.file.nn}.{kind}"), [entries], []))
        owner = scopes[0].twin.removesuffix("/").rpartition("/")[0]
        self._settle(scopes[0], f"self.{container}", f"{owner}/" if owner else "")

    def _construct_leaf(self, leaf: Leaf, attribute: str) -> None:
        module = self.compiled.module(leaf.path)
        call = in_node(leaf.path, lambda: self.constructor(leaf))
        self._assign(attribute, call)
        place = f"self.{attribute}"
        settings = leaf.node.settings
        if init := settings.get("init"):
            entry = registry.get(init["component"])
            values, _ = entry.check(init.get("params", {}))
            fill = self._construction(construction(entry.factory, values), holes=False)
            if getattr(entry.factory, "whole", False):
                call: ast.expr = ast.Call(fill, [expression(place)], [])
            else:
                call = expression(f"{self.file.define('initialise', INITIALISE, _INITIALISE_USES)}({place})")
                call.args.append(fill)  # type: ignore[attr-defined]
            self.made.inits.append(ast.Expr(call))
        if not self.layout.settled(leaf.path, "parametrize"):
            self._parametrise(place, settings.get("parametrize", ()))
        for name, value in _flags(leaf, module):
            self.made.inits.append(statement(f"{place}.{name} = {value!r}"))
        if settings.get("frozen") and not self.layout.settled(leaf.path, "frozen"):
            self.made.inits.append(statement(f"{place}.requires_grad_(False)"))
        if settings.get("weights", {}).get("from") == "average" and not self.layout.settled(leaf.path, "weights"):
            self._follow(place, str(self.compiled.analysis.examples[leaf.path]))

    def _settle(self, scope: Scope, place: str, owner: str = "") -> None:
        """What the settings of a block's use say about all that is within."""
        if scope.prefix in self.layout.settles["parametrize"]:
            self._parametrise(place, scope.settings["parametrize"])
        if scope.prefix in self.layout.settles["frozen"]:
            self.made.inits.append(statement(f"{place}.requires_grad_(False)"))
        if scope.prefix in self.layout.settles["weights"]:
            self._follow(place, (owner or scope.twin).rstrip("/"))

    def _parametrise(self, place: str, settings: Sequence[Mapping[str, Any]]) -> None:
        for setting in settings:
            entry = registry.get(setting["component"])
            if getattr(entry.factory, "freezes", False):
                self.made.inits.append(statement(f"{place}.requires_grad_(False)"))
            values, _ = entry.check(setting.get("params", {}))
            made = self._construction(construction(entry.factory, values), holes=False)
            given = next(iter(entry.runtime))
            made.args.insert(0, ast.Name(given, ast.Load()))  # type: ignore[attr-defined]
            name = self.file.define("parametrise", PARAMETRISE, _PARAMETRISE_USES)
            call = expression(f"{name}({place}, lambda {given}: None)")
            call.args[1].body = made  # type: ignore[attr-defined]
            self.made.inits.append(ast.Expr(call))

    def _follow(self, place: str, owner: str) -> None:
        """A moving average begins as what it follows, and is never trained."""
        if owner.startswith(self.own.prefix):
            source = f"self.{target_of(owner.removeprefix(self.own.prefix))}"
            self.closing.append(statement(f"{place}.load_state_dict({source}.state_dict())"))
        self.closing.append(statement(f"{place}.requires_grad_(False)"))

    def constructor(self, leaf: Leaf) -> ast.expr:
        """The expression that makes a node's module."""
        component = leaf.node.component
        values = values_of(self.compiled, leaf.path)
        parts = {name: self._part(block) for name, block in leaf.blocks.items()}
        if component.form == "builder" and not parts:
            source = definition(Symbol(component.factory.__module__, component.factory.__qualname__))
            if is_plain_builder(source.tree):
                return self._construction(record(lambda: build(component, values, "meta")))
        return self._construction(construction(component.factory, {**values, **parts}))

    def _part(self, block: Scope | Reference) -> ast.expr:
        """What is handed to a constructor for a block parameter: a module of its own, or a function of what is there."""
        if isinstance(block, Scope):
            return self._use(block)
        return self.reference(block)

    def _construction(self, found: Construction, holes: bool = True) -> ast.expr:
        return self._call(self.library.object(found.target), found.arguments, holes)

    def _call(self, target: str, arguments: Sequence[Argument], holes: bool = True) -> ast.expr:
        call = ast.Call(expression(target), [], [])
        for argument in arguments:
            if isinstance(argument.value, Construction):
                value = self._construction(argument.value, holes)
            elif isinstance(argument.value, ast.expr):
                value = argument.value
            elif holes:
                value = self.hole(argument.value, argument.hint, argument.default, bool(argument.keyword))
            elif argument.is_default:
                continue
            else:
                value = literal(argument.value)
            if argument.keyword:
                call.keywords.append(ast.keyword(argument.keyword, value))
            else:
                call.args.append(value)
        return call

    # ------------------------------------------------------------------ forward

    def _forward(self, wanted: Mapping[str, set[Key]], inputs: Mapping[Key, str]) -> None:
        scope = self.scope
        self.made.has_forward = True
        steps = self.steps_here = [step for unit in units(scope) for step in self.steps(unit, wanted)]
        names = Names([*self.library.names.taken, "self"])
        variables: dict[Value, str] = {}
        for key, name in inputs.items():
            variables[Value("", key)] = names.new(name)
        self.made.arguments = list(variables.values())
        self.made.shapes = [self._spec(scope, value) for value in variables]
        for owner in scope.modules:
            self.made.modules.append(names.new(owner.rpartition("/")[2]))
        self.owners = dict(zip(scope.modules, self.made.modules, strict=True))
        self.made.arguments += self.made.modules
        last = {value: index for index, step in enumerate(steps) for value in step.reads}
        results = [self.resolved(scope.results[key]) for key in scope.results if key in scope.live]
        kept = set(results)
        for index, step in enumerate(steps):
            before = dict(variables)
            dying = [v for v in dict.fromkeys(step.reads) if last[v] == index and v not in kept]
            self._name(step, dying, variables, names)
            shapes = [(variables[v], spec) for v in step.writes if v is not None and (spec := self._spec(scope, v))]
            statements = step.emit(before, [None if v is None else variables[v] for v in step.writes])
            self.made.lines += [Line(s) for s in statements[:-1]] + [Line(statements[-1], shapes)]
        self.made.results = [variables[value] for value in results]

    def _spec(self, scope: Scope, value: Value) -> TensorSpec | None:
        path, port = scope.origins[value]
        report = self.compiled.report.nodes.get(path)
        return None if report is None else report.outputs.get(port)

    def _name(self, step: Step, dying: Sequence[Value], variables: dict[Value, str], names: Names) -> None:
        """Names what a step makes: the first takes the place of an input that nobody reads after it."""
        free = [variables[value] for value in dying if value in step.replaceable]
        gone = {variables.pop(value) for value in dying}
        for value in step.writes:
            if value is not None:
                variables[value] = free[0] if free else names.new(self._fresh(step, value, names))
                free = []
        names.taken -= gone - set(variables.values())

    def _fresh(self, step: Step, value: Value, names: Names) -> str:
        """A name for a new line of thought: its port's where there are several, the reader's, y, z or the node's."""
        port, id = value.key[-1 if value.key[0] == "" else 0], value.item.partition("/")[0]
        reader = next((s.ports[value] for s in self.steps_here if value in s.ports), "x")
        wanted = [port] * (len(step.writes) > 1) + [reader] * (reader not in GENERIC_PORTS) + ["y", "z"]
        return next((name for name in wanted if name not in names), id)


INITIALISE = '''
@torch.no_grad()
def initialise(module: nn.Module, fill: Callable[[Tensor], Tensor]) -> None:
    """Fills the weights of a module (two axes or more); offsets and norms keep their own values."""
    for parameter in module.parameters():
        if parameter.dim() >= 2:
            fill(parameter)
'''


_INITIALISE_USES = {
    "torch": Symbol("torch", ""),
    "nn": Symbol("torch.nn", ""),
    "Tensor": Symbol("torch", "Tensor"),
    "Callable": Symbol("collections.abc", "Callable"),
}
PARAMETRISE = '''
def parametrise(module: nn.Module, make: Callable[[Tensor], nn.Module]) -> None:
    """Lays a parametrisation over each weight of a module that has two axes or more."""
    for part in list(module.modules()):
        if isinstance(part, parametrize.ParametrizationList):
            continue
        names = [name for name, p in part.named_parameters(recurse=False) if p.dim() >= 2]
        for name in [*getattr(part, "parametrizations", ()), *names]:
            parametrize.register_parametrization(part, name, make(getattr(part, name).detach()))
'''


_PARAMETRISE_USES = {
    "nn": Symbol("torch.nn", ""),
    "parametrize": Symbol("torch.nn.utils.parametrize", ""),
    "Tensor": Symbol("torch", "Tensor"),
    "Callable": Symbol("collections.abc", "Callable"),
}


def _flags(leaf: Leaf, module: nn.Module | None) -> list[tuple[str, bool]]:
    """What the compiler told a module about the outputs that somebody reads."""
    names = [f"wants_{port}" for port in leaf.node.component.outputs]
    return [
        (n, getattr(module, n)) for n in names if hasattr(module, n) and getattr(module, n) != getattr(type(module), n)
    ]

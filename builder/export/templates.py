"""One scope as the body of a class: its constructor and its forward as syntax trees, with holes where values go.

Uses of a block that differ in nothing but the holes become one class, whose constructor takes what differs.
"""

from __future__ import annotations

import ast
import copy
import functools
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from torch import nn

from builder.compiler import Compiled
from builder.compiler.inference import arguments, build
from builder.export.cleaning import global_names
from builder.export.constructors import MISSING, Argument, Construction, construction, is_plain_builder, record
from builder.export.errors import ExportError
from builder.export.library import Library, Symbol, definition
from builder.export.scopes import Key, Leaf, Scope, Value
from builder.export.text import Names, literal
from components import registry
from components.spec import Component
from components.tensor_spec import TensorSpec

_HOLE = re.compile(r"__hole_(\d+)__")
OPERATORS: Mapping[str, ast.operator] = {"op_add": ast.Add(), "op_multiply": ast.Mult()}
"""Ops that Python writes with an operator."""

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
    shapes: list[TensorSpec] = field(default_factory=list)
    """Of the arguments that are tensors."""
    holes: list[Hole] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for the scopes that one class can stand for."""
        statements = [*self.inits, *(line.statement for line in self.lines)]
        return *map(ast.dump, statements), *self.arguments, "->", *self.results


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class Writer:
    """Writes the template of one scope.

    Args:
        compiled: the graph.
        library: where imports and inlined definitions go.
        blocks: the class of each inner scope, by its prefix.
    """

    def __init__(self, compiled: Compiled, library: Library, blocks: Mapping[str, ClassUse]) -> None:
        self.compiled, self.library, self.blocks = compiled, library, blocks

    def template(self, scope: Scope, inputs: Mapping[Key, str]) -> Template:
        """The template of a scope; ``inputs`` are the wanted names of what comes in, in their order."""
        self.made = Template(scope)
        self.attributes = {id: self._attribute(scope, id) for id in scope.items}
        self.constructed: set[str] = set()
        units = list(_units(scope))
        for unit in units:
            self._construct(unit)
        self._forward(scope, units, inputs)
        return self.made

    def _attribute(self, scope: Scope, id: str) -> str:
        """The place of an item's module below the scope: the same words as in the compiled model."""
        item = scope.items[id]
        depth = scope.prefix.count("/")
        leaves = item.leaves() if isinstance(item, Scope) else [item]
        for leaf in leaves:
            if leaf.owner == leaf.path:
                parts = str(self.compiled.target(leaf.path)).split(".")[depth:]
                return ".".join(parts[: id.count("/") + 1])
        return ".".join(_free_attribute(part) for part in id.split("/"))

    # ------------------------------------------------------------------ __init__

    def _construct(self, unit: Unit) -> None:
        if unit.repeated:
            self._construct_stack(unit)
            return
        id = unit.items[0]
        item = self.made.scope.items[id]
        if isinstance(item, Scope):
            self._assign(self.attributes[id], self._use(item))
        else:  # a sharer may stand before the owner of its module
            owner = next(
                (i for i, o in self.made.scope.items.items() if isinstance(o, Leaf) and o.path == item.owner), ""
            )
            if owner and owner not in self.constructed:
                self.constructed.add(owner)
                self._construct_leaf(self.made.scope.items[owner], self.attributes[owner])  # type: ignore[arg-type]

    def _assign(self, attribute: str, value: ast.expr) -> None:
        target = ast.Attribute(ast.Name("self", ast.Load()), attribute, ast.Store())
        self.made.inits.append(ast.fix_missing_locations(ast.Assign([target], value)))

    def _use(self, scope: Scope) -> ast.expr:
        use = self.blocks[scope.prefix]
        values = [Argument("" if i < 2 else name, v, MISSING, name) for i, (name, v) in enumerate(use.values.items())]
        return self._call(use.name, values)

    def _construct_stack(self, unit: Unit) -> None:
        """Copies of a block: one line where they are all alike, else one entry each."""
        scopes = [item for id in unit.items if isinstance(item := self.made.scope.items[id], Scope)]
        uses = [self.blocks[s.prefix] for s in scopes]
        container = self.attributes[unit.items[0]].rpartition(".")[0]
        keys = [self.attributes[id].rpartition(".")[2] for id in unit.items]
        entries: ast.expr
        if all(use == uses[0] for use in uses):
            entries = expression(f'{{f"n{{i}}": None for i in range({len(keys)})}}')
            entries.value = self._use(scopes[0])  # type: ignore[attr-defined]
        else:
            entries = ast.Dict([ast.Constant(key) for key in keys], [self._use(s) for s in scopes])
        if unit.chained:
            entries = ast.Call(expression(self.library.use(Symbol("collections", "OrderedDict"))), [entries], [])
        kind = "Sequential" if unit.chained else "ModuleDict"
        self._assign(container, ast.Call(expression(f"{self.library.nn}.{kind}"), [entries], []))

    def _construct_leaf(self, leaf: Leaf, attribute: str) -> None:
        module = self.compiled.module(leaf.path)
        call = _in_node(leaf.path, lambda: self._constructor(leaf))
        self._assign(attribute, call)
        place = f"self.{attribute}"
        init = leaf.node.settings.get("init")
        if init:
            entry = registry.get(init["component"])
            values, _ = entry.check(init.get("params", {}))
            fill = self._construction(construction(entry.factory, values), holes=False)
            call = expression(f"{self.library.define('initialise', INITIALISE, _INITIALISE_USES)}({place})")
            call.args.append(fill)  # type: ignore[attr-defined]
            self.made.inits.append(ast.Expr(call))
        for name, value in _flags(leaf, module):
            self.made.inits.append(statement(f"{place}.{name} = {value!r}"))
        if leaf.node.settings.get("frozen"):
            self.made.inits.append(statement(f"{place}.requires_grad_(False)"))

    def _constructor(self, leaf: Leaf) -> ast.expr:
        """The expression that makes a node's module."""
        component = leaf.node.component
        values = self.compiled.analysis.values[leaf.path]
        if component.form == "builder":
            source = definition(Symbol(component.factory.__module__, component.factory.__qualname__))
            if is_plain_builder(source.tree):
                return self._construction(record(lambda: build(component, values, "meta")))
        return self._construction(construction(component.factory, values))

    def _construction(self, found: Construction, holes: bool = True) -> ast.expr:
        return self._call(self.library.object(found.target), found.arguments, holes)

    def _call(self, target: str, arguments: Sequence[Argument], holes: bool = True) -> ast.expr:
        call = ast.Call(expression(target), [], [])
        for argument in arguments:
            if isinstance(argument.value, Construction):
                value = self._construction(argument.value, holes)
            elif holes:
                value = self._hole(argument.value, argument.hint, argument.default, bool(argument.keyword))
            elif argument.is_default:
                continue
            else:
                value = literal(argument.value)
            if argument.keyword:
                call.keywords.append(ast.keyword(argument.keyword, value))
            else:
                call.args.append(value)
        return call

    def _hole(self, value: Any, hint: str, default: Any = MISSING, keyword: bool = False) -> ast.expr:
        literal(value)  # raises where it cannot be written
        self.made.holes.append(Hole(value, hint, default, keyword))
        return ast.Name(f"__hole_{len(self.made.holes) - 1}__", ast.Load())

    # ------------------------------------------------------------------ forward

    def _forward(self, scope: Scope, units: Sequence[Unit], inputs: Mapping[Key, str]) -> None:
        steps = self.steps = [step for unit in units for step in self._steps(unit)]
        names = Names([*self.library.names.taken, "self"])
        variables: dict[Value, str] = {}
        for key, wanted in inputs.items():
            variables[Value("", key)] = names.new(wanted)
        self.made.arguments = list(variables.values())
        self.made.shapes = [self._spec(scope, value) for value in variables]
        for owner in scope.modules:
            self.made.modules.append(names.new(owner.rpartition("/")[2]))
        self.owners = dict(zip(scope.modules, self.made.modules, strict=True))
        self.made.arguments += self.made.modules
        last = {value: index for index, step in enumerate(steps) for value in step.reads}
        kept = {scope.results[key] for key in scope.live}
        for index, step in enumerate(steps):
            before = dict(variables)
            dying = [v for v in dict.fromkeys(step.reads) if last[v] == index and v not in kept]
            self._name(step, dying, variables, names)
            shapes = [(variables[v], self._spec(scope, v)) for v in step.writes if v is not None]
            statements = step.emit(before, [None if v is None else variables[v] for v in step.writes])
            self.made.lines += [Line(s) for s in statements[:-1]] + [Line(statements[-1], shapes)]
        self.made.results = [variables[scope.results[key]] for key in scope.results if key in scope.live]

    def _spec(self, scope: Scope, value: Value) -> TensorSpec:
        path, port = scope.origins[value]
        return self.compiled.report.nodes[path].outputs[port]

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
        reader = next((s.ports[value] for s in self.steps if value in s.ports), "x")
        wanted = [port] * (len(step.writes) > 1) + [reader] * (reader not in GENERIC_PORTS) + ["y", "z"]
        return next((name for name in wanted if name not in names), id)

    def _steps(self, unit: Unit) -> list[Step]:
        items = {id: item for id in unit.items if (item := self.made.scope.items[id]).live}
        if unit.repeated and unit.chain and items:
            return [self._stack_step(unit)]
        return [
            self._scope_step(id, item) if isinstance(item, Scope) else self._leaf_step(id, item)
            for id, item in items.items()
        ]

    def _scope_step(self, id: str, scope: Scope) -> Step:
        keys = [key for key in scope.inputs if key in scope.used]
        reads = [scope.inputs[key] for key in keys]
        writes: list[Value | None] = [Value(id, key) for key in scope.results if key in scope.live]
        place = f"self.{self.attributes[id]}"

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            given = [*(names[v] for v in reads), *map(self._module, scope.modules)]
            return [statement(f"{_targets(targets)} = {place}({', '.join(given)})")]

        return Step(reads, writes, emit, reads, {scope.inputs[key]: key[-1 if key[0] == "" else 0] for key in keys})

    def _stack_step(self, unit: Unit) -> Step:
        """Copies of a block, each on what the one before gave."""
        first, last = (self.made.scope.items[id] for id in (unit.items[0], unit.items[-1]))
        if not isinstance(first, Scope) or not isinstance(last, Scope):
            raise TypeError("Only blocks are repeated.")
        keys = [key for key in first.inputs if key in first.used]
        reads = [first.inputs[key] for key in keys]
        chain = first.inputs[unit.chain]
        write = Value(unit.items[-1], next(iter(last.live)))
        container = f"self.{self.attributes[unit.items[0]].rpartition('.')[0]}"

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            target, start = str(targets[0]), names[chain]
            if unit.chained:
                return [statement(f"{target} = {container}({start})")]
            given = [target if key == unit.chain else names[v] for key, v in zip(keys, reads, strict=True)]
            layer = Names([*self.library.names.taken, *names.values(), target, *self.made.modules]).new("layer")
            given += map(self._module, first.modules)
            loop = f"for {layer} in {container}.values():\n    {target} = {layer}({', '.join(given)})"
            return [statement(f"{target} = {start}")] * (target != start) + [statement(loop)]

        return Step(reads, [write], emit, [chain], {})

    def _leaf_step(self, id: str, leaf: Leaf) -> Step:
        args, kwargs = arguments(leaf.node.component, leaf.inputs)
        reads = [v for v in [*args, *kwargs.values()] if v is not None]
        values = self.compiled.analysis.values[leaf.path]
        ports = list(leaf.node.component.outputs_for(values))
        several = len(ports) > 1 or leaf.node.component.numbered is not None
        writes = [Value(id, (port, "0")) if (port, "0") in leaf.live else None for port in ports]
        op = _in_node(leaf.path, lambda: self._op(leaf.node.component, values)) if leaf.owner is None else None

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            def variable(value: Value | None) -> ast.expr:
                return ast.Constant(None) if value is None else ast.Name(names[value], ast.Load())

            given, named = [variable(v) for v in args], {k: variable(v) for k, v in kwargs.items()}
            if op is not None:
                call = op(given, named)
            else:
                keywords = [ast.keyword(k, v) for k, v in named.items()]
                call = ast.Call(expression(self._module(str(leaf.owner))), given, keywords)
            made = statement(f"{_targets(targets, several)} = None")
            made.value = call  # type: ignore[attr-defined]
            return [made]

        ports_of = {value: port for port, values in leaf.inputs.items() for value in values}
        return Step(reads, writes, emit, reads, ports_of)

    def _module(self, owner: str) -> str:
        """The expression of a node's module, seen from this scope."""
        scope = self.made.scope
        if not owner.startswith(scope.prefix):
            return self.owners[owner]
        parts = str(self.compiled.target(owner)).split(".")
        return ".".join(["self", *parts[scope.prefix.count("/") :]])

    # ------------------------------------------------------------------ ops

    def _op(self, component: Component, values: Mapping[str, Any]) -> Call:
        """How an op is written: an operator, its own short expression, or a call of its function."""
        if component.id in OPERATORS:
            return functools.partial(_operator, OPERATORS[component.id])
        symbol = Symbol(component.factory.__module__, component.factory.__qualname__)
        entry = definition(symbol, is_op=True)
        function, short = entry.tree, _short_expression(entry.tree)
        read = {} if short is None else {n.id: entry.uses[n.id] for n in global_names(short) if n.id in entry.uses}
        if isinstance(function, ast.FunctionDef) and short is not None and not any(s.ours for s in read.values()):
            known: dict[str, ast.expr] = {w: ast.Name(self.library.use(s, w), ast.Load()) for w, s in read.items()}
            mentioned = {n.id for n in ast.walk(short) if isinstance(n, ast.Name)}
            known |= {name: self._hole(value, name) for name, value in values.items() if name in mentioned}
            return functools.partial(_substituted, function, short, known)
        name_of = self.library.use(symbol, is_op=True)
        keywords = []
        for name, value in values.items():
            keywords.append(ast.keyword(name, self._hole(value, name, component.parameters[name].default, True)))
        return functools.partial(_called, name_of, keywords)


Call = Callable[[Sequence[ast.expr], Mapping[str, ast.expr]], ast.expr]
"""From positional and named inputs to the expression of a call."""


def _operator(operator: ast.operator, args: Sequence[ast.expr], kwargs: Mapping[str, ast.expr]) -> ast.expr:
    total = args[0]
    for term in args[1:]:
        total = ast.BinOp(total, operator, term)
    return total


def _called(
    function: str, keywords: Sequence[ast.keyword], args: Sequence[ast.expr], kwargs: Mapping[str, ast.expr]
) -> ast.expr:
    return ast.Call(expression(function), list(args), [*(ast.keyword(k, v) for k, v in kwargs.items()), *keywords])


def _short_expression(function: ast.stmt) -> ast.expr | None:
    """What an op returns, where that is all it does and the names in it can be replaced."""
    if not isinstance(function, ast.FunctionDef) or not is_plain_builder(function):
        return None
    result = function.body[-1].value  # type: ignore[attr-defined]
    scoped = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.NamedExpr | ast.JoinedStr
    return None if any(isinstance(n, scoped) for n in ast.walk(result)) else result


def _substituted(
    function: ast.FunctionDef,
    short: ast.expr,
    known: Mapping[str, ast.expr],
    args: Sequence[ast.expr],
    kwargs: Mapping[str, ast.expr],
) -> ast.expr:
    """An op's expression with the inputs in the place of its arguments."""
    names = [a.arg for a in function.args.args]
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    bound = {**defaults, **dict(zip(names, args, strict=False)), **kwargs, **known}
    if function.args.vararg:
        bound[function.args.vararg.arg] = ast.Tuple(list(args[len(names) :]), ast.Load())
    return replace_names(short, bound)


def replace_names(tree: Any, names: Mapping[str, ast.expr]) -> Any:
    """A copy of a tree with expressions in the place of names."""

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            found = names.get(node.id)
            return node if found is None else copy.deepcopy(found)

    return ast.fix_missing_locations(Replace().visit(copy.deepcopy(tree)))


@dataclass(frozen=True)
class Step:
    """One call in a forward: what it reads and makes (None for an output that nobody reads), and its statements."""

    reads: Sequence[Value]
    writes: Sequence[Value | None]
    emit: Callable[[Mapping[Value, str], Sequence[str | None]], list[ast.stmt]]
    replaceable: Sequence[Value]
    """The inputs whose names an output may take."""
    ports: Mapping[Value, str]
    """What the step calls its inputs."""


@dataclass(frozen=True)
class Unit:
    """One item of a scope, or the copies of a repeated block.

    ``chain`` is the input of each copy that takes what the one before gave, where that is all that joins them: then
    they are a loop, and where nothing else goes in (``chained``), a ``Sequential``.
    """

    items: Sequence[str]
    repeated: bool = False
    chain: Key = ()
    chained: bool = False


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


def _units(scope: Scope) -> list[Unit]:
    """The items in their order, the copies of a repeated block taken together."""
    stacks: dict[str, list[str]] = {}
    for id in scope.items:
        stacks.setdefault(id.partition("/")[0], []).append(id)
    return [_stack(scope, ids) if "/" in ids[0] else Unit(ids) for ids in stacks.values()]


def _stack(scope: Scope, ids: Sequence[str]) -> Unit:
    copies = [item for id in ids if isinstance(item := scope.items[id], Scope)]
    if len(copies) < 2:
        return Unit(ids, True)
    first = copies[0]
    chains = [key for key in first.inputs if key in first.used and copies[1].inputs.get(key) != first.inputs[key]]
    if len(chains) != 1 or any(len(c.live) != 1 or c.used != first.used or c.modules != first.modules for c in copies):
        return Unit(ids, True)
    chain = chains[0]
    for number, (before, after) in enumerate(pairwise(copies)):
        given = Value(ids[number], next(iter(before.live)))
        others = all(after.inputs[key] == first.inputs[key] for key in first.used if key != chain)
        elsewhere = any(
            given in _reads(item) for id, item in scope.items.items() if id != ids[number + 1]
        ) or given in (scope.results[key] for key in scope.live)
        if after.inputs[chain] != given or not others or elsewhere:
            return Unit(ids, True)
    return Unit(ids, True, chain, len(first.used) == 1 and not first.modules)


def _reads(item: Leaf | Scope) -> set[Value]:
    """What an item reads where it is computed."""
    if not item.live:
        return set()
    if isinstance(item, Scope):
        return {item.inputs[key] for key in item.used}
    return {value for values in item.inputs.values() for value in values}


def _targets(names: Sequence[str | None], several: bool = False) -> str:
    """The left side of an assignment: ``y``, ``y, _`` or, for a tuple of one, ``(y,)``."""
    words = [name or "_" for name in names]
    return f"({words[0]},)" if several and len(words) == 1 else ", ".join(words)


def _free_attribute(name: str) -> str:
    """The name of a module's attribute, with ``_`` where ``nn.Module`` or Python has the word."""
    return f"{name}_" if keyword.iskeyword(name) or hasattr(nn.Module(), name) else name


def _flags(leaf: Leaf, module: nn.Module | None) -> list[tuple[str, bool]]:
    """What the compiler told a module about the outputs that somebody reads."""
    names = [f"wants_{port}" for port in leaf.node.component.outputs]
    return [
        (n, getattr(module, n)) for n in names if hasattr(module, n) and getattr(module, n) != getattr(type(module), n)
    ]


def _in_node(path: str, action: Callable[[], Any]) -> Any:
    """The result of an action, whose error then names the node."""
    try:
        return action()
    except ExportError as error:
        raise ExportError(f"{path}: {error.message}", f"{path}：{error.message_zh}", path) from None

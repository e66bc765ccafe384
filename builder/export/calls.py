"""The items of a scope as statements: calls of modules, of blocks' classes and of functions, on named values."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from builder.compiler.inference import arguments
from builder.compiler.names import target_of
from builder.compiler.order import owner_of
from builder.export.cleaning import global_names
from builder.export.constructors import MISSING, is_plain_builder
from builder.export.errors import ExportError
from builder.export.layout import Layout, is_optional, reads
from builder.export.library import Library, Symbol, definition
from builder.export.scopes import Key, Leaf, Reference, Scope, Value, values_of
from builder.export.script import Both
from builder.export.text import Names, literal
from components.spec import Component

OPERATORS: Mapping[str, ast.operator] = {"op_add": ast.Add(), "op_multiply": ast.Mult()}
"""Ops that Python writes with an operator."""
Call = Callable[[Sequence[ast.expr], Mapping[str, ast.expr]], ast.expr]
"""From positional and named inputs to the expression of a call."""


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@dataclass(frozen=True)
class Step:
    """One call: what it reads and makes (None for an output that nobody reads), and its statements."""

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


class Calls:
    """The calls of a scope's items.

    Args:
        layout: what is computed where.
        library: where the functions are that stand for ops.
        scope: the scope, or a view of it.
        place: how the scope's own modules are reached: ``self`` or ``model``.
        owners: the names of modules of other scopes, by the path of their node.
        outside: the names of modules that hang in no class, by path.
        resolved: the value that stands for another one here.
    """

    def __init__(
        self,
        layout: Layout,
        library: Library | Both,
        scope: Scope,
        place: str = "self",
        owners: Mapping[str, str] | None = None,
        outside: Mapping[str, str] | None = None,
        resolved: Callable[[Value], Value] = lambda value: value,
    ) -> None:
        self.layout, self.compiled, self.library, self.scope, self.place = (
            layout,
            layout.compiled,
            library,
            scope,
            place,
        )
        self.owners, self.outside, self.resolved = owners or {}, outside or {}, resolved

    def hole(self, value: Any, hint: str, default: Any = MISSING, keyword: bool = False) -> ast.expr:
        """A parameter's value as an expression."""
        return literal(value)

    # -------------------------------------------------------------- places

    def attribute(self, id: str) -> str:
        """The place of an item's module below the scope: the same words as in the compiled model."""
        item = self.scope.items[id]
        path = item.owner or item.prefix if isinstance(item, Scope) else item.path
        return target_of(path.rstrip("/").removeprefix(self.scope.prefix))

    def module(self, owner: str) -> str:
        """The expression of a node's module, seen from this scope."""
        if owner in self.outside:
            return self.outside[owner]
        if not owner.startswith(self.scope.prefix):
            return self.owners[owner]
        return f"{self.place}.{target_of(owner.removeprefix(self.scope.prefix))}"

    # -------------------------------------------------------------- calls

    def steps(self, unit: Unit, wanted: Mapping[str, set[Key]]) -> list[Step]:
        """The calls of a unit; ``wanted`` are the results that are used here, by item."""
        items = {id: self.scope.items[id] for id in unit.items if id in wanted}
        if unit.repeated and unit.chain and items:
            return [self._stack(unit)]
        return [
            self._scope(id, item, wanted[id]) if isinstance(item, Scope) else self._leaf(id, item, wanted[id])
            for id, item in items.items()
        ]

    def _scope(self, id: str, scope: Scope, wanted: set[Key]) -> Step:
        keys = [key for key in scope.inputs if key in scope.used]
        reads = [self.resolved(scope.inputs[key]) for key in keys]
        writes: list[Value | None] = [
            Value(id, key) if key in wanted else None for key in scope.results if key in scope.live
        ]
        place = f"{self.place}.{self.attribute(id)}"

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            given = [*(names[v] for v in reads), *map(self.module, scope.modules)]
            return [statement(f"{_targets(targets)} = {place}({', '.join(given)})")]

        ports = {value: key[-1 if key[0] == "" else 0] for value, key in zip(reads, keys, strict=True)}
        return Step(reads, writes, emit, reads, ports)

    def _stack(self, unit: Unit) -> Step:
        """Copies of a block, each on what the one before gave."""
        first, last = (self.scope.items[id] for id in (unit.items[0], unit.items[-1]))
        if not isinstance(first, Scope) or not isinstance(last, Scope):
            raise TypeError("Only blocks are repeated.")
        keys = [key for key in first.inputs if key in first.used]
        reads = [self.resolved(first.inputs[key]) for key in keys]
        chain = self.resolved(first.inputs[unit.chain])
        write = Value(unit.items[-1], next(iter(last.live)))
        container = f"{self.place}.{self.attribute(unit.items[0]).rpartition('.')[0]}"

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            target, start = str(targets[0]), names[chain]
            if unit.chained:
                return [statement(f"{target} = {container}({start})")]
            given = [target if key == unit.chain else names[v] for key, v in zip(keys, reads, strict=True)]
            layer = Names([*self.library.names.taken, *names.values(), target, *self.owners.values()]).new("layer")
            given += map(self.module, first.modules)
            loop = f"for {layer} in {container}.values():\n    {target} = {layer}({', '.join(given)})"
            return [statement(f"{target} = {start}")] * (target != start) + [statement(loop)]

        return Step(reads, [write], emit, [chain], {})

    def _leaf(self, id: str, leaf: Leaf, wanted: set[Key]) -> Step:
        feeds = {port: [self.resolved(v) for v in values] for port, values in leaf.inputs.items()}
        args, kwargs = arguments(leaf.node.component, feeds)
        reads = [v for v in [*args, *kwargs.values()] if v is not None]
        values = values_of(self.compiled, leaf.path)
        ports = list(leaf.node.component.outputs_for(values))
        several = len(ports) > 1 or leaf.node.component.numbered is not None
        writes = [Value(id, (port, "0")) if (port, "0") in wanted else None for port in ports]
        op = in_node(leaf.path, lambda: self._op(leaf.node.component, values)) if leaf.owner is None else None
        optional = self.place == "self" and is_optional(leaf.node)

        def emit(names: Mapping[Value, str], targets: Sequence[str | None]) -> list[ast.stmt]:
            def variable(value: Value | None) -> ast.expr:
                return ast.Constant(None) if value is None else ast.Name(names[value], ast.Load())

            given, named = [variable(v) for v in args], {k: variable(v) for k, v in kwargs.items()}
            if op is not None:
                call = op(given, named)
            else:
                keywords = [ast.keyword(k, v) for k, v in named.items()]
                call = ast.Call(expression(self.module(str(leaf.owner))), given, keywords)
            if optional:
                call = ast.IfExp(expression("self.training"), call, given[0])
            made = statement(f"{_targets(targets, several)} = None")
            made.value = call  # type: ignore[attr-defined]
            return [made]

        ports_of = {value: port for port, values in feeds.items() for value in values}
        return Step(reads, writes, emit, reads, ports_of)

    # -------------------------------------------------------------- functions

    def reference(self, block: Reference) -> ast.expr:
        """What stands at a node as a function of its input ports: ``lambda x: self.critic(x)``.

        A function, so that the module does not belong to whoever calls it.

        Raises:
            ExportError: it stands where this class cannot reach it.
        """
        scope = self.layout.scopes.get(f"{block.path}/")
        node = self.compiled.flat.find(block.path)
        inner = [leaf for leaf in self.layout.taken if leaf.path == block.path.rpartition("/")[0]]
        arguments_ = [Names().new(name) for name in block.inputs]
        if self.place == "self" and not block.path.startswith(self.scope.prefix):
            raise unreachable(block.path)
        place = f"{self.place}.{target_of(block.path.removeprefix(self.scope.prefix))}"
        if scope is not None:
            place = (
                f"{self.place}.{target_of((scope.owner or scope.prefix).rstrip('/').removeprefix(self.scope.prefix))}"
            )
            given = [n for n, port in zip(arguments_, block.inputs, strict=True) if (port, "0") in scope.used]
            ports = [key for key in scope.results if key in scope.live]
            call = f"{place}({', '.join(given)})"
            if any(key[0] == "" for key in ports):
                count = sum(key[0] != "" for key in ports)
                call += "[0]" if count == 1 else f"[:{count}]"
            made = expression(call)
        elif inner and isinstance(part := inner[0].blocks.get(block.path.rpartition("/")[2]), Scope):
            given = [n for n, port in zip(arguments_, block.inputs, strict=True) if (port, "0") in part.used]
            made = expression(f"{place}({', '.join(given)})")
        elif node is not None:
            feeds = {port: [n] for port, n in zip(block.inputs, arguments_, strict=True)}
            args, kwargs = arguments(node.component, feeds)
            words: list[ast.expr] = [ast.Constant(None) if a is None else ast.Name(a, ast.Load()) for a in args]
            named = {k: ast.Name(v, ast.Load()) for k, v in kwargs.items()}
            owner = owner_of(node, self.compiled.flat) or node.path
            if self.compiled.target(block.path) is None:
                made = self._op(node.component, values_of(self.compiled, block.path))(words, named)
            else:
                keywords = [ast.keyword(k, v) for k, v in named.items()]
                made = ast.Call(expression(self.module(owner)), words, keywords)
        else:
            raise unreachable(block.path)
        function = expression(f"lambda {', '.join(arguments_)}: None")
        function.body = made  # type: ignore[attr-defined]
        return function

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
            known |= {name: self.hole(value, name) for name, value in values.items() if name in mentioned}
            return functools.partial(_substituted, function, short, known)
        name_of = self.library.use(symbol, is_op=True)
        keywords = []
        for name, value in values.items():
            keywords.append(ast.keyword(name, self.hole(value, name, component.parameters[name].default, True)))
        return functools.partial(_called, name_of, keywords)


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


def units(scope: Scope) -> list[Unit]:
    """The items in their order, the copies of a repeated block taken together."""
    stacks: dict[str, list[str]] = {}
    for id, item in scope.items.items():
        copied = isinstance(item, Scope) and "/" in item.attribute
        stacks.setdefault(id.rpartition("/")[0] + "/" if copied else id, []).append(id)
    return [_joined(scope, ids) if name.endswith("/") else Unit(ids) for name, ids in stacks.items()]


def _joined(scope: Scope, ids: Sequence[str]) -> Unit:
    """The copies of a repeated block."""
    copies = [item for id in ids if isinstance(item := scope.items[id], Scope)]
    if len(copies) < 2:
        return Unit(ids, True)
    first = copies[0]
    chains = [key for key in first.inputs if key in first.used and copies[1].inputs.get(key) != first.inputs[key]]
    if len(chains) != 1 or any(len(c.live) != 1 or c.used != first.used or c.modules != first.modules for c in copies):
        return Unit(ids, True)
    chain = chains[0]
    results = {scope.results[key] for key in scope.live} | scope.kept
    for number, (before, after) in enumerate(pairwise(copies)):
        given = Value(ids[number], next(iter(before.live)))
        others = all(after.inputs[key] == first.inputs[key] for key in first.used if key != chain)
        elsewhere = any(given in reads(item) for id, item in scope.items.items() if item.live and id != ids[number + 1])
        if after.inputs[chain] != given or not others or elsewhere or given in results:
            return Unit(ids, True)
    return Unit(ids, True, chain, len(first.used) == 1 and not first.modules)


def _targets(names: Sequence[str | None], several: bool = False) -> str:
    """The left side of an assignment: ``y``, ``y, _`` or, for a tuple of one, ``(y,)``."""
    words = [name or "_" for name in names]
    return f"({words[0]},)" if several and len(words) == 1 else ", ".join(words)


def in_node(path: str, action: Callable[[], Any]) -> Any:
    """The result of an action, whose error then names the node."""
    try:
        return action()
    except ExportError as error:
        raise ExportError(f"{path}: {error.message}", f"{path}：{error.message_zh}", path) from None


def unreachable(path: str) -> ExportError:
    """The error about a function that a class cannot reach."""
    return ExportError(
        f"A block parameter refers to '{path}', which its class cannot reach: only what stands beside the node or inside "
        "its neighbours can be written.",
        f"模块参数引用了“{path}”，其类无法访问：只能写出位于该节点旁边或其邻居内部的节点。",
        path,
    )

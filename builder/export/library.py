"""Collects the definitions that an exported file needs: parts of components, and what those refer to."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from builder.export import cleaning
from builder.export.errors import ExportError
from builder.export.text import Names

OURS = "components"


@dataclass(frozen=True)
class Symbol:
    """What a name means: a definition of ours (``module`` is below ``components``), or what is imported from elsewhere.

    ``name`` is empty where the module itself is meant.
    """

    module: str
    name: str

    @property
    def ours(self) -> bool:
        return self.module == OURS or self.module.startswith(f"{OURS}.")


@dataclass(frozen=True)
class Source:
    """A module's text and what its names are bound to at the top level."""

    text: str
    statements: Mapping[str, ast.stmt]
    imports: Mapping[str, Symbol]

    def resolve(self, module: str, name: str) -> Symbol | None:
        """What a name means in this module; None for a built-in and for what is bound nowhere."""
        if name in self.statements:
            return Symbol(module, name)
        found = self.imports.get(name)
        if found is None or not found.ours:
            return found
        if not found.name:
            raise _inexpressible(module, f"it imports the module {found.module} instead of names from it")
        return source_of(found.module).resolve(found.module, found.name)


def _inexpressible(what: str, why: str) -> ExportError:
    return ExportError(
        f"{what} cannot be written as standalone Python: {why}.", f"{what} 无法写成独立的 Python：{why}。"
    )


@functools.cache
def source_of(module: str) -> Source:
    """The parsed source of one of our modules."""
    text = Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")
    statements: dict[str, ast.stmt] = {}
    imports: dict[str, Symbol] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, cleaning.Function | ast.ClassDef):
            statements[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                statements[target.id] = statement
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                bound = alias.asname or alias.name.split(".")[0]
                imports[bound] = Symbol(alias.name if alias.asname else bound, "")
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                imports[alias.asname or alias.name] = _imported(statement.module, alias.name)
    return Source(text, statements, imports)


def _imported(module: str, name: str) -> Symbol:
    if inspect.ismodule(getattr(importlib.import_module(module), name)):
        return Symbol(f"{module}.{name}", "")
    return Symbol(module, name)


@dataclass
class Definition:
    """A cleaned top-level statement of ours. ``uses`` says what each global name in it means."""

    symbol: Symbol
    text: str
    uses: dict[str, Symbol] = field(default_factory=dict)

    @property
    def tree(self) -> ast.stmt:
        return ast.parse(self.text).body[0]

    @property
    def siblings(self) -> list[Symbol]:
        """All that the statement defines: ``WIDTH, HEIGHT = 3, 4`` makes two names."""
        if not isinstance(self.tree, ast.Assign):
            return [self.symbol]
        targets = [n.id for target in self.tree.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        return [Symbol(self.symbol.module, name) for name in targets]


@functools.cache
def definition(symbol: Symbol, is_op: bool = False) -> Definition:
    """The cleaned source of a definition.

    Args:
        symbol: the definition.
        is_op: also leaves out what checks the shapes of inputs, which are known to fit.

    Raises:
        ExportError: it is not written so that its source can stand alone.
    """
    source = source_of(symbol.module)
    statement = source.statements.get(symbol.name)
    if statement is None:
        raise _inexpressible(f"{symbol.module}.{symbol.name}", "no top-level statement of its module defines it")
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
    text = "\n".join(source.text.splitlines()[first - 1 : statement.end_lineno]) + "\n"
    added: dict[str, Symbol] = {}

    def meaning(node: ast.expr) -> Symbol | None:
        return source.resolve(symbol.module, node.id) if isinstance(node, ast.Name) else None

    def ours(decorator: ast.expr) -> bool:
        return isinstance(decorator, ast.Call) and meaning(decorator.func) == Symbol("components.registry", "component")

    def bilingual(node: ast.expr) -> bool:
        found = meaning(node)
        return found is not None and found.ours and _is_bilingual(_object(found))

    def is_check(statement: ast.stmt) -> bool:
        if isinstance(statement, ast.If) and not statement.orelse and _is_for_tracing(statement.test):
            return True
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            return _checks(meaning(statement.value.func))
        if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
            found = meaning(statement.exc.func)
            return found == _PARAMETER_ERROR or (is_op and found is not None and bilingual(statement.exc.func))
        return False

    text = cleaning.strip_decorators(text, ours)
    text = cleaning.shorten_docstrings(text)
    text = cleaning.strip_pragmas(text)
    text = cleaning.rewrite_annotations(text, lambda node: _plain(node, symbol.module, added))
    text = cleaning.drop_statements(text, is_check)
    text = cleaning.plain_errors(text, bilingual)
    text = cleaning.wrap_comments(text)
    names = dict.fromkeys(node.id for node in cleaning.global_names(ast.parse(text)))
    found = {name: source.resolve(symbol.module, name) or added.get(name) for name in names}
    uses = {name: meant for name, meant in found.items() if meant is not None}
    return Definition(symbol, text, uses)


_PARAMETER_ERROR = Symbol("components.spec", "ParameterError")


def _is_for_tracing(test: ast.expr) -> bool:
    """Whether a condition holds only while torch traces the model for another runtime."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return any(ast.unparse(part) == "torch.compiler.is_exporting()" for part in parts)


def _object(symbol: Symbol) -> Any:
    return getattr(importlib.import_module(symbol.module), symbol.name)


def _is_bilingual(value: Any) -> bool:
    """Whether it is an error class of ours, made from an English and a Chinese message."""
    if not inspect.isclass(value) or not issubclass(value, Exception):
        return False
    return {"message", "message_zh"} <= inspect.signature(value).parameters.keys()


@functools.cache
def _checks(symbol: Symbol | None) -> bool:
    """Whether a function of ours only holds parameters against rules: the compiler has done that already."""
    if symbol is None or not symbol.ours:
        return False
    if symbol.module == "components.rules" and symbol.name.startswith("require"):
        return True
    statement = source_of(symbol.module).statements.get(symbol.name)
    if not isinstance(statement, cleaning.Function):
        return False
    body = definition(symbol).tree.body  # type: ignore[attr-defined]
    return all(isinstance(s, ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in body)


# ------------------------------------------------------------------ annotations


def _plain(node: ast.expr, module: str, added: dict[str, Symbol]) -> ast.expr:
    """An annotation without our marks: ``Annotated[X, ...]`` is X, and an alias of such a type is written out.

    ``added`` receives what the names mean that come from another module.
    """
    if isinstance(node, ast.Subscript) and _means(node.value, module) == Symbol("typing", "Annotated"):
        first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
        return _plain(first, module, added)
    if isinstance(node, ast.Name):
        found = _means(node, module)
        if found is None:
            return node
        if found.ours and (alias := _alias(found)) is not None and _is_marked(alias, found.module):
            return _plain(alias, found.module, added)
        added.setdefault(node.id, found)
        return node
    if isinstance(node, ast.Constant):
        return node
    copy = ast.parse(ast.unparse(node), mode="eval").body
    for name, value in ast.iter_fields(copy):
        if isinstance(value, ast.expr):
            setattr(copy, name, _plain(value, module, added))
        elif isinstance(value, list):
            setattr(copy, name, [_plain(v, module, added) if isinstance(v, ast.expr) else v for v in value])
    return copy


def _means(node: ast.expr, module: str) -> Symbol | None:
    return source_of(module).resolve(module, node.id) if isinstance(node, ast.Name) else None


def _alias(symbol: Symbol) -> ast.expr | None:
    statement = source_of(symbol.module).statements.get(symbol.name)
    return statement.value if isinstance(statement, ast.Assign) else None


def _is_marked(node: ast.expr, module: str) -> bool:
    """Whether a type's expression holds marks of ours, itself or through aliases."""
    for name in (n for n in ast.walk(node) if isinstance(n, ast.Name)):
        found = _means(name, module)
        if found is None:
            continue
        if found == Symbol("typing", "Annotated"):
            return True
        if found.ours and (alias := _alias(found)) is not None and _is_marked(alias, found.module):
            return True
    return False


# ------------------------------------------------------------------ a file's definitions and imports


class Library:
    """The imports and definitions at the head of one exported file, each under a name of its own.

    Args:
        names: those that are taken.
        read: gives the definition of a symbol and whether it is an op; the cleaned one where None.
    """

    def __init__(self, names: Names, read: Callable[[Symbol, bool], Definition] | None = None) -> None:
        self.names, self.read = names, read or definition
        self._local: dict[Symbol, str] = {}
        self._definitions: dict[Symbol, str] = {}

    def use(self, symbol: Symbol, wanted: str = "", is_op: bool = False) -> str:
        """The name under which the file knows a symbol, which is imported or defined there from now on."""
        found = self._local.get(symbol)
        if found is not None:
            return found
        if not symbol.ours:
            self._local[symbol] = self.names.new(wanted or symbol.name or symbol.module.rpartition(".")[2])
        else:
            entry = self.read(symbol, is_op)
            self._local |= {sibling: self.names.new(sibling.name) for sibling in entry.siblings}
            names = {written: self.use(s, "" if s.ours else written) for written, s in entry.uses.items()}
            own = {sibling.name: self._local[sibling] for sibling in entry.siblings}
            self._definitions[symbol] = cleaning.rename(entry.text, names | own)
        return self._local[symbol]

    def define(self, name: str, text: str, uses: Mapping[str, Symbol]) -> str:
        """The name of a definition that no component has, such as a class that stands for a block."""
        symbol = Symbol("", name)
        if symbol not in self._local:
            own = self._local[symbol] = self.names.new(name)
            names = {written: self.use(s, written) for written, s in uses.items()}
            self._definitions[symbol] = cleaning.rename(text, {**names, name: own})
        return self._local[symbol]

    def add_text(self, name: str, text: str) -> None:
        """Puts a finished definition behind the others; its names are the file's."""
        self._local[Symbol("", name)] = name
        self._definitions[Symbol("", name)] = text

    def object(self, value: Any) -> str:
        """The expression of a class or function: ``nn.Conv2d``, or the name of a definition of ours."""
        module, name = value.__module__, value.__qualname__
        if Symbol(module, name).ours:
            return self.use(Symbol(module, name))
        if getattr(torch.nn, name, None) is value:
            return f"{self.nn}.{name}"
        if getattr(torch.optim, name, None) is value:
            return f"{self.torch}.optim.{name}"
        parts = module.split(".")
        packages = [".".join(parts[: i + 1]) for i in range(len(parts))]
        public = next(p for p in packages if getattr(sys.modules.get(p), name, None) is value)
        return self.use(Symbol(public, name))

    @property
    def torch(self) -> str:
        return self.use(Symbol("torch", ""))

    @property
    def nn(self) -> str:
        return self.use(Symbol("torch.nn", ""))

    @property
    def tensor(self) -> str:
        return self.use(Symbol("torch", "Tensor"))

    def imports(self) -> str:
        """The import statements, sorted."""
        plain: set[str] = set()
        members: dict[str, list[str]] = {}
        for symbol, local in self._local.items():
            if symbol.ours or not symbol.module:
                continue
            package, _, last = (symbol.module, "", symbol.name) if symbol.name else symbol.module.rpartition(".")
            alias = "" if local == last else f" as {local}"
            if package and (symbol.name or not alias):
                members.setdefault(package, []).append(last + alias)
            else:
                plain.add(f"import {symbol.module}{alias}")
        lines = [*plain, *(f"from {m} import {', '.join(sorted(set(n), key=_caseless))}" for m, n in members.items())]
        standard = [line for line in lines if _package(line) in sys.stdlib_module_names]
        others = [line for line in lines if line not in standard]
        future = [line for line in standard if _package(line) == "__future__"]
        groups = [future, [line for line in standard if line not in future], others]
        return "\n\n".join("\n".join(sorted(g, key=_import_order)) for g in groups if g)

    def definitions(self) -> str:
        """The definitions, each behind those that it refers to."""
        return "".join(self._definitions.values())

    @property
    def defined(self) -> set[str]:
        """The names of the definitions."""
        return {name for symbol, name in self._local.items() if symbol.ours or not symbol.module}


def _package(line: str) -> str:
    return line.split()[1].partition(".")[0]


def _caseless(name: str) -> tuple[int, str]:
    """The order of isort: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def _import_order(line: str) -> tuple[int, str]:
    return (0 if line.startswith("import") else 1), line.split()[1]

"""Leaves out of inlined classes what an exported script never uses: specifications for the canvas, previews."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterable, Set
from typing import Any

from builder.export import cleaning
from builder.export.library import Definition, Symbol

Read = Callable[[Symbol], Definition]
COSMETIC = frozenset({"extra_repr", "__repr__"})


def reachable(symbols: Iterable[Symbol], read: Read, roots: Iterable[str]) -> frozenset[str]:
    """The names of the members that are used, from ``roots`` on, in the definitions of ``symbols`` and below."""
    names = set(roots)
    while True:
        seen: dict[Symbol, Definition] = {}
        waiting = list(symbols)
        while waiting:
            symbol = waiting.pop()
            if symbol.ours and symbol not in seen:
                seen[symbol] = pruned(read(symbol), names)
                waiting += seen[symbol].uses.values()
        found = {n.attr for d in seen.values() for n in ast.walk(d.tree) if isinstance(n, ast.Attribute)}
        if found <= names:
            return frozenset(names)
        names |= found


def pruned(entry: Definition, names: Set[str]) -> Definition:
    """A class without the members that are not in ``names``; anything else as it is."""
    tree = entry.tree
    if not isinstance(tree, ast.ClassDef) or _is_record(tree):
        return entry
    foreign = _foreign_names(entry.symbol)
    edits = cleaning.Edits(entry.text)
    kept = 0
    for member in tree.body:
        if all(_stays(name, names, foreign) for name in _names(member)) and not _is_bare(member):
            kept += 1
        else:
            edits.remove(member)
    text = edits.apply()
    if not kept:
        text = text.rstrip() + "\n    pass\n"
    used = {node.id for node in cleaning.global_names(ast.parse(text))}
    return Definition(entry.symbol, text, {name: s for name, s in entry.uses.items() if name in used})


def _names(member: ast.stmt) -> list[str]:
    """What a statement of a class's body defines."""
    if isinstance(member, cleaning.Function):
        return [member.name]
    targets = member.targets if isinstance(member, ast.Assign) else [getattr(member, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_bare(member: ast.stmt) -> bool:
    """Whether it only declares a type."""
    return isinstance(member, ast.AnnAssign) and member.value is None


def _stays(name: str, names: Set[str], foreign: Set[str]) -> bool:
    special = name.startswith("__") and name.endswith("__")
    return name not in COSMETIC and (special or name in names or name in foreign)


def _is_record(tree: ast.ClassDef) -> bool:
    """Whether the members of a class are its fields: a data class or a named tuple."""
    bases = {ast.unparse(base) for base in tree.bases}
    decorators = {ast.unparse(d).partition("(")[0] for d in tree.decorator_list}
    return bool(bases & {"NamedTuple", "Enum", "TypedDict"}) or "dataclass" in decorators


def _foreign_names(symbol: Symbol) -> Set[str]:
    """The members of the classes that a class of ours builds on: what overrides one of them is called from outside."""
    value: Any = getattr(importlib.import_module(symbol.module), symbol.name)
    bases = [b for b in value.__mro__ if not Symbol(b.__module__, "").ours and b is not object]
    return {name for base in bases for name in dir(base)}

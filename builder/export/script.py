"""What the scripts of a project have in common: their head, the parts of components that they hold, constructions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.export.constructors import Construction
from builder.export.library import Definition, Library, Symbol, definition
from builder.export.pruning import pruned, reachable
from builder.export.text import Names, docstring, formatted, literal, packages_of

WORKSPACE = Symbol("components.data._workspace", "workspace")
_WORKSPACE_TEXT = '''
def workspace() -> Path:
    """The folder of this project: files of one's own lie in data/, downloads go to cache/."""
    return Path(__file__).parent
'''
LOCALS = (
    "acts", "args", "batch", "batches", "best", "chosen", "data", "device", "epoch", "evaluate", "everything", "figures", "follow", "found", "generator", "group",
    "history", "indices", "labels", "labelled", "labels_of", "look", "main", "metrics", "model", "moment", "name", "number", "outside", "p", "parser", "plans", "pool", "repeat", "samples", "schedule",
    "seen", "split", "step", "steps", "stop", "strategy", "subset", "taught", "together", "total", "totals", "train", "train_set", "valid", "valid_set", "value",
    "values", "waiting", "written",
)  # fmt: skip
"""Names that the scripts use themselves."""


@dataclass
class Script:
    """The text of one file, and the packages of which it reads data files."""

    text: str
    data_packages: set[str] = field(default_factory=set)

    @property
    def packages(self) -> set[str]:
        """The packages that it imports, without the project's own files."""
        return packages_of(self.text) - {"data", "model", "parts"}


def library_of(symbols: Iterable[Symbol], roots: Sequence[str], taken: Iterable[str] = ()) -> Library:
    """A library that leaves out the members of classes which nothing from ``roots`` on uses."""
    names = reachable(symbols, _entry, roots)
    return Library(Names(taken), lambda symbol, is_op: pruned(_entry(symbol, is_op), names))


def _entry(symbol: Symbol, is_op: bool = False) -> Definition:
    if symbol == WORKSPACE:
        return Definition(symbol, _WORKSPACE_TEXT.lstrip(), {"Path": Symbol("pathlib", "Path")})
    return definition(symbol, is_op)


class Both:
    """What a script knows: its own imports, and the definitions of ours that lie beside it in ``parts.py``.

    Args:
        own: the script's imports.
        parts: the definitions.
    """

    def __init__(self, own: Library, parts: Library) -> None:
        self.own, self.parts = own, parts
        self.imported: set[str] = set()
        """The names that the script takes from the parts."""

    @property
    def names(self) -> Names:
        return Names([*self.own.names.taken, *self.parts.names.taken])

    def use(self, symbol: Symbol, wanted: str = "", is_op: bool = False) -> str:
        """The name of a symbol in the script."""
        if not symbol.ours:
            return self.own.use(symbol, wanted, is_op)
        name = self.parts.use(symbol, wanted, is_op)
        self.imported.add(name)
        return name

    def object(self, value: Any) -> str:
        """The name of a class or function in the script."""
        return self.use(symbol_of(value)) if symbol_of(value).ours else self.own.object(value)


def symbol_of(value: Any) -> Symbol:
    return Symbol(value.__module__, value.__qualname__)


def script_text(text: str, library: Library, *rest: str) -> str:
    """A file: docstring, imports, then the rest."""
    imports = f"from __future__ import annotations\n\n{library.imports()}"
    return formatted("\n\n".join([docstring(text), imports, *rest]))


def construction_source(
    found: Construction, name_of: Callable[[Any], str], known: Mapping[int, str] | None = None
) -> str:
    """A construction as source, with what differs from its defaults; ``known`` names some values."""
    parts = []
    for argument in found.arguments:
        value = argument.value
        if argument.is_default:
            continue
        if isinstance(value, Construction):
            text = construction_source(value, name_of, known)
        elif known and isinstance(value, list) and value and id(value[0]) in known:
            text = known[id(value[0])]
        else:
            text = ast.unparse(literal(value))
        parts.append(f"{argument.keyword}={text}" if argument.keyword else text)
    return f"{name_of(found.target)}({', '.join(parts)})"

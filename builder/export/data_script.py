"""Writes ``data.py`` of a project: the data set's class, and a function that makes it as the graph says."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from builder.export.constructors import construction
from builder.export.loading import loader_name
from builder.export.script import Script, construction_source, library_of, script_text, symbol_of
from builder.graph import FlatNode


def write_data(nodes: Sequence[FlatNode], params: Mapping[str, Mapping[str, Any]], title: str) -> Script:
    """The classes of data set nodes, and a function for each that makes it as the graph says.

    It is ``load_data()`` for a single one, ``load_<node>()`` where there are several.
    """
    names = [loader_name(node.path, len(nodes) == 1) for node in nodes]
    symbols = [symbol_of(node.component.factory) for node in nodes]
    library = library_of(symbols, ["load", "prepare", "classes", "decode"], names)
    loaders = []
    for node, loader in zip(nodes, names, strict=True):
        name = library.object(node.component.factory)
        call = construction_source(construction(node.component.factory, params[node.path]), library.object)
        loaders.append(f'def {loader}() -> {name}:\n    """The data of the node {node.path}."""\n    return {call}\n')
    text = script_text(f"The data of {title}.", library, library.definitions(), "\n\n".join(loaders))
    return Script(text, _data_packages(text))


def _data_packages(text: str) -> set[str]:
    """The packages whose files a data set reads without importing them."""
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    found = [c.args[0] for c in calls if c.func.id == "package_file" and c.args]  # type: ignore[union-attr]
    return {str(a.value) for a in found if isinstance(a, ast.Constant)}

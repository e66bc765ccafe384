"""Writes ``data.py`` of a project: the data set's class, and a function that makes it as the graph says."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from builder.export.constructors import construction
from builder.export.script import Script, construction_source, library_of, script_text, symbol_of
from builder.graph import FlatNode


def write_data(node: FlatNode, params: Mapping[str, Any], title: str) -> Script:
    """The class of a data set's node, and ``load_data()`` that makes it as the graph says."""
    factory = node.component.factory
    library = library_of([symbol_of(factory)], ["load", "prepare", "classes", "decode"], ["load_data"])
    name = library.object(factory)
    call = construction_source(construction(factory, params), library.object)
    loader = f'def load_data() -> {name}:\n    """The data of the node {node.path}."""\n    return {call}\n'
    text = script_text(f"The data of {title}.", library, library.definitions(), loader)
    return Script(text, _data_packages(text))


def _data_packages(text: str) -> set[str]:
    """The packages whose files a data set reads without importing them."""
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    found = [c.args[0] for c in calls if c.func.id == "package_file" and c.args]  # type: ignore[union-attr]
    return {str(a.value) for a in found if isinstance(a, ast.Constant)}

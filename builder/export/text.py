"""Names, texts and values of a graph as Python source. Whatever a file holds becomes text in its place, never code."""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import re
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import Iterable
from typing import Any

from builder.export.errors import ExportError

LINE_LENGTH = 100
RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins)) | {"self"}


class Names:
    """Names that are in use in one place; ``new`` gives the wanted one, numbered or with ``_`` where it is taken."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def __contains__(self, name: str) -> bool:
        return name in self.taken or name in RESERVED

    def new(self, wanted: str) -> str:
        name = wanted if wanted not in RESERVED else f"{wanted}_"
        number = 2
        while name in self:
            name = f"{wanted}{'_' if wanted[-1:].isdigit() else ''}{number}"
            number += 1
        self.taken.add(name)
        return name


def class_name(text: str, fallback: str, limit: int = 40) -> str:
    """A class name from a title in any language: ``LeNet-5 on MNIST`` gives ``LeNet5OnMNIST``."""
    name = ""
    for word in re.findall(r"[A-Za-z0-9]+", text):
        if len(name) + len(word) > limit:
            break
        name += word[0].upper() + word[1:]
    if not name or name[0].isdigit():
        name = fallback + name
    return name if name not in RESERVED else f"{name}Model"


def plain(text: Any) -> str:
    """A text from a file as one line of visible characters: no line breaks, no control or direction marks."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(text))
    return " ".join(visible.split())


def docstring(text: str, indent: int = 0) -> str:
    """The source of a docstring with this text, its lines wrapped for a place that is indented by so many spaces."""
    width = LINE_LENGTH - indent
    if len(text) + 6 > width or "\n" in text:
        lines = [line for part in text.splitlines() for line in textwrap.wrap(part, width - 3) or [""]]
        text = f"\n{' ' * indent}".join([*lines, ""])
    escaped = re.sub(r'"(?=""|\Z)', r'\\"', text.replace("\\", "\\\\"))
    return f'"""{escaped}"""'


def packages_of(source: str) -> set[str]:
    """The packages that a source imports anywhere, without Python's own."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


class _Number(float):
    """A number that is written ``1e-5`` instead of ``1e-05``."""

    def __repr__(self) -> str:
        return re.sub(r"e([+-]?)0*(\d)", r"e\1\2", super().__repr__())


def literal(value: Any) -> ast.expr:
    """The expression of a parameter's value.

    Raises:
        ExportError: the value is none that a source can hold.
    """
    if value is None or isinstance(value, bool | str):
        return ast.Constant(value)
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return ast.Call(ast.Name("float", ast.Load()), [ast.Constant(str(value))], [])
        size = ast.Constant(_Number(abs(value)) if isinstance(value, float) else abs(value))
        return ast.UnaryOp(ast.USub(), size) if math.copysign(1, value) < 0 else size
    if isinstance(value, tuple | list):
        kind = ast.Tuple if isinstance(value, tuple) else ast.List
        return kind([literal(item) for item in value], ast.Load())
    if isinstance(value, dict):
        return ast.Dict([literal(k) for k in value], [literal(v) for v in value.values()])
    kind = type(value).__name__
    raise ExportError(
        f"A value of type {kind} cannot be written as Python.", f"类型为 {kind} 的值无法写成 Python 代码。"
    )


def type_name(values: Iterable[Any]) -> str:
    """The annotation of a parameter that takes these values: ``int``, ``int | None``, ``tuple[int, ...]``."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, tuple | list):
            inner = type_name(value) if value else "int"
            found[f"tuple[{inner}, ...]"] = None
        else:
            found["None" if value is None else type(value).__name__] = None
    if "float" in found:
        found.pop("int", None)
    return " | ".join(sorted(found, key=lambda name: name == "None"))


def formatted(source: str) -> str:
    """The source as ``ruff format`` writes it; it is compiled (never run) to be sure of its syntax.

    Raises:
        ExportError: ruff is not installed.
        SyntaxError: the source is not valid Python, which is a mistake of the exporter.
    """
    try:
        from ruff import find_ruff_bin

        command = [find_ruff_bin(), "format", "--isolated", "--line-length", str(LINE_LENGTH), "--quiet", "-"]
    except (ImportError, FileNotFoundError):
        raise ExportError(
            "Writing Python needs the package ruff. Install it with: pip install -r requirements.txt",
            "导出 Python 代码需要 ruff 包，请运行：pip install -r requirements.txt",
        ) from None
    compile(source, "<export>", "exec", dont_inherit=True)
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise SyntaxError(done.stderr.decode(errors="replace"))
    text = done.stdout.decode()
    compile(text, "<export>", "exec", dont_inherit=True)
    return text


def number_text(value: float) -> str:
    """A number as a script says it."""
    return ast.unparse(literal(value))


def indented(lines: Iterable[str], spaces: int) -> list[str]:
    """Lines moved to the right."""
    return [" " * spaces + line for line in lines]

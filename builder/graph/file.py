"""Graph files: JSON in and out, migrations from older versions, atomic saves."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.graph.document import Document, from_document, to_document
from builder.graph.graph import Graph, GraphError
from builder.graph.schema import FORMAT, VERSION

# MIGRATIONS[v] turns a document of version v into one of version v + 1.
MIGRATIONS: dict[int, Callable[[Document], Document]] = {}
MAX_BYTES = 50_000_000
MAX_DEPTH = 60


def dumps(graph: Graph) -> str:
    """The graph file's text: one node or edge a line, so that a change shows as one line in a diff."""
    return format_document(to_document(graph))


def format_document(document: Document) -> str:
    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    def rows(name: str, items: list[Any], indent: str) -> str:
        body = ",\n".join(f"{indent}  {line(item)}" for item in items)
        return f"{indent}{line(name)}: [\n{body}\n{indent}]" if items else f"{indent}{line(name)}: []"

    parts = []
    for key, value in document.items():
        if key in ("nodes", "edges"):
            parts.append(rows(key, value, "  "))
        elif key == "blocks" and value:
            blocks = []
            for name, body in value.items():
                inner = [
                    rows(k, v, "      ") if k in ("nodes", "edges") else f"      {line(k)}: {line(v)}"
                    for k, v in body.items()
                ]
                blocks.append(f"    {line(name)}: {{\n" + ",\n".join(inner) + "\n    }")
            parts.append('  "blocks": {\n' + ",\n".join(blocks) + "\n  }")
        elif key in ("meta", "training") and value:
            entries = ",\n".join(f"    {line(k)}: {line(v)}" for k, v in value.items())
            parts.append(f"  {line(key)}: {{\n{entries}\n  }}")
        else:
            parts.append(f"  {line(key)}: {line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def loads(text: str | bytes) -> Graph:
    """The graph in a file's text.

    Raises:
        GraphError: the text is not UTF-8 JSON, not a graph file, or of a newer version; the message says which.
    """
    return from_document(migrate(parse(text)))


def parse(text: str | bytes) -> Any:
    """The JSON value in a file's text; GraphError says what is wrong with it."""
    if len(text) > MAX_BYTES:
        raise GraphError(
            f"A graph file may hold at most {MAX_BYTES // 1_000_000} MB; this one has {len(text) / 1e6:.0f} MB.",
            f"图文件最大为 {MAX_BYTES // 1_000_000} MB，此文件为 {len(text) / 1e6:.0f} MB。",
        )
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = json.loads(decoded, parse_constant=_refuse_constant, parse_float=_finite)
        _check_depth(value)
    except UnicodeDecodeError:
        raise GraphError(
            "This is not a graph file: expected UTF-8 text, received binary data.",
            "这不是图文件：应为 UTF-8 文本，收到二进制数据。",
        ) from None
    except json.JSONDecodeError as error:
        raise GraphError(
            f"This is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            f"JSON 格式错误：第 {error.lineno} 行第 {error.colno} 列（{error.msg}）。",
        ) from None
    except (RecursionError, ValueError) as error:
        raise GraphError(f"This is not a usable graph file: {error}.", f"图文件无法使用：{error}。") from None
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"the number {name} is not allowed in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text} is out of range")
    return value


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"values are nested more than {MAX_DEPTH} deep")
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(child, depth + 1)


def migrate(document: Any) -> Document:
    """The document in the current version; GraphError where it is no graph file or from a newer version."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise GraphError(
            f"This is not a graph file: expected \"format\": \"{FORMAT}\", received {found!r:.60}.",
            f"这不是图文件：应有 \"format\": \"{FORMAT}\"，收到 {found!r:.60}。",
        )
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise GraphError(
            f"The file's version must be an integer of at least 1. Got {version!r:.60} instead.",
            f"文件版本必须是不小于 1 的整数，收到：{version!r:.60}。",
        )
    if version > VERSION:
        raise GraphError(
            f"The file has version {version}; this program reads versions up to {VERSION}. Update Layerloom.",
            f"文件版本为 {version}，本程序最高支持 {VERSION}。请更新 Layerloom。",
        )
    while version < VERSION:
        document = MIGRATIONS[version](document)
        version += 1
    return {**document, "version": VERSION}


def load(path: str | Path) -> Graph:
    """The graph in a file.

    Raises:
        GraphError: the file is missing, unreadable or not a graph file.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise GraphError(
            f"Cannot read the graph file {str(path)!r}: {error.strerror or error}.",
            f"无法读取图文件 {str(path)!r}：{error.strerror or error}。",
        ) from None
    return loads(data)


def save(graph: Graph, path: str | Path) -> None:
    """Writes a graph file atomically: a reader sees the old file or the new one, never a part."""
    write_atomic(path, dumps(graph))


def write_atomic(path: str | Path, text: str | bytes) -> None:
    """Replaces a file's content in one step; the folder is made where it is missing."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode() if isinstance(text, str) else text
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise

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
    """A document's text in the form of graph files."""

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
        megabytes = MAX_BYTES // 1_000_000
        raise GraphError(
            f"A graph file may hold at most {megabytes} MB; this one has more.",
            f"图文件最大为 {megabytes} MB，此文件超出。",
        )
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        value = json.loads(
            decoded,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_moderate,
            object_pairs_hook=_distinct,
        )
        _check_values(value)
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
    except RecursionError:
        raise _too_deep() from None
    return value


def _refuse(reason: str, reason_zh: str) -> GraphError:
    return GraphError(f"This is not a usable graph file: {reason}.", f"图文件无法使用：{reason_zh}。")


def _too_deep() -> GraphError:
    return _refuse(f"values are nested more than {MAX_DEPTH} deep", f"数值嵌套超过 {MAX_DEPTH} 层")


def _refuse_constant(name: str) -> float:
    raise _refuse(f"JSON has no number {name}", f"JSON 中没有数字 {name}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _refuse(f"the number {text:.30} is out of range", f"数字 {text:.30} 超出范围")
    return value


def _moderate(text: str) -> int:
    """Integers beyond 64 bits mean nothing in a graph, and the longest take Python minutes to read."""
    if len(text) > 19 and not -(2**63) <= int(text[:40]) < 2**63:
        raise _refuse(f"the number {text:.30} is out of range", f"数字 {text:.30} 超出范围")
    return int(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise _refuse(f"the key {twice!r:.60} stands twice in one object", f"同一对象中键 {twice!r:.60} 重复")
    return found


def _check_values(value: Any, depth: int = 0) -> None:
    """Refuses what Python's parser lets pass: endless nesting, and halves of characters, which no file can hold."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, child in value.items():
            _check_text(key)
            _check_values(child, depth + 1)
    elif isinstance(value, list):
        for child in value:
            _check_values(child, depth + 1)


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _refuse("a text has half of a character (a lone surrogate)", "文本中有不完整的字符（孤立代理项）")


def migrate(document: Any) -> Document:
    """The document in the current version; GraphError where it is no graph file or from a newer version."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise GraphError(
            f'This is not a graph file: expected "format": "{FORMAT}", received {found!r:.60}.',
            f'这不是图文件：应有 "format": "{FORMAT}"，收到 {found!r:.60}。',
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
        try:
            document = MIGRATIONS[version](document)
        except (LookupError, TypeError, AttributeError):  # a migration may rely on the form of its version
            raise GraphError(
                f"This is not a valid graph file of version {version}.", f"不是有效的第 {version} 版图文件。"
            ) from None
        version += 1
    return {**document, "version": VERSION}


def load(path: str | Path) -> Graph:
    """The graph in a file.

    Raises:
        GraphError: the file is missing, unreadable or not a graph file.
    """
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no path can have this name
        reason = getattr(error, "strerror", None) or error
        raise GraphError(
            f"Cannot read the graph file {_name(path)}: {reason}.", f"无法读取图文件 {_name(path)}：{reason}。"
        ) from None
    return loads(data)


def save(graph: Graph, path: str | Path) -> None:
    """Writes a graph file atomically: a reader sees the old file or the new one, never a part.

    Raises:
        GraphError: the graph holds what a file cannot, or the file cannot be written; the old file stays.
    """
    text = dumps(graph)
    try:
        write_atomic(path, text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise GraphError(
            f"Cannot write the graph file {_name(path)}: {reason}.", f"无法写入图文件 {_name(path)}：{reason}。"
        ) from None


def _name(path: str | Path) -> str:
    text = repr(str(path))
    return text if len(text) <= 300 else f"{text[:299]}…"


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
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise

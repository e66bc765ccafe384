"""A zip of graph files, as *Export all* writes it: read within limits, and never unpacked to a disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from builder.graph import GraphError
from builder.graph.file import MAX_BYTES

MAX_FILES = 500
MAX_TOTAL = 200_000_000  # bytes of all files together
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


def is_pack(name: str) -> bool:
    """Whether a file of this name is a zip."""
    return name.lower().endswith(".zip")


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes | GraphError]]:
    """The graph files in a zip: the content of each under its own name, without folders, or why it is refused.

    What says how large a file is may lie: no more is unpacked than the limits allow.
    """
    try:
        pack = zipfile.ZipFile(io.BytesIO(content))
    except _UNREADABLE:
        yield name, GraphError("This is no zip file, or it is damaged.", "这不是 zip 文件，或文件已损坏。")
        return
    with pack:
        items = [item for item in pack.infolist() if not item.is_dir() and not _of_a_system(item.filename)]
        if not items:
            yield name, GraphError("There are no files in this zip.", "该 zip 中没有文件。")
        left = MAX_TOTAL
        for item in items[:MAX_FILES]:
            read = _read(pack, item, left)
            left -= len(read) if isinstance(read, bytes) else 0
            yield PurePosixPath(item.filename).name, read
        if len(items) > MAX_FILES:
            yield (
                name,
                GraphError(
                    f"The zip holds {len(items)} files; the first {MAX_FILES} were read.",
                    f"该 zip 含 {len(items)} 个文件；只读取前 {MAX_FILES} 个。",
                ),
            )


def _of_a_system(path: str) -> bool:
    """What systems put into a zip beside the files: ``__MACOSX/``, ``.DS_Store``."""
    return any(part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in path.split("/"))


def _read(pack: zipfile.ZipFile, item: zipfile.ZipInfo, left: int) -> bytes | GraphError:
    if not item.filename.lower().endswith(".json"):
        return GraphError("A graph file ends with .json.", "图文件的扩展名应为 .json。")
    most = min(MAX_BYTES, left)
    try:
        with pack.open(item) as stream:
            found = stream.read(most + 1)
    except _UNREADABLE:
        return GraphError("The file in the zip is damaged or locked.", "zip 中的该文件已损坏或已加密。")
    if len(found) <= most:
        return found
    if most == MAX_BYTES:
        return GraphError(
            f"A graph file holds at most {MAX_BYTES // 1_000_000} MB.", f"图文件不得超过 {MAX_BYTES // 1_000_000} MB。"
        )
    return GraphError(
        f"The files of a zip hold at most {MAX_TOTAL // 1_000_000} MB together; this one would be beyond.",
        f"zip 中的文件合计不得超过 {MAX_TOTAL // 1_000_000} MB；此文件会超出。",
    )

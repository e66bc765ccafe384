"""A person's own blocks, kept in the workspace for every graph: a file each, with the block and the blocks that it uses.

A file is a graph with one use of the block. What is deleted goes to a bin beside the files, from where it can come back.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.graph import BLOCK_PREFIX, Graph, GraphError, edit, load, save
from builder.ui import workspace

PREFIX = "library:"  # of the palette's cards
BIN = ".bin"
STAMP = "@"  # between the name of what was deleted and the time of it


@dataclass(frozen=True)
class Kept:
    """A file of the library. ``problem`` says in both languages why it cannot be used, where it cannot."""

    name: str
    path: Path
    block: Graph | None = None
    problem: tuple[str, str] | None = None


def folder() -> Path:
    """The folder of the library."""
    return workspace.root() / "blocks"


def kept() -> list[Kept]:
    """The blocks of the library by name, broken files among them."""
    return [_kept(path, path.stem) for path in sorted(folder().glob("*.json"), key=lambda p: p.stem.lower())]


def deleted() -> list[Kept]:
    """What lies in the bin, the latest first."""
    found = (folder() / BIN).glob(f"*{STAMP}*.json")
    return [_kept(p, p.stem.rpartition(STAMP)[0]) for p in sorted(found, key=_deleted_at, reverse=True)]


def _deleted_at(path: Path) -> int:
    stamp = path.stem.rpartition(STAMP)[2]
    return int(stamp) if stamp.isdigit() else 0


def _kept(path: Path, name: str) -> Kept:
    try:
        block = _read(path)
    except GraphError as error:
        return Kept(name, path, problem=(error.message, error.message_zh))
    return Kept(name, path, block.blocks[main(block)])


def read(name: str) -> Graph:
    """The file of a block: a graph with one use of it.

    Raises:
        GraphError: there is none, or it cannot be read.
    """
    path = _file(name)
    if not path.is_file():
        raise GraphError(f"Your blocks have no '{name}'.", f"“我的模块”中没有“{name}”。")
    return _read(path)


def _read(path: Path) -> Graph:
    try:
        state = path.stat()
    except OSError as error:
        raise GraphError(f"{path.name}: {error.strerror}.", f"{path.name}：{error.strerror}。") from None
    return _loaded(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=256)
def _loaded(path: Path, changed: int, size: int) -> Graph:
    """A file is read again only when it has changed; what comes from here is not to be edited."""
    graph = load(path)
    main(graph)
    return graph


def main(graph: Graph) -> str:
    """The name of the block that a file of the library is about; GraphError where it is about none."""
    uses = [data["component"].removeprefix(BLOCK_PREFIX) for _, data in graph.nodes(data=True)]
    if len(uses) != 1 or uses[0] not in graph.blocks:
        raise GraphError(
            "The file must hold one block: a single node that is a use of it.",
            "文件须包含一个模块：只有一个节点，且该节点使用此模块。",
        )
    return uses[0]


# ------------------------------------------------------------------ changes


def keep(blocks: Mapping[str, Graph], block: str, name: str, replace: bool = False) -> Path:
    """Writes a block, with those that it uses, to the library; the file.

    Raises:
        GraphError: the name is none, is taken (without ``replace``), or the file cannot be written.
    """
    path = _file(name)
    if path.exists() and not replace:
        raise _taken(name)
    use = Graph()
    use.place(block, BLOCK_PREFIX + block, position=(0.0, 0.0))
    part = edit.clip(use, [block], blocks)
    part.meta["title"] = name
    save(part, path)
    return path


def rename(old: str, new: str) -> None:
    """Gives a block of the library another name.

    Raises:
        GraphError: the name is none or taken, or the file cannot be moved.
    """
    path = _file(new)
    if path == _file(old):
        return
    if path.exists():
        raise _taken(new)
    _move(_file(old), path)


def delete(name: str) -> Path:
    """Takes a block out of the library into its bin; where it lies there. GraphError where it cannot be moved."""
    return _move(_file(name), folder() / BIN / f"{name}{STAMP}{time.time_ns()}.json")


def restore(path: Path) -> str:
    """Brings what was deleted back; its name, another one where that is taken. GraphError where it cannot be moved."""
    if path.parent != folder() / BIN:
        raise GraphError("This block is not in the bin.", "此模块不在回收站中。")
    name = base = path.stem.rpartition(STAMP)[0]
    number = 2
    while _file(name).exists():
        name, number = f"{base} {number}", number + 1
    _move(path, _file(name))
    return name


def _move(source: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise _refused(error) from None
    return target


def _file(name: str) -> Path:
    name = name.strip()
    if not workspace.NAME.fullmatch(name):
        raise GraphError(
            f"A block's name must be letters, digits, spaces, '-' and '_' (at most 80). Got {name!r:.100}.",
            f"模块的名称只能包含文字、数字、空格、“-”和“_”（最多 80 个字符）。收到 {name!r:.100}。",
        )
    return folder() / f"{name}.json"


def _taken(name: str) -> GraphError:
    return GraphError(f"Your blocks have a '{name}' already.", f"“我的模块”中已有“{name}”。")


def _refused(error: OSError) -> GraphError:
    reason = error.strerror or str(error)
    return GraphError(f"The block's file could not be moved: {reason}.", f"无法移动模块文件：{reason}。")

"""A person's saved graphs: every operation on their files. What is replaced stays as a version, what is deleted in the bin."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import threading
import time
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.graph import Graph, GraphError, dumps, loads, write_atomic
from builder.ui import graph_pack, versions, workspace

_LOCK = threading.RLock()  # the sessions of one process do not come between the steps of one operation
_VERSIONS = "versions"  # of a deleted graph, in its folder of the bin
_DELETED = re.compile(r"\d{16,20}")


@dataclass(frozen=True)
class Saved:
    """The file of a saved graph: when it was changed, in seconds, and its size in bytes."""

    name: str
    path: Path
    changed_at: float
    size: int


@dataclass(frozen=True)
class Deleted:
    """A graph in the bin; ``time`` is when it was deleted, in seconds."""

    name: str
    path: Path
    time: float


@dataclass(frozen=True)
class Incoming:
    """A file that a person gives: its graph, or why it is none. ``taken`` says that a saved graph has the name already."""

    name: str
    graph: Graph | None
    error: GraphError | None = None
    taken: bool = False


@contextlib.contextmanager
def _operation(en: str, zh: str) -> Iterator[None]:
    """One at a time; what the system refuses becomes one clear message."""
    try:
        with _LOCK:
            yield
    except OSError as error:
        reason = error.strerror or error
        raise GraphError(f"{en}: {reason}. Nothing was changed.", f"{zh}：{reason}。未作任何更改。") from None


def saved() -> list[Saved]:
    """The saved graphs, the latest first. Links out of the workspace and files of other names are none."""
    found = []
    for path in workspace.graphs_folder().glob("*.json"):
        name = workspace.graph_name(path)
        if name is not None:
            state = path.stat()
            found.append(Saved(name, path, state.st_mtime, state.st_size))
    return sorted(found, key=lambda graph: graph.changed_at, reverse=True)


def exists(name: str) -> bool:
    """Whether a saved graph has this name; GraphError where it could not be one."""
    return workspace.graph_file(name).exists()


def read(name: str) -> Graph:
    """A saved graph; GraphError where there is none of this name, or its file cannot be read."""
    return loads(_content(name))


def _content(name: str) -> bytes:
    with _operation(f"“{name}” could not be read", f"无法读取“{name}”"):
        return workspace.graph_file(name).read_bytes()


def write(name: str, graph: Graph) -> str:
    """Saves a graph under a name; the state that the file had becomes a version. Returns the name without suffix.

    Raises:
        GraphError: the name could not be one, or the folder cannot be written; the old file stays.
    """
    path = workspace.graph_file(name)
    name, content = path.name.removesuffix(".json"), dumps(graph).encode()
    with _operation(f"“{name}” could not be saved", f"无法保存“{name}”"):
        _keep_version(name, but=content)
        write_atomic(path, content)
    return name


def keep_version(name: str, graph: Graph) -> None:
    """Keeps a state of the desk as a version of a saved graph, where neither the file nor a version holds it."""
    content = dumps(graph).encode()
    with _operation(f"A version of “{name}” could not be kept", f"无法保留“{name}”的版本"):
        path = workspace.graph_file(name)
        if not path.exists() or path.read_bytes() != content:
            versions.keep(name, content, time.time())


def _keep_version(name: str, but: bytes) -> None:
    path = workspace.graph_file(name)
    if path.exists() and (former := path.read_bytes()) != but:
        versions.keep(name, former, path.stat().st_mtime)


def rename(old: str, new: str) -> str:
    """Gives a saved graph another name, with its versions; the new name without suffix.

    Raises:
        GraphError: the name could not be one or is taken, there is no such graph, or the folder cannot be written.
    """
    source, target = workspace.graph_file(old), workspace.graph_file(new)
    name = target.name.removesuffix(".json")
    if source == target:
        return name
    with _operation(f"“{old}” could not be renamed", f"无法重命名“{old}”"):
        if target.exists():
            raise GraphError(f"There is a graph named “{name}” already.", f"已有名为“{name}”的图。")
        _move(source, versions.folder(old), target, versions.folder(name))
    return name


def duplicate(name: str) -> str:
    """Saves a copy of a graph beside it, without its versions; the copy's name."""
    content = _content(name)
    with _operation(f"“{name}” could not be copied", f"无法复制“{name}”"):
        copy = free_name(name)
        write_atomic(workspace.graph_file(copy), content)
    return copy


def free_name(name: str, besides: Collection[str] = ()) -> str:
    """The name itself, or with the next free number behind it where it is taken, also by one of ``besides``: ``name 2``."""
    name = workspace.graph_file(name).name.removesuffix(".json")
    chosen, number = name, 2
    while chosen in besides or exists(chosen):
        stem = re.sub(r" \d{1,4}$", "", name)
        chosen, number = f"{stem[: 79 - len(str(number))]} {number}", number + 1
    return chosen


# ------------------------------------------------------------------ the bin


def delete(name: str) -> Deleted:
    """Moves a saved graph and its versions to the bin."""
    source = workspace.graph_file(name)
    name = source.name.removesuffix(".json")
    with _operation(f"“{name}” could not be deleted", f"无法删除“{name}”"):
        place = workspace.inside(workspace.bin_folder() / str(time.time_ns()), workspace.root())
        place.mkdir(parents=True)
        try:
            _move(source, versions.folder(name), place / source.name, place / _VERSIONS)
        except OSError:
            place.rmdir()
            raise
    return Deleted(name, place, int(place.name) / 1e9)


def deleted() -> list[Deleted]:
    """What lies in the bin, the latest first."""
    found = []
    for place in workspace.bin_folder().glob("*"):
        ours = _DELETED.fullmatch(place.name) and not place.is_symlink()
        files = [path for path in place.glob("*.json") if path.is_file() and not path.is_symlink()] if ours else []
        if len(files) == 1 and workspace.NAME.fullmatch(files[0].stem):
            found.append(Deleted(files[0].stem, place, int(place.name) / 1e9))
    return sorted(found, key=lambda graph: graph.time, reverse=True)


def restore(graph: Deleted) -> str:
    """Takes a graph out of the bin; the name that it has now, another one where its own is taken by now."""
    with _operation(f"“{graph.name}” could not be restored", f"无法恢复“{graph.name}”"):
        name = free_name(graph.name)
        source = graph.path / f"{graph.name}.json"
        _move(source, graph.path / _VERSIONS, workspace.graph_file(name), versions.folder(name))
        graph.path.rmdir()
    return name


def empty_bin() -> int:
    """Deletes for good what lies in the bin; how many graphs that were."""
    found = deleted()
    with _operation("The bin could not be emptied", "无法清空回收站"):
        for graph in found:
            shutil.rmtree(graph.path)
    return len(found)


def _move(source: Path, source_versions: Path, target: Path, target_versions: Path) -> None:
    """Moves a graph's file and its versions, or neither. Versions that are left there of an earlier graph stay among them."""
    moves = [(source, target)]
    if target_versions.exists():
        moves += [(path, target_versions / path.name) for path in source_versions.glob("*")]
    elif source_versions.exists():
        moves.append((source_versions, target_versions))
    done = []
    try:
        for path, to in moves:
            to.parent.mkdir(parents=True, exist_ok=True)
            path.rename(to)
            done.append((path, to))
        if source_versions.exists():
            source_versions.rmdir()
    except OSError:
        for path, to in reversed(done):
            to.rename(path)
        raise


# ------------------------------------------------------------------ in and out


def incoming(files: Iterable[tuple[str, bytes]]) -> list[Incoming]:
    """What the files that a person gives, and those in a zip, would be as saved graphs; nothing is written yet.

    Files of one name are numbered; one whose name a saved graph has keeps it.
    """
    found: list[Incoming] = []
    names: set[str] = set()
    for given, content in _each(files):
        name = name_of(given)
        try:
            if isinstance(content, GraphError):
                raise content
            graph = loads(content)
            name = free_name(name, names) if name in names else name
            found.append(Incoming(name, graph, taken=exists(name)))
            names.add(name)
        except GraphError as error:
            found.append(Incoming(name, None, error))
    return found


def _each(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes | GraphError]]:
    for given, content in files:
        if graph_pack.is_pack(given):
            yield from graph_pack.unpacked(given, content)
        else:
            yield given, content


def name_of(title: str, otherwise: str = "graph") -> str:
    """The name nearest to a title or the name of a file that a saved graph may have."""
    kept = re.sub(r"[^\w \-.()+]+", " ", Path(title.replace("\\", "/")).name.removesuffix(".json"))
    return re.sub(r"^[^\w]+", "", " ".join(kept.split()))[:80].rstrip(" .") or otherwise


def take_in(graph: Incoming, replace: bool = False) -> str:
    """Saves a graph that a person gave; the name that it has now. Without ``replace``, one of the same name stays."""
    if graph.graph is None:
        raise graph.error or GraphError("This is no graph.", "这不是图。")
    return write(graph.name if replace else free_name(graph.name), graph.graph)


def archive() -> bytes:
    """All saved graphs as one zip file, each under its name."""
    stream = io.BytesIO()
    with _operation("The graphs could not be read", "无法读取图"), _zip(stream) as pack:
        for graph in saved():
            pack.write(graph.path, graph.path.name)
    return stream.getvalue()


def _zip(stream: io.BytesIO) -> zipfile.ZipFile:
    return zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False)
